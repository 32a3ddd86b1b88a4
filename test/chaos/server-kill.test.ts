import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import {
  ChaosFolder,
  pause,
  prepareBuild,
  randomOf,
  table,
  until,
  type Begun,
} from './chaos-folder.ts';
import { tidyUp } from './tidy-up.ts';

/** Kills for each store: 6 in CI, 100 in the long form. */
const KILLS = Number(process.env['CHAOS_SERVER_KILLS'] ?? '6');
const SEED = Number(process.env['CHAOS_SEED'] ?? '7');
/** Kills of one set of runs; then they may come to their end. */
const KILLS_A_ROUND = 25;
const RUN_TASKS = ['plain', 'plain', 'plain', 'carried', 'carried', 'carried'].concat([
  'concurrent',
  'concurrent',
  'steps',
  'steps',
]);
const TABLES: Readonly<Record<string, string>> = {
  plain: table(8_000),
  carried: table(8_000, 2),
  concurrent: table(2_000, 3),
};

const postgres = await startPostgres();
afterAll(() => postgres?.stop());
beforeAll(prepareBuild, 120_000);

const { folders, alive } = tidyUp();

const STORES = [['SQLite', undefined] as const, ['PostgreSQL', postgres] as const].filter(
  ([name, server]) => name === 'SQLite' || server !== undefined,
);
if (postgres === undefined) it.skip(NOT_RUN, () => undefined);

describe.each(STORES)('ten runs of a server on %s', (name, server) => {
  const database = async (): Promise<readonly string[]> =>
    server === undefined ? [] : ['--database', await makeDatabase(server)];

  it(
    'end as if nobody had killed it, however often that is done',
    { timeout: 300_000 + KILLS * 20_000 },
    async () => {
      const random = randomOf(SEED);
      const undisturbed = await carriedOutUndisturbed();
      let kills = 0;
      let rounds = 0;
      for (; kills < KILLS; rounds += 1) {
        expect(rounds, 'runs end before they can be killed').toBeLessThan(KILLS);
        const most = Math.min(KILLS - kills, KILLS_A_ROUND);
        const killed = { count: 0 };
        expect(await carriedOut(await database(), { most, random, killed })).toEqual(undisturbed);
        kills += killed.count;
      }
      if (KILLS > 6) console.log(`${name}: ${kills} kills in ${rounds} rounds of ten runs`);
      expect(kills).toBe(KILLS);
    },
  );

  it(
    'commit a checkpoint at SIGTERM, within ten seconds and with code 0, and go on at the next start',
    { timeout: 300_000 },
    async () => {
      const words = await database();
      const folder = await madeFolder();
      let serving = await serve(folder, words);
      const ids = await beginRuns(serving.url);
      await until('all runs have a checkpoint', async () =>
        (await runsOf(serving.url)).every(({ done, isOver }) => done > 0 || isOver),
      );
      const { begun } = serving;
      const askedAt = performance.now();
      begun.child.kill('SIGTERM');
      const { exitCode, stderr } = await begun.ended;
      expect(exitCode, stderr).toBe(0);
      expect(performance.now() - askedAt).toBeLessThan(10_000);
      alive.delete(begun);
      serving = await serve(folder, words);
      const before = await runsOf(serving.url);
      expect(before.some(({ isOver }) => !isOver)).toBe(true);
      await allEnded(serving.url);
      const stopped = await resultsOf(serving.url, ids);
      await end(serving.begun);
      expect(stopped).toEqual(await carriedOutUndisturbed());
    },
  );
});

/** The same on every store, so it is looked at once. */
let undisturbedRuns: Promise<readonly unknown[]> | undefined;
function carriedOutUndisturbed(): Promise<readonly unknown[]> {
  return (undisturbedRuns ??= carriedOut([]));
}

interface Kills {
  readonly most: number;
  readonly random: () => number;
  readonly killed: { count: number };
}

/** Lets ten runs of an own folder come to their end, through kills, and gives all that must be the same. */
async function carriedOut(words: readonly string[], kills?: Kills): Promise<readonly unknown[]> {
  const folder = await madeFolder();
  let serving = await serve(folder, words);
  const ids = await beginRuns(serving.url);
  if (kills !== undefined) {
    const { most, random, killed } = kills;
    while (killed.count < most) {
      await pause(random() ** 2 * 2_000);
      if ((await runsOf(serving.url)).every(({ isOver }) => isOver)) break;
      serving.begun.child.kill('SIGKILL');
      const { signal } = await serving.begun.ended;
      alive.delete(serving.begun);
      expect(signal).toBe('SIGKILL');
      killed.count += 1;
      serving = await serve(folder, words);
    }
  }
  await allEnded(serving.url);
  const results = await resultsOf(serving.url, ids);
  await end(serving.begun);
  return results;
}

async function madeFolder(): Promise<ChaosFolder> {
  const folder = await ChaosFolder.make();
  folders.push(folder);
  return folder;
}

async function serve(
  folder: ChaosFolder,
  words: readonly string[],
): Promise<{ readonly begun: Begun; readonly url: string }> {
  const begun = folder.begin(['serve', '--port', '0', '--slots', '10', ...words], {
    environment: { CHAOS_WORK_US: '40', CHAOS_STEPS: '25000' },
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

async function end(begun: Begun): Promise<void> {
  begun.child.kill('SIGTERM');
  const { exitCode, stderr } = await begun.ended;
  alive.delete(begun);
  expect(exitCode, stderr).toBe(0);
}

async function beginRuns(url: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const action of RUN_TASKS) {
    const body = TABLES[action]; // undefined for the task that reads none
    const response = await fetch(`${url}/v1/tasks/chaos/${action}/runs`, {
      method: 'POST',
      headers: { 'content-type': body === undefined ? 'application/json' : 'text/csv' },
      body: body ?? '{}',
    });
    const run = (await response.json()) as { readonly id: string };
    expect(response.status, JSON.stringify(run)).toBe(201);
    ids.push(run.id);
  }
  return ids;
}

interface Seen {
  readonly id: string;
  readonly isOver: boolean;
  readonly done: number;
}

async function runsOf(url: string): Promise<readonly Seen[]> {
  const response = await fetch(`${url}/v1/runs?limit=100`);
  const { data } = (await response.json()) as {
    readonly data: readonly { id: string; status: string; succeeded: number; failed: number }[];
  };
  expect(data).toHaveLength(RUN_TASKS.length);
  return data.map(({ id, status, succeeded, failed }) => ({
    id,
    isOver: status !== 'pending' && status !== 'executing',
    done: succeeded + failed,
  }));
}

function allEnded(url: string): Promise<void> {
  return until(
    'all runs have ended',
    async () => {
      await pause(100);
      return (await runsOf(url)).every(({ isOver }) => isOver);
    },
    120_000,
  );
}

async function resultsOf(url: string, ids: readonly string[]): Promise<readonly unknown[]> {
  const results: unknown[] = [];
  for (const id of ids) {
    const run = (await (await fetch(`${url}/v1/runs/${id}`)).json()) as Record<string, unknown>;
    const output = await fetch(`${url}/v1/runs/${id}/files/output.csv`);
    const hash = createHash('sha256').update(new Uint8Array(await output.arrayBuffer()));
    const { task, status, succeeded, failed, message } = run;
    results.push({ task, status, succeeded, failed, message, sha256: hash.digest('hex') });
  }
  return results;
}
