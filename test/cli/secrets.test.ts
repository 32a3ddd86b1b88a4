import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { begin, buildIfStale, MAIN, rowmill, type Begun } from './built-command-line.ts';

const VALUE = 'value-of-the-token-JQJQJQ';
/** Each row, in whichever thread it is, has the secret, and says it. */
const TASKS = `import { isMainThread } from 'node:worker_threads';
import { defineTask, write } from 'rowmill';
import { anything } from 'rowmill/verifiers';
export const sign = defineTask({ category: 'demo', action: 'sign', description: 'Sign it',
  mandatory: { n: anything }, output: ['length', 'told', 'key', 'thread'],
  row: (_row, _state, run) => {
    const secret = run.secrets.get('api-token');
    run.log.info('signed with ' + secret);
    const key = String(process.env.ROWMILL_MASTER_KEY);
    // Long enough that the other thread has its part.
    for (const end = Date.now() + (isMainThread ? 3 : 0); Date.now() < end;);
    return write({ length: secret.length, told: secret, key, thread: isMainThread ? 'main' : 'other' });
  } });
`;
const ROWS = 3_000;

let folder: string;
let servers: Begun[];
beforeAll(buildIfStale, 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-secrets-'));
  servers = [];
});
afterEach(async () => {
  for (const server of servers) server.process.kill('SIGKILL');
  await Promise.all(servers.map(({ ended }) => ended));
  await rm(folder, { recursive: true, force: true });
});

async function serve(words: readonly string[], environment: Record<string, string> = {}) {
  const server = begin(process.execPath, [MAIN, 'serve', '--port', '0', ...words], {
    folder,
    stdin: null,
    environment,
  });
  servers.push(server);
  return { server, url: await server.finds(/listening on (\S+)/) };
}

async function wholeFolder(): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = files.map((file) => readFile(join(file.parentPath, file.name), 'latin1'));
  return (await Promise.all(texts)).join('\n');
}

const processes = async (): Promise<string> =>
  (await promisify(execFile)('ps', ['axwwe', '-o', 'args'], { maxBuffer: 64 * 1024 * 1024 }))
    .stdout;

