import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defineNoinputTask, defineTask, stop, write } from '../../src/index.ts';
import type { SqlDatabase } from '../../src/stores/sql/sql-database.ts';
import { endedRun, startTestServer, until, type TestServer } from './test-server.ts';

const base = { category: 'demo', description: 'For a test' } as const;
const tick = defineNoinputTask({
  ...base,
  action: 'tick',
  output: ['n'],
  start: () => undefined,
  step: () => stop(write({ n: 1 })),
});
const double = defineTask({
  ...base,
  action: 'double',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['twice'],
  row: ({ n }) => write({ twice: String(2 * Number(n)) }),
});

let folder = '';
let server: TestServer;
let store: SqlDatabase;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'rowmill-untold-')));
  await mkdir(join(folder, 'in'));
  server = await startTestServer([tick, double], { fileRoots: [folder] });
  store = await server.openStore();
});
afterAll(async () => {
  await store.db.destroy();
  await server.close();
  await rm(folder, { recursive: true, force: true });
  expect(server.errors).toEqual([]);
});

interface FiringJson {
  readonly id: string;
  readonly run_id: string;
  readonly verdict: string;
  readonly outcome: string | null;
}
const firingsOf = async (id: string) =>
  (await server.send('GET', `/v1/schedules/${id}/firings`)).body['data'] as readonly FiringJson[];
const ended = (id: string) =>
  until(
    () => firingsOf(id),
    ([firing]) => firing?.outcome === 'success',
  );
const schedule = async (name: string, task: string, trigger: object): Promise<string> => {
  const { status, body } = await server.send('POST', '/v1/schedules', { name, task, trigger });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
};
interface EventJson {
  readonly payload: Readonly<Record<string, unknown>>;
}
const events = async (object: string) =>
  (await server.send('GET', `/v1/events?object=${object}`)).body['data'] as readonly EventJson[];
/** Carries the job out. It may be at work by itself: that is waited for. */
const looked = (): Promise<unknown> =>
  until(
    () => server.send('POST', '/v1/system-jobs/untold_events/run?wait=60'),
    ({ status }) => status === 200,
  );

it('what a server that is gone has left untold is told by one that is there', async () => {
  const trigger = { kind: 'file', folder: join(folder, 'in'), stable_seconds: 0, poll_seconds: 1 };
  const files = await schedule('files', 'demo/double', trigger);
  await writeFile(join(folder, 'in', 'a.csv'), 'n\n1\n');
  const [arrival] = await ended(files);
  const run = await endedRun(server, arrival?.run_id ?? '');
  const event = { kind: 'event', event: 'arrived', object: 'file' };
  const ofFiles = await schedule('of files', 'demo/tick', event);
  const ofRuns = await schedule('of runs', 'demo/tick', {
    kind: 'event',
    object: 'run',
    event: 'finished',
    filter: { run_id: run.id },
  });
  expect([await events('file'), await events('run')]).toEqual([[], []]);
  // As a server leaves it that goes away after it has kept both, and before it has told them.
  const { db } = store;
  const last = await db
    .selectFrom('run_events')
    .select('number')
    .where('run_id', '=', run.id)
    .where('type', '=', 'ended')
    .executeTakeFirstOrThrow();
  await until(
    () => db.selectFrom('arrival_claims').select('id').execute(),
    (claims) => claims.length === 0,
  );
  const agoMs = Date.now() - 60_000;
  await db.updateTable('run_events').set({ at: agoMs }).where('run_id', '=', run.id).execute();
  await db.insertInto('untold_events').values({ run_id: run.id, number: last.number }).execute();
  await db
    .updateTable('firings')
    .set({ created_at: agoMs })
    .where('id', '=', arrival?.id ?? '')
    .execute();
  await db
    .insertInto('arrival_claims')
    .values({
      id: arrival?.id ?? '',
      trigger_id: files,
      account_id: 'local',
      definition: JSON.stringify(trigger),
      is_told: 0,
      is_away: 1,
      created_at: agoMs,
    })
    .execute();
  await looked();
  await ended(ofFiles);
  await ended(ofRuns);
  expect(await events('file')).toMatchObject([{ payload: { name: 'a.csv', schedule_id: files } }]);
  const ofRun = (await events('run')).filter(({ payload }) => payload['run_id'] === run.id);
  expect(ofRun).toMatchObject([{ event: 'finished' }]);
  // Each is told once.
  await looked();
  expect([await firingsOf(ofFiles), await firingsOf(ofRuns)].map(({ length }) => length)).toEqual([
    1, 1,
  ]);
  for (const table of ['untold_events', 'arrival_claims'] as const) {
    expect(await db.selectFrom(table).selectAll().execute()).toEqual([]);
  }
});
