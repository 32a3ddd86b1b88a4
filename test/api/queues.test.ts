import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineNoinputTask, defineTask, stop, write } from '../../src/index.ts';
import { startTestServer, until, type TestServer } from './test-server.ts';

/** Names in the order in which their runs began, and how many were at work at once. */
const begun: string[] = [];
let atWork = 0;
let mostAtWork = 0;
let gate = Promise.resolve();

const onboard = defineNoinputTask({
  category: 'patients',
  action: 'onboard',
  description: 'Onboard a patient',
  arguments: z.strictObject({ name: z.string(), ward: z.string().default('A') }),
  output: ['said'],
  start: () => undefined,
  async step(_, { arguments: { name } }) {
    begun.push(name);
    atWork += 1;
    mostAtWork = Math.max(mostAtWork, atWork);
    await gate;
    atWork -= 1;
    if (name === 'Mallory') throw new Error('no such patient');
    return stop(write({ said: name }));
  },
});
const double = defineTask({
  category: 'patients',
  action: 'double',
  description: 'Double a number',
  mandatory: { n: () => true },
  output: ['twice'],
  row: ({ n }) => write({ twice: String(2 * Number(n)) }),
});

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([onboard, double], { slots: 8 });
});
afterAll(async () => {
  await server.close();
  expect(server.errors).toEqual([]);
});

type Body = Readonly<Record<string, unknown>> & { readonly id: string };

