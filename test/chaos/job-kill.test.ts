import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { ChaosFolder, pause, prepareBuild, until } from './chaos-folder.ts';
import { ended, killed, serve, type Served } from './served.ts';
import { tidyUp } from './tidy-up.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());
beforeAll(prepareBuild, 120_000);

const { folders, alive } = tidyUp();

const STORES = [['SQLite', undefined] as const, ['PostgreSQL', postgres] as const].filter(
  ([name, server]) => name === 'SQLite' || server !== undefined,
);
if (postgres === undefined) it.skip(NOT_RUN, () => undefined);

const KILL_AT = fileURLToPath(new URL('fixtures/kill-at.mjs', import.meta.url));
/** Counts how often it is called, and ends when it is let. */
const SCRIPT = `
import time
import rowmill

class Count(rowmill.Job):
    def on_event(self, event):
        self.storage.set("calls", self.storage.get("calls", 0) + 1)
        while not self.storage.get("open", False):
            time.sleep(0.05)
        return {"calls": self.storage.get("calls", 0)}
`;
const WORKS = ['task', 'script'] as const;
const STARTS = ['by hand', 'by a schedule'] as const;
const CASES = WORKS.flatMap((work) =>
  STARTS.flatMap((start) => [true, false].map((goesOn) => ({ work, start, goesOn }))),
);

interface RunJson {
  readonly id: string;
  readonly status: string;
  readonly message: string | null;
}

interface FiringJson {
  readonly verdict: string;
  readonly run_id: string | null;
  readonly outcome: string | null;
}

describe.each(STORES)('a server on %s that is killed', (_, cluster) => {
  const database = async () =>
    cluster === undefined ? [] : ['--database', await makeDatabase(cluster)];

  it(
    'goes on with the runs of jobs that may be done again, and says of the others that they broke off',
    { timeout: 600_000 },
    async () => {
      const folder = await ChaosFolder.make();
      folders.push(folder);
      const words = [...(await database()), '--slots', '8'];
      let server = await serve(folder, { alive, words });
      const jobs: Awaited<ReturnType<typeof begin>>[] = [];
      for (const [at, one] of CASES.entries())
        jobs.push(await begin(server, folder, { ...one, at }));
      const calls = async ({ jobId, file }: (typeof jobs)[number]): Promise<number> => {
        if (file !== undefined) return (await lines(file)).length;
        const response = await fetch(`${server.url}/v1/jobs/${jobId}/storage/calls`);
        // It was not called yet.
        if (response.status === 404) return 0;
        const { value } = (await response.json()) as { readonly value: number };
        return value;
      };
      const allCalls = () => Promise.all(jobs.map(calls));
      await until(
        'all are at work',
        async () => {
          await pause(200);
          return (await allCalls()).every((count) => count === 1);
        },
        240_000,
      );
      await killed(server, alive);

      server = await serve(folder, { alive, words });
      for (const { jobId, file } of jobs) {
        if (file !== undefined) await writeFile(`${file}.open`, '');
        else await server.call('PUT', `/v1/jobs/${jobId}/storage/open`, { value: true });
      }
      const runs: RunJson[] = [];
      for (const job of jobs) {
        let run: RunJson | undefined;
        await until(
          `the run of ${job.name} ends`,
          async () => {
            await pause(100);
            const path = `/v1/jobs/${job.jobId}/runs`;
            const { data } = await server.call<{ data: RunJson[] }>('GET', path);
            expect(data.map(({ id }) => id)).toEqual([data[0]?.id]);
            [run] = data;
            return run !== undefined && run.status !== 'executing' && run.status !== 'pending';
          },
          240_000,
        );
        if (run !== undefined) runs.push(run);
      }
      expect(await allCalls()).toEqual(jobs.map(({ goesOn }) => (goesOn ? 2 : 1)));
      for (const [at, { goesOn, name, scheduleId }] of jobs.entries()) {
        expect(runs[at], name).toMatchObject(
          goesOn
            ? { status: 'success' }
            : {
                status: 'internal_error',
                message: expect.stringContaining(
                  'does not allow continuation: start the job again',
                ),
              },
        );
        const events = await eventsOf(server, runs[at]?.id ?? '');
        // Done once more, it was told to have been started once more.
        expect(events, name).toEqual([
          'created',
          'queued',
          'started',
          ...(goesOn ? ['started'] : []),
          'ended',
        ]);
        if (scheduleId === undefined) continue;
        let firings: FiringJson[] = [];
        await until(`the firing of ${name} is over`, async () => {
          const path = `/v1/schedules/${scheduleId}/firings`;
          ({ data: firings } = await server.call<{ data: FiringJson[] }>('GET', path));
          return firings[0]?.outcome !== null;
        });
        expect(firings, name).toMatchObject([
          { verdict: 'fired', run_id: runs[at]?.id, outcome: goesOn ? 'success' : 'error' },
        ]);
      }
      await ended(server, alive);
    },
  );

  it(
    'between the end of a run and its word of it tells run.finished at its next start, once',
    { timeout: 300_000 },
    async () => {
      const folder = await ChaosFolder.make();
      folders.push(folder);
      const words = await database();
      let server = await serve(folder, { alive, words });
      const job = (name: string) =>
        server.call<{ id: string }>(
          'POST',
          '/v1/jobs',
          { name, task: 'chaos/named', arguments: { name } },
          201,
        );
      const [first, then] = [await job('first'), await job('then')];
      const { id: firstId } = first;
      await server.call(
        'PUT',
        `/v1/jobs/${then.id}/events/run/finished`,
        {
          filter: { job_id: firstId },
        },
        201,
      );
      await ended(server, alive);

      const environment = {
        NODE_OPTIONS: `--import ${KILL_AT}`,
        // The first that is written of an event when it is told.
        KILL_AT: 'insert into "seen_payloads"',
        KILL_ONCE: folder.at('killed'),
      };
      server = await serve(folder, { alive, words, environment });
      const run = await server.call<{ id: string }>('POST', `/v1/jobs/${firstId}/runs`, {}, 201);
      expect((await server.begun.ended).signal).toBe('SIGKILL');
      alive.delete(server.begun);

      server = await serve(folder, { alive, words, environment });
      expect(await server.call('GET', `/v1/runs/${run.id}`)).toMatchObject({ status: 'success' });
      const runsOf = async () =>
        (await server.call<{ data: RunJson[] }>('GET', `/v1/jobs/${then.id}/runs`)).data;
      await until(
        'the job that waits for the end is started',
        async () => (await runsOf()).length > 0,
        60_000,
      );
      await ended(server, alive);
      // What was told is not told again.
      server = await serve(folder, { alive, words });
      expect(await runsOf()).toHaveLength(1);
      const { data: events } = await server.call<{ data: { id: string }[] }>('GET', '/v1/events');
      expect(events.filter(({ id }) => id.includes(run.id))).toHaveLength(1);
      await ended(server, alive);
    },
  );
});

