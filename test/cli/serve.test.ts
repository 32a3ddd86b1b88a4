import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { begin, buildIfStale, MAIN, rowmill, type Begun } from './built-command-line.ts';

const moduleText = (says: string): string => `import { defineTask, write } from 'rowmill';
import { anything } from 'rowmill/verifiers';
export const say = defineTask({ category: 'demo', action: 'say', description: 'Say it',
  mandatory: { n: anything }, output: ['said'], row: () => write({ said: '${says}' }) });
`;

let folder: string;
let servers: Begun[];
beforeAll(buildIfStale, 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-serve-'));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) server.process.kill('SIGKILL');
  await Promise.all(servers.map(({ ended }) => ended));
  await rm(folder, { recursive: true, force: true });
});

/** Begins a server and gives its address once it listens. */
async function serve(
  words: readonly string[],
  environment: Record<string, string> = {},
): Promise<{ readonly server: Begun; readonly url: string }> {
  const server = begin(process.execPath, [MAIN, ...words], { folder, stdin: null, environment });
  servers.push(server);
  const url = await server.finds(/listening on (\S+)/);
  return { server, url };
}

/** A line of the log: each is one event. */
function lineOf(text: string): Readonly<Record<string, unknown>> {
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

const ANY_PORT = { ROWMILL_PORT: '0' };

describe('rowmill serve', () => {
  it('says where it listens, what it serves and which modules are broken, and ends with 0', async () => {
    await writeFile(join(folder, 'demo.ts'), moduleText('hello'));
    await writeFile(join(folder, 'broken.ts'), 'export const x = {{{');
    const { server, url } = await serve(['serve', '--tasks', '.'], ANY_PORT);
    const tasks = (await (await fetch(`${url}/v1/tasks`)).json()) as {
      readonly data: readonly { readonly name: string }[];
      readonly problems: readonly { readonly file: string }[];
    };
    expect(tasks.data.map(({ name }) => name)).toContain('demo/say');
    expect(tasks.problems).toMatchObject([{ file: join(folder, 'broken.ts') }]);
    await server.says('"job":"expired_drafts"');
    server.process.kill('SIGTERM');
    const { exitCode, stderr, stdout } = await server.ended;
    expect(exitCode).toBe(0);
    const log = stdout.trimEnd().split('\n').map(lineOf);
    expect(log[0]).toMatchObject({
      event: 'listening',
      level: 'info',
      url,
      pid: server.process.pid,
      tasks: tasks.data.length,
    });
    expect(log).toContainEqual(
      expect.objectContaining({ event: 'module_broken', file: join(folder, 'broken.ts') }),
    );
    expect(log).toContainEqual(
      expect.objectContaining({ event: 'request', route: '/v1/tasks', status: 200 }),
    );
    expect(log).toContainEqual(
      expect.objectContaining({ event: 'system_job', job: 'expired_drafts', status: 'success' }),
    );
    expect(log.at(-1)).toMatchObject({ event: 'ended' });
    expect(stderr).toContain(`(process ${server.process.pid})`);
    expect(stderr).toContain('broken.ts did not load');
    expect(stderr).toContain('and 1 module did not load');
    expect(stderr).toContain(join(folder, '.rowmill'));
  });

  it('listens on IPv6, and tells a program where by --json', async () => {
    const { server, url } = await serve(['serve', '--host', '::1', '--port', '0', '--json']);
    expect(url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    server.process.kill('SIGINT');
    const { exitCode, stdout } = await server.ended;
    expect(exitCode).toBe(0);
    const [first = ''] = stdout.split('\n');
    expect(JSON.parse(first)).toEqual({ url, pid: server.process.pid });
  });

  it('refuses a port that is taken, an address of another machine and wrong settings with 2', async () => {
    const { url } = await serve(['serve'], ANY_PORT);
    const { port } = new URL(url);
    const taken = await rowmill(folder, ['serve', '--port', port, '--data', 'other']);
    expect([taken.exitCode, taken.stderr]).toEqual([2, expect.stringContaining(`port ${port}`)]);
    const elsewhere = ['serve', '--host', '192.0.2.1', '--data', 'third'];
    const open = await rowmill(folder, elsewhere);
    expect([open.exitCode, open.stderr]).toEqual([
      2,
      expect.stringContaining('rowmill key create --scope admin'),
    ]);
    const made = await rowmill(folder, ['key', 'create', '--scope', 'admin', '--data', 'third']);
    expect(made.stdout).toMatch(/^rm_\w+\n$/);
    const foreign = await rowmill(folder, elsewhere);
    expect([foreign.exitCode, foreign.stderr]).toEqual([
      2,
      expect.stringContaining('192.0.2.1 is no address of this machine'),
    ]);
    const wrong = await rowmill(folder, ['serve', '--slots', '0', '--max-upload-bytes', 'much']);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain('slots (--slots)');
    expect(wrong.stderr).toContain('maxUploadBytes (--max-upload-bytes)');
  });
});

describe('rowmill dev', () => {
  it('takes changed code for the next run, and keeps the old one while the new does not load', async () => {
    const module = join(folder, 'demo.ts');
    await writeFile(module, moduleText('one'));
    const { server, url } = await serve(['dev', '--tasks', 'demo.ts'], ANY_PORT);
    const said = async (): Promise<string> => {
      const headers = { 'content-type': 'text/csv' };
      const options = { method: 'POST', headers, body: 'n\n1\n' };
      const created = await fetch(`${url}/v1/tasks/demo/say/runs`, options);
      const { id } = (await created.json()) as { readonly id: string };
      await ended(`${url}/v1/runs/${id}`);
      return (await fetch(`${url}/v1/runs/${id}/files/output.csv`)).text();
    };
    expect(await said()).toBe('n,said,error\n1,one,\n');
    await writeFile(module, 'export const x = {{{');
    await server.says('demo.ts did not load, its tasks stay as they were');
    expect(await said()).toBe('n,said,error\n1,one,\n');
    await writeFile(module, moduleText('two'));
    await server.says('loaded demo.ts: demo/say');
    expect(await said()).toBe('n,said,error\n1,two,\n');
  });
});

/** Asks for a run until it has ended. Bounded: 20 s. */
async function ended(url: string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    const { status } = (await (await fetch(url)).json()) as { readonly status: string };
    if (status !== 'pending' && status !== 'executing') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} did not end`);
}
