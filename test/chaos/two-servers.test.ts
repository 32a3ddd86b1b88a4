import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { asked, NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { ChaosFolder, pause, prepareBuild, table, until, type Begun } from './chaos-folder.ts';
import { tidyUp } from './tidy-up.ts';

/** One row after the other with a state from row to row; and many calls at once. */
const TASKS = ['carried', 'concurrent'];
const TABLES: Readonly<Record<string, string>> = {
  carried: table(8_000, 2),
  concurrent: table(3_000, 3),
};

const postgres = await startPostgres();
afterAll(() => postgres?.stop());
beforeAll(prepareBuild, 120_000);

const { folders, alive } = tidyUp();

describe.skipIf(postgres === undefined)(
  'two servers with one database and one folder of files',
  () => {
    it.each([
      ['is killed', 'SIGKILL'],
      ['stalls, and comes back', 'SIGSTOP'],
    ] as const)(
      'end each run as if nothing had been, where one of them %s',
      { timeout: 300_000 },
      async (_, signal) => {
        const undisturbed = await carriedOut(undefined);
        expect(await carriedOut(signal)).toEqual(undisturbed);
      },
    );
  },
);

if (postgres === undefined) it.skip(NOT_RUN, () => undefined);

/** Runs begun at one server; where a signal ends the one that carries them out, the other takes them over. */
async function carriedOut(signal: 'SIGKILL' | 'SIGSTOP' | undefined): Promise<readonly unknown[]> {
  if (postgres === undefined) throw new Error(NOT_RUN);
  const database = await makeDatabase(postgres);
  const folder = await ChaosFolder.make();
  folders.push(folder);
  await mkdir(folder.at('files'));
  const a = await serve(folder, 'a', database);
  const b = await serve(folder, 'b', database);
  let left: readonly Served[] = [a, b];
  let asks = b;
  const ids: string[] = [];
  for (const action of TASKS) ids.push(await begin(a.url, action));
  if (signal !== undefined) {
    const [first = ''] = ids;
    // Whichever looked first: either may carry out what was begun at one of them.
    let holder: unknown;
    await until('one of them has it', async () => {
      holder = await holderOf(database, first);
      return holder !== null;
    });
    const [hit, other] = holder === (await idOf(folder, 'a')) ? [a, b] : [b, a];
    await until(
      'the first has a checkpoint',
      async () => Number((await runOf(other.url, first))['succeeded']) > 0,
    );
    hit.begun.child.kill(signal);
    expect((await runOf(other.url, first))['status']).toBe('executing');
    // The other has it, when the one that stalls wakes up.
    await until(
      'the other has it',
      async () => (await holderOf(database, first)) !== holder,
      120_000,
    );
    hit.begun.child.kill('SIGCONT');
    left = signal === 'SIGKILL' ? [other] : left;
    asks = other;
  }
  await until(
    'all have ended',
    async () => {
      await pause(100);
      const runs = await Promise.all(ids.map((id) => runOf(asks.url, id)));
      return runs.every(({ status }) => status !== 'executing' && status !== 'pending');
    },
    120_000,
  );
  const results = await Promise.all(ids.map((id) => resultOf(asks.url, id)));
  for (const { begun } of left) {
    begun.child.kill('SIGTERM');
    expect((await begun.ended).exitCode).toBe(0);
    alive.delete(begun);
  }
  return results;
}

interface Served {
  readonly begun: Begun;
  readonly url: string;
}

async function serve(folder: ChaosFolder, name: string, database: string): Promise<Served> {
  const words = ['--data', folder.at(name), '--files-dir', folder.at('files')];
  const begun = folder.begin(['serve', '--port', '0', '--database', database, ...words], {
    environment: { CHAOS_WORK_US: '300' },
  });
  alive.add(begun);
  let url: string | undefined;
  await until('the server listens', () => {
    url = /listening on (http\S+)/.exec(begun.stderr())?.[1];
    if (begun.isOver()) throw new Error(`it did not start: ${begun.stderr()}`);
    return url !== undefined;
  });
  return { begun, url: url ?? '' };
}

async function begin(url: string, action: string): Promise<string> {
  const response = await fetch(`${url}/v1/tasks/chaos/${action}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: TABLES[action] ?? '',
  });
  const run = (await response.json()) as { readonly id: string };
  expect(response.status, JSON.stringify(run)).toBe(201);
  return run.id;
}

async function runOf(url: string, id: string): Promise<Record<string, unknown>> {
  return (await (await fetch(`${url}/v1/runs/${id}`)).json()) as Record<string, unknown>;
}

/** Id of the server that has a run, as the database knows it. */
async function holderOf(database: string, id: string): Promise<unknown> {
  await pause(100);
  const [run] = await asked(database, `SELECT holder FROM runs WHERE id = '${id}'`);
  return run?.['holder'];
}

async function idOf(folder: ChaosFolder, name: string): Promise<string> {
  return (await readFile(folder.at(`${name}/server-id`), 'utf8')).trim();
}

async function resultOf(url: string, id: string): Promise<unknown> {
  const { task, status, succeeded, failed, message } = await runOf(url, id);
  const hashes = [];
  for (const name of ['output', 'failed', 'errors']) {
    const file = await fetch(`${url}/v1/runs/${id}/files/${name}.csv`);
    expect(file.status).toBe(200);
    const hash = createHash('sha256').update(new Uint8Array(await file.arrayBuffer()));
    hashes.push(hash.digest('hex'));
  }
  return { task, status, succeeded, failed, message, hashes };
}