/** Starts a job whose work waits to be let go on. */
async function begin(
  server: Served,
  folder: ChaosFolder,
  { work, start, goesOn, at }: (typeof CASES)[number] & { readonly at: number },
) {
  const name = `${work} ${start} ${goesOn ? 'goes on' : 'ends'}`;
  const file = work === 'task' ? `calls-${at}` : undefined;
  const what =
    file === undefined
      ? {
          script: {
            language: 'python',
            entry: 'main.py',
            files: [{ path: 'main.py', content: SCRIPT }],
          },
        }
      : { task: 'chaos/gated', arguments: { file: folder.at(file) } };
  const wanted = { name: `job-${at}`, allow_continuation: goesOn, ...what };
  const { id: jobId } = await server.call<{ id: string }>('POST', '/v1/jobs', wanted, 201);
  if (start === 'by hand') {
    await server.call('POST', `/v1/jobs/${jobId}/runs`, {}, 201);
    return { name, jobId, goesOn, file: file && folder.at(file), scheduleId: undefined };
  }
  const schedule = { name, job: jobId, trigger: { kind: 'daily_at', time: '00:00' }, paused: true };
  const made = await server.call<{ id: string }>('POST', '/v1/schedules', schedule, 201);
  await server.call('POST', `/v1/schedules/${made.id}/fire`, undefined, 202);
  return { name, jobId, goesOn, file: file && folder.at(file), scheduleId: made.id };
}

async function lines(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').slice(0, -1);
}

/** Types of the events of a run, without how far it was. */
async function eventsOf(server: Served, runId: string): Promise<readonly string[]> {
  const response = await fetch(`${server.url}/v1/runs/${runId}/events`);
  const told = await response.text();
  return [...told.matchAll(/^event: ?(\w+)$/gm)]
    .map(([, type = '']) => type)
    .filter((type) => type !== 'progress');
}
