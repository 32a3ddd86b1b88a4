import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { ChaosFolder, pause, prepareBuild, until, type Begun } from './chaos-folder.ts';
import { tidyUp } from './tidy-up.ts';

/** Entries of one queue: 100 in CI, 1,000 in the long form. */
const ENTRIES = Number(process.env['CHAOS_QUEUE_ENTRIES'] ?? '100');

const postgres = await startPostgres();
afterAll(() => postgres?.stop());
beforeAll(prepareBuild, 120_000);

const { folders, alive } = tidyUp();

const STORES = [['SQLite', undefined] as const, ['PostgreSQL', postgres] as const].filter(
  ([name, server]) => name === 'SQLite' || server !== undefined,
);
if (postgres === undefined) it.skip(NOT_RUN, () => undefined);

describe.each(STORES)('a queue with one worker on %s', (_, server) => {
  it(
    'runs its entries once each, one after another, in order, when the server is killed in the middle',
    { timeout: 120_000 + ENTRIES * 2_000 },
    async () => {
      const database = server === undefined ? [] : ['--database', await makeDatabase(server)];
      const folder = await ChaosFolder.make();
      folders.push(folder);
      let serving = await serve(folder, database);
      const job = await sent(serving.url, '/v1/jobs', {
        name: 'onboard',
        task: 'chaos/named',
        log_limit: 10_000,
      });
      const queue = await sent(serving.url, '/v1/queues', { name: 'line', job: job.id });
      const entries = Array.from({ length: ENTRIES }, (_entry, at) => ({
        arguments: { name: `patient ${at}` },
      }));
      await sent(serving.url, `/v1/queues/${queue.id}/entries`, { entries });
      await endedOf(serving.url, queue.id, Math.floor(ENTRIES / 2));
      serving.begun.child.kill('SIGKILL');
      expect((await serving.begun.ended).signal).toBe('SIGKILL');
      alive.delete(serving.begun);
      serving = await serve(folder, database);
      await endedOf(serving.url, queue.id, ENTRIES);
      const all = await entriesOf(serving.url, queue.id);
      expect(all.map(({ arguments: { name } }) => name)).toEqual(
        entries.map(({ arguments: { name } }) => name),
      );
      expect(new Set(all.map(({ run_id: runId }) => runId)).size).toBe(ENTRIES);
      const runs = await Promise.all(
        all.map((entry) => get<RunJson>(serving.url, `/v1/runs/${entry.run_id}`)),
      );
      expect(runs.filter(({ status }) => status !== 'success')).toEqual([]);
      for (const [at, run] of runs.entries()) {
        const before = runs[at - 1];
        if (before === undefined) continue;
        expect(
          Date.parse(run.started_at),
          `entry ${at + 1} began before the one before had ended`,
        ).toBeGreaterThanOrEqual(Date.parse(before.finished_at));
      }
      const { counts } = await get<QueueJson>(serving.url, `/v1/queues/${queue.id}`);
      expect(counts).toEqual({ waiting: 0, starting: 0, working: 0, ended: ENTRIES, refused: 0 });
      serving.begun.child.kill('SIGTERM');
      const { exitCode, stderr } = await serving.begun.ended;
      alive.delete(serving.begun);
      expect(exitCode, stderr).toBe(0);
    },
  );
});

interface RunJson {
  readonly status: string;
  readonly started_at: string;
  readonly finished_at: string;
}

interface QueueJson {
  readonly counts: Readonly<Record<string, number>>;
}

interface EntryJson {
  readonly arguments: { readonly name: string };
  readonly run_id: string;
}

async function serve(
  folder: ChaosFolder,
  words: readonly string[],
): Promise<{ readonly begun: Begun; readonly url: string }> {
  const begun = folder.begin(['serve', '--port', '0', ...words]);
  alive.add(begun);
  let url: string | undefined;
  await until('the server listens', () => {
    url = /listening on (http\S+)/.exec(begun.stderr())?.[1];
    if (begun.isOver()) throw new Error(`it did not start: ${begun.stderr()}`);
    return url !== undefined;
  });
  return { begun, url: url ?? '' };
}

async function sent(url: string, path: string, body: unknown): Promise<{ readonly id: string }> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { readonly id: string };
  expect(response.status, JSON.stringify(answer)).toBe(201);
  return answer;
}

async function get<Answer>(url: string, path: string): Promise<Answer> {
  const response = await fetch(`${url}${path}`);
  expect(response.status, path).toBe(200);
  return (await response.json()) as Answer;
}

/** Waits until so many entries have ended. */
function endedOf(url: string, queueId: string, count: number): Promise<void> {
  return until(
    `${count} entries have ended`,
    async () => {
      await pause(50);
      const { counts } = await get<QueueJson>(url, `/v1/queues/${queueId}`);
      return (counts['ended'] ?? 0) >= count;
    },
    60_000 + ENTRIES * 1_000,
  );
}

async function entriesOf(url: string, queueId: string): Promise<readonly EntryJson[]> {
  const entries: EntryJson[] = [];
  let after = '';
  for (;;) {
    const page = await get<{ readonly data: readonly EntryJson[]; readonly next: string | null }>(
      url,
      `/v1/queues/${queueId}/entries?limit=500${after}`,
    );
    entries.push(...page.data);
    if (page.next === null) return entries;
    after = `&after=${page.next}`;
  }
}