describe('rowmill secrets', () => {
  it('come from standard input, and are listed without their values, set anew and deleted', async () => {
    const set = await rowmill(folder, ['secrets', 'set', 'api-token'], { stdin: `${VALUE}\n` });
    expect([set.exitCode, set.stdout, set.stderr]).toEqual([
      0,
      '',
      'API_TOKEN is set (version 1)\n',
    ]);
    const again = await rowmill(folder, ['secrets', 'set', 'API_TOKEN', '--json'], {
      stdin: VALUE,
    });
    expect(JSON.parse(again.stdout)).toMatchObject({ name: 'API_TOKEN', version: 2 });
    const other = await rowmill(folder, ['secrets', 'list', '--account', 'acme']);
    expect([other.exitCode, other.stdout, other.stderr]).toEqual([0, '', 'there are no secrets\n']);
    const list = await rowmill(folder, ['secrets']);
    expect(list.stdout).toMatch(
      /^SECRET +VERSION +KIND +SET +MASTER KEY\nAPI_TOKEN +2 +text +.*[\da-f]{16}\n$/,
    );
    expect((await rowmill(folder, ['secrets', 'delete', 'api-token'])).exitCode).toBe(0);
    const gone = await rowmill(folder, ['secrets', 'delete', 'api-token']);
    expect([gone.exitCode, gone.stderr]).toEqual([
      2,
      expect.stringContaining('there is no secret API_TOKEN (rowmill secrets list)'),
    ]);
    expect(await wholeFolder()).not.toContain('JQJQJQ');
  });

  it('are refused where they are too short, and never as an argument', async () => {
    const short = await rowmill(folder, ['secrets', 'set', 'A'], { stdin: 'short' });
    expect([short.exitCode, short.stderr]).toEqual([
      2,
      expect.stringContaining('the value for A has 5 characters: expected 8 to 65536'),
    ]);
    const words = await rowmill(folder, ['secrets', 'set', 'A', VALUE], { stdin: '' });
    expect(words.exitCode).toBe(2);
    expect(await wholeFolder()).not.toContain('JQJQJQ');
  });

  it('are used by the threads of a run, and seen nowhere: not in files, answers, logs or processes', async () => {
    await writeFile(join(folder, 'tasks.js'), TASKS);
    const masterKey = Buffer.alloc(32, 7).toString('base64');
    const environment = { ROWMILL_MASTER_KEY: masterKey };
    const { server, url } = await serve(['--tasks', '.'], environment);
    const set = ['secrets', 'set', 'api-token', '--server', url];
    expect((await rowmill(folder, set, { stdin: VALUE })).exitCode).toBe(0);
    const listed = await rowmill(folder, ['secrets', 'list', '--server', url, '--json']);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ name: 'API_TOKEN', version: 1 }]);
    // Of many blocks: the first ones are done before the thread is there.
    const more = 'x'.repeat(1_000);
    const input = `n,more\n${Array.from({ length: ROWS }, (_, row) => `${row},${more}`).join('\n')}\n`;
    const answer = await fetch(`${url}/v1/tasks/demo/sign/runs?threads=2`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv', accept: 'application/json' },
      body: input,
    });
    const text = await answer.text();
    const runId = /run_\w+/.exec(answer.headers.get('location') ?? text)?.[0] ?? '';
    let run = { status: '' } as { readonly status: string; readonly succeeded?: number };
    for (let tries = 0; tries < 400 && !/success|fail|error/.test(run.status); tries += 1) {
      run = (await (await fetch(`${url}/v1/runs/${runId}`)).json()) as typeof run;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(run).toMatchObject({ status: 'success', succeeded: ROWS });
    const output = await (await fetch(`${url}/v1/runs/${runId}/files/output.csv`)).text();
    const rows = output.trim().split('\n').slice(1);
    expect(rows.map((row) => row.replace(/,(?:main|other),$/, ''))).toEqual(
      rows.map((_, row) => `${row},${more},${VALUE.length},***,undefined`),
    );
    expect(output).toContain(',other,');
    const log = await (await fetch(`${url}/v1/runs/${runId}/log`)).text();
    expect(log).toContain('signed with ***');
    const audit = (await (await fetch(`${url}/v1/audit?run_id=${runId}`)).json()) as {
      readonly data: readonly unknown[];
    };
    expect(audit.data).toEqual([
      expect.objectContaining({ action: 'useSecret', subject: 'API_TOKEN' }),
    ]);
    const seen = await processes();
    expect(seen).toContain(MAIN);
    server.process.kill('SIGTERM');
    const { stdout, stderr } = await server.ended;
    const all = [text, output, log, stdout, stderr, seen, await wholeFolder()].join('\n');
    expect(all).not.toContain('JQJQJQ');
    expect([stdout, stderr, await wholeFolder()].join('\n')).not.toContain(masterKey);
  });

  it('are sealed anew by rotate, beside a server at work, which goes on with the new key', async () => {
    await writeFile(join(folder, 'tasks.js'), TASKS);
    await rowmill(folder, ['secrets', 'set', 'api-token'], { stdin: VALUE });
    const { url } = await serve(['--tasks', '.']);
    const lengthOf = async (): Promise<string> => {
      const answer = await fetch(`${url}/v1/tasks/demo/sign/runs?wait=60`, {
        method: 'POST',
        headers: { 'content-type': 'text/csv', accept: 'text/csv' },
        body: 'n\n1\n',
      });
      return answer.text();
    };
    expect(await lengthOf()).toContain(`1,${VALUE.length},***`);
    const keyOf = async (): Promise<unknown> => {
      const { stdout } = await rowmill(folder, ['secrets', 'list', '--json']);
      return (JSON.parse(stdout) as readonly { readonly key_id: string }[])[0]?.key_id;
    };
    const before = await keyOf();
    const rotated = await rowmill(folder, ['secrets', 'rotate', '--json']);
    const result = JSON.parse(rotated.stdout) as Readonly<Record<string, unknown>>;
    expect(result).toEqual({ key_id: await keyOf(), resealed: 1, unreadable: [] });
    expect(result['key_id']).not.toBe(before);
    expect(await lengthOf()).toContain(`1,${VALUE.length},***`);
    // Only the newest key is needed now.
    const file = join(folder, '.rowmill', 'master.key');
    const [note = '', newest = ''] = (await readFile(file, 'utf8')).split('\n');
    await writeFile(file, `${note}\n${newest}\n`);
    expect(await lengthOf()).toContain(`1,${VALUE.length},***`);
    const remote = await rowmill(folder, ['secrets', 'rotate', '--server', url]);
    expect([remote.exitCode, remote.stderr]).toEqual([
      2,
      expect.stringContaining('the master key is rotated beside the server'),
    ]);
  });
});