async function call(method: string, path: string, body?: unknown, status = 200): Promise<Body> {
  const answer = await server.send(method, path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  return answer.body;
}

let names = 0;
/** A job with a queue of its own, and no memory of others. */
async function line(
  queue: Readonly<Record<string, unknown>> = {},
  job: Readonly<Record<string, unknown>> = {},
) {
  names += 1;
  begun.length = 0;
  mostAtWork = 0;
  const name = `job${names}`;
  const all = { name, task: 'patients/onboard', log_limit: 10_000, ...job };
  const { id: jobId } = await call('POST', '/v1/jobs', all, 201);
  const made = await call(
    'POST',
    '/v1/queues',
    { name: `line${names}`, job: jobId, ...queue },
    201,
  );
  return { jobId, queueId: made.id, made, path: `/v1/queues/${made.id}` };
}

const entryOf = (name: string, more: object = {}) => ({ arguments: { name }, ...more });

async function entriesOf(path: string, query = 'limit=1000'): Promise<readonly Body[]> {
  return (await call('GET', `${path}/entries?${query}`))['data'] as readonly Body[];
}

/** Waits until nothing of a queue is open, and gives its entries. */
async function done(path: string): Promise<readonly Body[]> {
  await until(
    async () => (await call('GET', path))['counts'] as Readonly<Record<string, number>>,
    (counts) => counts['waiting'] === 0 && counts['starting'] === 0 && counts['working'] === 0,
  );
  return entriesOf(path);
}

function shut(): () => void {
  let open = (): void => undefined;
  gate = new Promise((resolve) => {
    open = resolve;
  });
  return open;
}

describe('a queue', () => {
  it('is made for a job, listed, shown, changed and removed', async () => {
    const { jobId, made, path } = await line();
    expect(made).toMatchObject({
      name: `line${names}`,
      job: jobId,
      worker_count: 1,
      order: 'fifo',
      runs_per_minute: null,
      rows_per_second: null,
      paused: false,
      counts: { waiting: 0, starting: 0, working: 0, ended: 0, refused: 0 },
    });
    expect(await call('GET', `/v1/jobs/${jobId}`)).toMatchObject({
      queue: made['name'],
      version: 2,
    });
    expect((await call('GET', `/v1/queues?name=line${names}`))['data']).toEqual([made]);
    const change = { worker_count: 3, order: 'lifo', runs_per_minute: 60, rows_per_second: 2.5 };
    expect(await call('PATCH', path, change)).toEqual({ ...made, ...change });
    expect(await call('PATCH', path, { runs_per_minute: null })).toMatchObject({
      worker_count: 3,
      runs_per_minute: null,
      rows_per_second: 2.5,
    });
    expect((await call('DELETE', path, undefined, 409))['detail']).toBe(
      `the job job${names} waits in the queue line${names}: change it first`,
    );
    await call('PATCH', `/v1/jobs/${jobId}`, { queue: null });
    await call('DELETE', path, undefined, 204);
    await call('GET', path, undefined, 404);
    const wrong = await call('PATCH', `/v1/jobs/${jobId}`, { queue: 'nowhere' }, 400);
    expect(wrong['detail']).toBe('body.queue: there is no queue nowhere');
  });

  it('has a name that no other has', async () => {
    const { made } = await line();
    const answer = await call('POST', '/v1/queues', { name: made['name'] }, 409);
    expect(answer['detail']).toBe(
      `the account has a queue of the name ${String(made['name'])} already`,
    );
  });

  it(
    'with one worker runs its entries one after another, in order',
    { timeout: 90_000 },
    async () => {
      const { path, jobId } = await line();
      const all = Array.from({ length: 100 }, (_, at) => `patient ${at}`);
      const entries = all.map((name) => entryOf(name));
      expect(await call('POST', `${path}/entries`, { entries }, 201)).toMatchObject({ added: 100 });
      const ended = await done(path);
      expect(begun).toEqual(all);
      expect(mostAtWork).toBe(1);
      expect(
        ended.every(({ status, outcome }) => status === 'ended' && outcome === 'success'),
      ).toBe(true);
      let before = '';
      for (const { started_at: startedAt, ended_at: endedAt } of ended) {
        expect(String(startedAt) >= before).toBe(true);
        before = String(endedAt);
      }
      const run = await call('GET', `/v1/jobs/${jobId}/runs/${String(ended[7]?.['run_id'])}`);
      expect(run).toMatchObject({ trigger: 'queue', input: { name: 'patient 7' } });
    },
  );

  it('keeps as many at work as it has workers', async () => {
    const { path } = await line({ worker_count: 3 });
    const open = shut();
    const entries = ['a', 'b', 'c', 'd', 'e'].map((name) => entryOf(name));
    await call('POST', `${path}/entries`, { entries }, 201);
    const counts = await until(
      async () => (await call('GET', path))['counts'] as Readonly<Record<string, number>>,
      ({ working }) => working === 3 && atWork === 3,
    );
    expect(counts).toMatchObject({ waiting: 2, starting: 0, working: 3 });
    open();
    await done(path);
    expect(mostAtWork).toBe(3);
    expect([...begun].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it.each([
    ['fifo', ['a', 'b', 'c', 'd']],
    ['lifo', ['d', 'c', 'b', 'a']],
    ['priority', ['c', 'a', 'd', 'b']],
  ])('goes by %s', async (order, expected) => {
    const { path } = await line({ order, paused: true });
    const entries = [entryOf('a'), entryOf('b', { priority: -1 }), entryOf('c', { priority: 5 })];
    await call('POST', `${path}/entries`, { entries }, 201);
    await call('POST', `${path}/entries`, entryOf('d'), 201);
    expect(begun).toEqual([]);
    await call('PATCH', path, { paused: false });
    await done(path);
    expect(begun).toEqual(expected);
  });

  it('has entries moved and removed, and given another priority', async () => {
    const { path } = await line({ paused: true });
    const { data } = await call(
      'POST',
      `${path}/entries`,
      { entries: ['a', 'b', 'c', 'd', 'e'].map((name) => entryOf(name)) },
      201,
    );
    const [a, b, c, d, e] = data as readonly Body[];
    const move = (entry: Body | undefined, to: unknown, status = 200) =>
      call('PATCH', `${path}/entries/${entry?.id}`, { move: to }, status);
    await move(e, 'first');
    await move(a, 'last');
    await move(d, { before: b?.id });
    await move(c, { after: e?.id });
    await call('DELETE', `${path}/entries/${b?.id}`, undefined, 204);
    expect((await move(b, 'first', 404))['detail']).toContain('has no entry');
    expect((await move(d, { before: 'ent_nix' }, 409))['detail']).toBe(
      'body.move: the other entry does not wait in this queue',
    );
    expect(await call('PATCH', `${path}/entries/${d?.id}`, { priority: 7 })).toMatchObject({
      priority: 7,
      status: 'waiting',
      run_id: null,
    });
    await call('PATCH', path, { paused: false });
    await done(path);
    expect(begun).toEqual(['e', 'c', 'd', 'a']);
    expect((await move(a, 'first', 409))['detail']).toContain(
      'does not wait any more: it is ended',
    );
  });

  it('starts so many in a minute, and no more', async () => {
    const { path } = await line({ runs_per_minute: 2, worker_count: 5 });
    const entries = ['a', 'b', 'c'].map((name) => entryOf(name));
    await call('POST', `${path}/entries`, { entries }, 201);
    await until(
      async () => (await call('GET', path))['counts'] as Readonly<Record<string, number>>,
      ({ ended }) => ended === 2,
    );
    // Both at once: which of them calls its service first is not said.
    expect([...begun].sort()).toEqual(['a', 'b']);
    expect(await call('GET', path)).toMatchObject({ counts: { waiting: 1 } });
    await call('PATCH', path, { runs_per_minute: null });
    await done(path);
    expect([...begun].sort()).toEqual(['a', 'b', 'c']);
  });

  it('gives its pace to the runs', async () => {
    const { path } = await line({ rows_per_second: 12 });
    await call('POST', `${path}/entries`, entryOf('a'), 201);
    const [entry] = await done(path);
    const { db } = await server.openStore();
    const runId = String(entry?.['run_id']);
    const run = db.selectFrom('runs').select('record').where('id', '=', runId);
    const { record } = await run.executeTakeFirstOrThrow();
    await db.destroy();
    expect(JSON.parse(record)).toMatchObject({ maxRowsPerSecond: 12 });
  });

  it('goes on behind an entry that failed or could not be started', async () => {
    const { path, jobId } = await line({ paused: true });
    const entries = ['a', 'Mallory', 'b'].map((name) => entryOf(name));
    await call('POST', `${path}/entries`, { entries }, 201);
    await call('PATCH', path, { paused: false });
    const ended = await done(path);
    expect(ended.map(({ status, outcome }) => [status, outcome])).toEqual([
      ['ended', 'success'],
      ['ended', 'error'],
      ['ended', 'success'],
    ]);
    await call('PATCH', path, { paused: true });
    await call('POST', `${path}/entries`, entryOf('c'), 201);
    const schema = { type: 'object', required: ['age'] };
    await call('PATCH', `/v1/jobs/${jobId}`, { argument_schema: schema });
    await call('PATCH', path, { paused: false });
    const last = (await done(path)).at(-1);
    expect(last).toMatchObject({ status: 'refused', run_id: null, outcome: null });
    expect(last?.['message']).toContain("must have required property 'age'");
  });
});

describe('entries that are wrong', () => {
  it('are all refused, by their numbers and what was expected', async () => {
    const { path } = await line({ paused: true }, { argument_schema: { required: ['name'] } });
    const entries = [entryOf('a'), { arguments: {} }, { arguments: { name: 7 } }];
    const answer = await call('POST', `${path}/entries`, { entries }, 422);
    expect(answer['detail']).toContain('entry 2: arguments of the job');
    expect(answer['detail']).toContain("must have required property 'name'");
    expect(answer['detail']).toContain('entry 3: arguments of patients/onboard: name: ');
    expect(answer['errors']).toMatchObject([
      { at: 'body.entries.1.arguments' },
      { at: 'body.entries.2.arguments' },
    ]);
    expect(await entriesOf(path)).toEqual([]);
  });

  it('have no job, or one that reads a file', async () => {
    const { id } = await call('POST', '/v1/queues', { name: 'of nobody' }, 201);
    const none = await call('POST', `/v1/queues/${id}/entries`, { arguments: {} }, 400);
    expect(none['detail']).toContain('entry 1: the queue of nobody has no job of its own');
    const { path } = await line({ paused: true }, { task: 'patients/double' });
    const csv = await call('POST', `${path}/entries`, { arguments: {} }, 422);
    expect(csv['detail']).toBe('entry 1: patients/double reads a CSV, and an entry has none');
  });
});

describe('whatever starts a job with a queue', () => {
  it('waits in it: a person, an event and an entry, in this order', async () => {
    const { path, jobId, made } = await line({ paused: true });
    const start = await call(
      'POST',
      `/v1/jobs/${jobId}/runs`,
      { arguments: { name: 'by hand' } },
      201,
    );
    expect(start).toMatchObject({ status: 'pending', trigger: 'manual' });
    await call('PUT', `/v1/jobs/${jobId}/events/patient/admit`, {}, 201);
    const told = { object: 'patient', event: 'admit', payload: { name: 'by event' }, wait: 20 };
    const event = await call('POST', '/v1/events', told, 201);
    expect(event['deliveries']).toMatchObject([
      { verdict: 'queued', steps: { queue: 'queued', run: null } },
    ]);
    await call('POST', `${path}/entries`, entryOf('by entry'), 201);
    expect(await call('GET', path)).toMatchObject({ counts: { waiting: 3 } });
    expect((await call('DELETE', path, undefined, 409))['detail']).toBe(
      `3 entries of the queue ${String(made['name'])} have not ended: remove them, or wait`,
    );
    expect(begun).toEqual([]);
    await call('PATCH', path, { paused: false });
    await done(path);
    expect(begun).toEqual(['by hand', 'by event', 'by entry']);
    expect((await call('GET', `/v1/events/${event.id}`))['deliveries']).toMatchObject([
      { verdict: 'fired' },
    ]);
  });

  it('is not begun by hand beside it', async () => {
    const { path, jobId, made } = await line({ paused: true });
    const run = await call('POST', `/v1/jobs/${jobId}/runs`, { arguments: { name: 'x' } }, 201);
    const [entry] = await entriesOf(path);
    for (const body of [{}, { at: new Date(Date.now() + 60_000).toISOString() }]) {
      const refused = await call('POST', `/v1/runs/${run.id}/start`, body, 409);
      expect(refused['detail']).toBe(
        `run ${run.id} waits in the queue ${String(made['name'])}: move its entry ${entry?.id} to the front there, or remove the entry`,
      );
    }
    expect(await call('GET', `/v1/runs/${run.id}`)).toMatchObject({ due_at: null });
    await call('PATCH', path, { paused: false });
    await done(path);
    expect(begun).toEqual(['x']);
  });

  it.each(['', '?purge=true'])('leaves it with its run: DELETE%s', async (query) => {
    const { path, jobId } = await line({ paused: true });
    const gone = await call('POST', `/v1/jobs/${jobId}/runs`, { arguments: { name: 'gone' } }, 201);
    await call('POST', `/v1/jobs/${jobId}/runs`, { arguments: { name: 'b' } }, 201);
    await call('DELETE', `/v1/runs/${gone.id}${query}`, undefined, 204);
    expect(await call('GET', path)).toMatchObject({ counts: { waiting: 1 } });
    await call('PATCH', path, { paused: false });
    await done(path);
    expect(begun).toEqual(['b']);
    await call('GET', `/v1/runs/${gone.id}`, undefined, 404);
  });

  it('leaves no run behind where its entry is removed', async () => {
    const { path, jobId } = await line({ paused: true });
    const run = await call('POST', `/v1/jobs/${jobId}/runs`, { arguments: { name: 'x' } }, 201);
    const [entry] = await entriesOf(path);
    await call('DELETE', `${path}/entries/${entry?.id}`, undefined, 204);
    await call('GET', `/v1/runs/${run.id}`, undefined, 404);
  });

  it('keeps to the rate of the job, and waits', async () => {
    const { path, jobId } = await line({ worker_count: 3 }, { runs_per_minute: 1 });
    for (const name of ['a', 'b']) {
      await call('POST', `/v1/jobs/${jobId}/runs`, { arguments: { name } }, 201);
    }
    await until(
      async () => (await call('GET', path))['counts'] as Readonly<Record<string, number>>,
      ({ ended, waiting }) => ended === 1 && waiting === 1,
    );
    expect(begun).toEqual(['a']);
  });

  it('waits in a queue of its own, where its overlap says so', async () => {
    names += 1;
    begun.length = 0;
    const open = shut();
    const job = { name: `own${names}`, task: 'patients/onboard', overlap: 'queue' };
    const { id: jobId } = await call('POST', '/v1/jobs', job, 201);
    for (const name of ['a', 'b', 'c']) {
      await call('POST', `/v1/jobs/${jobId}/runs`, { arguments: { name } }, 201);
    }
    const { data } = await call('GET', `/v1/queues?name=own${names}`);
    const [queue] = data as readonly Body[];
    expect(queue).toMatchObject({ job: jobId, worker_count: 1 });
    mostAtWork = atWork;
    open();
    await done(`/v1/queues/${queue?.id}`);
    expect(begun).toEqual(['a', 'b', 'c']);
    expect(mostAtWork).toBeLessThanOrEqual(1);
  });
});
