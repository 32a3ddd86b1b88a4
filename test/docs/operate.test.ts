import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { defineTask, write } from '../../src/index.ts';
import { readSystemPlans } from '../../src/settings/system-plans.ts';
import { buildIfStale, MAIN } from '../cli/built-command-line.ts';
import { endedRun, startTestServer, type TestServer } from '../api/test-server.ts';

const PAGE = fileURLToPath(new URL('../../docs/operate.md', import.meta.url));

const slow = defineTask({
  category: 'text',
  action: 'slow',
  description: 'Copy a text, slowly',
  mandatory: { text: () => true },
  output: ['copy'],
  waitAfterRowMs: 20,
  row: ({ text }) => write({ copy: text }),
});

const servers: TestServer[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function serve(folder: string): Promise<TestServer> {
  const server = await startTestServer([slow], { folder });
  servers.push(server);
  return server;
}

/** The first block of shell commands below a heading. */
async function commandsOf(heading: string): Promise<string> {
  const page = await readFile(PAGE, 'utf8');
  const section = page.slice(page.indexOf(`\n## ${heading}\n`));
  const block = /```sh\n(.*?)```/s.exec(section)?.[1];
  if (block === undefined) throw new Error(`docs/operate.md has no commands under ${heading}`);
  return block;
}

/** Runs commands in a folder. Where sqlite3 is not installed, libsql runs the same statement. */
async function shell(commands: string, home: string): Promise<void> {
  const programs = join(home, 'bin');
  await mkdir(programs, { recursive: true });
  const libsql = fileURLToPath(import.meta.resolve('libsql'));
  const standIn = `#!/usr/bin/env node\nimport(${JSON.stringify(libsql)}).then(({ default: Database }) => new Database(process.argv[2]).exec(process.argv[3]));\n`;
  await writeFile(join(programs, 'sqlite3'), standIn);
  await chmod(join(programs, 'sqlite3'), 0o755);
  const environment = { ...process.env, PATH: `${process.env['PATH']}${delimiter}${programs}` };
  await promisify(execFile)('bash', ['-euc', commands], { cwd: home, env: environment });
}

it('a backup of a server at work is restored by the commands of docs/operate.md', async () => {
  const home = await mkdtemp(join(tmpdir(), 'rowmill-operate-'));
  folders.push(home);
  const data = join(home, '.rowmill');
  const server = await serve(data);
  const lines = Array.from({ length: 150 }, (_, index) => `line ${index}`);
  const { body } = await server.json('/v1/tasks/text/slow/runs', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: `text\n${lines.join('\n')}\n`,
  });
  const succeeded = async (): Promise<number> =>
    Number((await server.json(`/v1/runs/${body.id}`)).body['succeeded']);
  for (let tries = 0; tries < 400 && (await succeeded()) === 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await shell(await commandsOf('Back up'), home);
  // It was at work when it was backed up, and has ended since.
  await endedRun(server, body.id);
  await server.json(`/v1/runs/${body.id}`, { method: 'DELETE' });
  await server.stop();
  servers.splice(0);
  // Nothing is left but the backup.
  await rm(data, { recursive: true });
  await shell(await commandsOf('Restore'), home);
  const restored = await serve(data);
  expect(await endedRun(restored, body.id)).toMatchObject({ status: 'success', succeeded: 150 });
  const output = await fetch(`${restored.url}/v1/runs/${body.id}/files/output.csv`);
  expect(await output.text()).toBe(
    `text,copy,error\n${lines.map((line) => `${line},${line},`).join('\n')}\n`,
  );
});

it('docs/operate.md names every metric of the server, and no other', async () => {
  const home = await mkdtemp(join(tmpdir(), 'rowmill-operate-'));
  folders.push(home);
  const server = await serve(home);
  const told = await (await fetch(`${server.url}/metrics`)).text();
  const names = [...told.matchAll(/^# TYPE (rowmill_\w+)/gm)].map(([, name]) => name ?? '');
  const page = await readFile(PAGE, 'utf8');
  const named = [...page.matchAll(/`(rowmill_[a-z_]+)(?:\{[a-z,]+\})?`/g)].map(
    ([, name]) => name ?? '',
  );
  expect(named.toSorted()).toEqual(names.toSorted());
});

it('docs/operate.md names every job of the system with its plan, and the commands work', async () => {
  const home = await mkdtemp(join(tmpdir(), 'rowmill-operate-'));
  folders.push(home);
  const server = await serve(join(home, '.rowmill'));
  const { body } = await server.json('/v1/system-jobs');
  const jobs = body['data'] as readonly { name: string; plan: { text: string } }[];
  const page = await readFile(PAGE, 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| (every \d+ s|\d\d:\d\d|on call) \|/gm)];
  expect(rows.map(([, name, plan]) => [name, plan])).toEqual(
    jobs.map(({ name, plan }) => [name, plan.text.replace(/^at (\S+) UTC$/, '$1')]),
  );
  await buildIfStale();
  const commands = (await commandsOf('What the server does by itself'))
    .replaceAll('http://127.0.0.1:7070', server.url)
    .replaceAll(/^rowmill /gm, `"${process.execPath}" "${MAIN}" `);
  const { stdout, stderr } = await promisify(execFile)('bash', ['-euc', commands], { cwd: home });
  expect(stdout).toMatch(/^retention +every 3600 s /m);
  expect(stdout).toMatch(/ call +success +nothing to do$/m);
  expect(stderr).toContain('expired_drafts: nothing to do');
}, 120_000);

it('the settings that docs/operate.md shows are taken', async () => {
  const page = await readFile(PAGE, 'utf8');
  const text = /```json\n(\{\n {2}"systemJobs".*?)```/s.exec(page)?.[1] ?? '';
  const { systemJobs } = JSON.parse(text) as { readonly systemJobs: unknown };
  const read = readSystemPlans(systemJobs);
  if ('problem' in read) throw new Error(read.problem);
  expect(Object.keys(read.value)).toHaveLength(4);
});
