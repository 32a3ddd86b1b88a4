import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ScriptCall } from '../../src/engine/ports/script-executor.ts';
import { defineNoinputTask, stop, write } from '../../src/index.ts';
import { SCRIPT_OUTCOME } from './script-outcome.ts';
import { startTestServer, until, type TestServer } from './test-server.ts';

const calls: ScriptCall[] = [];
let gate = Promise.resolve();
const base = { category: 'demo', output: ['said'], start: () => undefined } as const;
const greet = defineNoinputTask({
  ...base,
  action: 'greet',
  description: 'Greet somebody',
  arguments: z.strictObject({ name: z.string(), greeting: z.string().default('Hello') }),
  step: (_, { arguments: { name, greeting } }) => stop(write({ said: `${greeting} ${name}` })),
});
const wait = defineNoinputTask({
  ...base,
  action: 'wait',
  description: 'Wait for the test',
  step: async () => {
    await gate;
    return stop(write({ said: 'at last' }));
  },
});

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([greet, wait], {
    scripts: {
      async run(call) {
        calls.push(call);
        return SCRIPT_OUTCOME;
      },
      runtimes: async () => [],
      isolation: async () => 'there is nothing to isolate',
    },
  });
});
afterAll(async () => {
  await server.close();
  expect(server.errors).toEqual([]);
});

type Body = Readonly<Record<string, unknown>> & { readonly id: string };
interface Delivery {
  readonly name: string;
  readonly verdict: string;
  readonly steps: Readonly<Record<string, string | null>>;
  readonly unmet: readonly unknown[];
  readonly run_id: string | null;
  readonly message: string | null;
}
type EventJson = Body & {
  readonly deliveries: readonly Delivery[];
  readonly notice: string | null;
};

async function call(method: string, path: string, body?: unknown, status = 200): Promise<Body> {
  const answer = await server.send(method, path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  return answer.body;
}

let names = 0;
/** A job of its own that waits for an object of its own. */
async function subscribed(
  job: Readonly<Record<string, unknown>> = {},
  subscription: Readonly<Record<string, unknown>> = {},
) {
  names += 1;
  const script = {
    language: 'python',
    entry: 'main.py',
    files: [{ path: 'main.py', content: '# a job' }],
  };
  const work = 'task' in job ? {} : { script };
  const { id } = await call('POST', '/v1/jobs', { name: `job${names}`, ...work, ...job }, 201);
  const object = `object${names}`;
  const path = `/v1/jobs/${id}/events/${object}/create`;
  const schedule = await call('PUT', path, subscription, 201);
  return { id, object, path, schedule };
}

async function tell(object: string, payload: unknown = {}, more: object = {}) {
  const body = { object, event: 'create', payload, wait: 20, ...more };
  return (await call('POST', '/v1/events', body, 201)) as EventJson;
}

async function runsOf(jobId: string): Promise<readonly Body[]> {
  const { data } = await call('GET', `/v1/jobs/${jobId}/runs`);
  return data as readonly Body[];
}

const shown = (id: string) => call('GET', `/v1/events/${id}`) as Promise<EventJson>;

const TOO_DEEP = /^the body: its lists and objects .* 200 levels deep$/;
const TOO_MANY = /^the body has more than 100000 values: /;

it.each([
  { levels: 3_000, status: 400, detail: TOO_DEEP },
  { levels: 99_000, status: 400, detail: TOO_DEEP },
  { levels: 100_000, status: 413, detail: TOO_MANY },
])('refuses a payload of $levels levels, and is unharmed', async ({ levels, status, detail }) => {
  const payload = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
  const answer = await server.json('/v1/events', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: `{"object":"deep","event":"create","payload":${payload}}`,
  });
  expect(answer.status).toBe(status);
  expect(answer.body['detail']).toMatch(detail);
  const fine = `${'{"a":'.repeat(150)}1${'}'.repeat(150)}`;
  await call('POST', '/v1/events', { object: 'deep', event: 'e', payload: JSON.parse(fine) }, 201);
});

describe('an event', () => {
  it('starts the jobs that wait for it, whose script is given the payload', async () => {
    const { id, object } = await subscribed({ arguments: { from: 'the job', name: 'nobody' } });
    const event = await tell(object, { name: 'Ada', attributes: { seeing: 'Dr Who' } });
    const [delivery] = event.deliveries;
    expect(delivery).toMatchObject({ verdict: 'fired', unmet: [], message: null });
    const given = { from: 'the job', name: 'Ada', attributes: { seeing: 'Dr Who' } };
    await until(
      () => shown(event.id),
      ({ deliveries }) => deliveries[0]?.steps['run'] === 'success',
    );
    expect(calls.at(-1)?.event).toEqual(given);
    expect(await runsOf(id)).toMatchObject([
      { id: delivery?.run_id, trigger: 'event', input: given, status: 'success' },
    ]);
    expect((await shown(event.id)).deliveries[0]?.steps).toEqual({
      filter: 'passed',
      dedupe: 'passed',
      queue: 'passed',
      rate: 'passed',
      run: 'success',
    });
  });

  it('gives a task those of its fields that the task has arguments for', async () => {
    const { id, object } = await subscribed({ task: 'demo/greet', arguments: { greeting: 'Hi' } });
    const event = await tell(object, { name: 'Ada', unknown: 1 });
    expect(event.deliveries).toMatchObject([{ verdict: 'fired' }]);
    expect(await runsOf(id)).toMatchObject([{ input: { greeting: 'Hi', name: 'Ada' } }]);
    const wrong = await tell(object, { name: 7 });
    expect(wrong.deliveries).toMatchObject([{ verdict: 'error', run_id: null }]);
    expect(wrong.deliveries[0]?.message).toContain('name');
  });

  it('is held against the argument schema of the job, and leaves no run where it does not fit', async () => {
    const { id, object } = await subscribed({
      argument_schema: { type: 'object', required: ['who'] },
    });
    const { deliveries } = await tell(object, { name: 'Ada' });
    expect(deliveries).toMatchObject([{ verdict: 'error', steps: { run: 'error' } }]);
    expect(deliveries[0]?.message).toContain("must have required property 'who'");
    expect(await runsOf(id)).toEqual([]);
  });

  it('is filtered, and says by which conditions', async () => {
    const { object } = await subscribed({}, { filter: { status: 'booked', age: { $gte: 18 } } });
    const { deliveries } = await tell(object, { status: 'booked', age: 7 });
    expect(deliveries).toMatchObject([
      {
        verdict: 'filtered',
        unmet: [{ at: 'age', clause: { age: { $gte: 18 } }, met: false }],
        steps: { filter: 'filtered', dedupe: null, queue: null, rate: null, run: null },
      },
    ]);
    expect((await tell(object, { status: 'booked', age: 18 })).deliveries).toMatchObject([
      { verdict: 'fired' },
    ]);
  });

  it('waits for its turn where a run of the job is at work, and is not lost', async () => {
    let open = (): void => undefined;
    gate = new Promise((resolve) => {
      open = resolve;
    });
    const { id, object } = await subscribed({ task: 'demo/wait' });
    // Somebody has begun one by hand.
    await call('POST', `/v1/jobs/${id}/runs`, {}, 201);
    const events = [];
    for (const n of [1, 2]) events.push(await tell(object, { n }, { wait: 0 }));
    expect(events.map(({ deliveries }) => deliveries[0]?.verdict)).toEqual(['queued', 'queued']);
    open();
    for (const { id: eventId } of events) {
      await until(
        () => shown(eventId),
        ({ deliveries }) => deliveries[0]?.steps['run'] === 'success',
      );
    }
    const runs = await runsOf(id);
    expect(runs.length).toBe(3);
    const [last, second, first] = runs;
    expect(Date.parse(String(second?.['started_at']))).toBeGreaterThanOrEqual(
      Date.parse(String(first?.['finished_at'])),
    );
    expect(Date.parse(String(last?.['started_at']))).toBeGreaterThanOrEqual(
      Date.parse(String(second?.['finished_at'])),
    );
  });

  it('is one too many beyond the rate of the job', async () => {
    const { id, object } = await subscribed({ runs_per_minute: 1 });
    expect((await tell(object, { n: 1 })).deliveries).toMatchObject([{ verdict: 'fired' }]);
    const { deliveries } = await tell(object, { n: 2 });
    expect(deliveries).toMatchObject([{ verdict: 'too_many', steps: { rate: 'too_many' } }]);
    expect(deliveries[0]?.message).toMatch(/^the job job\d+ is started 1 times a minute at most$/);
    expect((await runsOf(id)).length).toBe(1);
  });

  it('is kept where nobody waits for it, and says so with names that are near', async () => {
    const example = { id: 7 };
    const said = { description: 'An appointment is made', example };
    await call('PUT', '/v1/events/catalogue/appointment/create', said, 201);
    const event = await tell('appointmnt');
    expect(event).toMatchObject({
      deliveries: [],
      notice:
        'nobody waits for it. appointmnt.create is not in the catalogue of events. Did you mean appointment.create?',
    });
    expect((await tell('appointment')).notice).toBe('nobody waits for it.');
    expect((await call('GET', `/v1/events?object=appointmnt`))['data']).toMatchObject([
      { id: event.id },
    ]);
    await call('PUT', '/v1/events/catalogue/appointment/create', said);
    const { data } = await call('GET', '/v1/events/catalogue');
    expect(data).toMatchObject([
      { object: 'run', event: 'created', of_server: true },
      { object: 'run', event: 'started' },
      { object: 'run', event: 'finished' },
      { object: 'file', event: 'arrived' },
      { object: 'appointment', event: 'create', ...said, of_server: false },
    ]);
    await call('DELETE', '/v1/events/catalogue/appointment/create', undefined, 204);
    await call('DELETE', '/v1/events/catalogue/appointment/create', undefined, 404);
  });

  it('is tested against a filter without being told', async () => {
    const body = { filter: { a: 1, b: { $gt: 2, $lt: 9 } }, payload: { a: 1, b: 12 } };
    expect(await call('POST', '/v1/events/test', body)).toEqual({
      matches: false,
      clauses: [
        { at: 'a', clause: { a: 1 }, met: true },
        { at: 'b', clause: { b: { $gt: 2 } }, met: true },
        { at: 'b', clause: { b: { $lt: 9 } }, met: false },
      ],
    });
    const wrong = await call('POST', '/v1/events/test', { filter: { $or: 1 }, payload: {} }, 400);
    expect(wrong['detail']).toContain('body.filter: $or is 1: expected a list of queries');
  });
});

describe('equal events', () => {
  it('are one run and 999 dropped_dup, a thousand of them', { timeout: 300_000 }, async () => {
    // An hour: on a slow machine a thousand take longer than the minute that is the default.
    const { id, object } = await subscribed({ dedupe: { window_s: 3_600 } });
    const verdicts: string[] = [];
    const send = async (): Promise<void> => {
      for (let count = 0; count < 125; count += 1) {
        const { deliveries } = await tell(object, { same: [1, { a: 'b' }] }, { wait: 0 });
        verdicts.push(deliveries[0]?.verdict ?? 'nobody');
      }
    };
    await Promise.all(Array.from({ length: 8 }, send));
    expect(verdicts.filter((verdict) => verdict === 'dropped_dup').length).toBe(999);
    await until(
      () => runsOf(id),
      ([run]) => run?.['status'] === 'success',
    );
    expect((await runsOf(id)).length).toBe(1);
    expect(calls.filter(({ event }) => JSON.stringify(event).includes('same')).length).toBe(1);
    const { data } = await call('GET', `/v1/jobs/${id}/triggers`);
    const [{ id: scheduleId } = { id: '' }] = data as readonly Body[];
    const seen: string[] = [];
    let after = '';
    do {
      const path = `/v1/schedules/${scheduleId}/firings?verdict=dropped_dup&limit=200${after}`;
      const page = await call('GET', path);
      seen.push(...(page['data'] as readonly Body[]).map((firing) => firing.id));
      after = typeof page['next'] === 'string' ? `&after=${page['next']}` : '';
    } while (after !== '');
    expect(new Set(seen).size).toBe(999);
  });

  it('are told by the key that the job names', async () => {
    const dedupe = { key: 'patient.id' };
    const { object } = await subscribed({ dedupe });
    const verdictOf = async (payload: unknown) =>
      (await tell(object, payload)).deliveries[0]?.verdict;
    expect(await verdictOf({ patient: { id: 7 }, at: 1 })).toBe('fired');
    expect(await verdictOf({ patient: { id: 7 }, at: 2 })).toBe('dropped_dup');
    expect(await verdictOf({ patient: { id: 8 }, at: 3 })).toBe('fired');
    // What lacks the key is compared as a whole.
    expect(await verdictOf({ at: 4 })).toBe('fired');
    expect(await verdictOf({ at: 5 })).toBe('fired');
    expect(await verdictOf({ at: 5 })).toBe('dropped_dup');
  });

  it('are all run without a window', async () => {
    const { object } = await subscribed({ dedupe: { window_s: 0 } });
    for (const _ of [1, 2]) {
      expect((await tell(object)).deliveries).toMatchObject([{ verdict: 'fired' }]);
    }
  });

  it('give way to the last, where the job debounces', async () => {
    const { id, object } = await subscribed({
      dedupe: { window_s: 2, key: 'id', mode: 'debounce' },
    });
    const first = await tell(object, { id: 1, n: 1 }, { wait: 0 });
    const last = await tell(object, { id: 1, n: 2 }, { wait: 0 });
    expect((await shown(first.id)).deliveries).toMatchObject([
      { verdict: 'dropped_dup', message: `${last.id} came after it` },
    ]);
    await until(
      () => shown(last.id),
      ({ deliveries }) => deliveries[0]?.steps['run'] === 'success',
    );
    expect(await runsOf(id)).toMatchObject([{ input: { id: 1, n: 2 } }]);
  });
});

describe('a subscription', () => {
  it('is a schedule that is listed, said again, paused and removed', async () => {
    const { id, object, path, schedule } = await subscribed();
    expect(schedule).toMatchObject({
      name: `job${names}: ${object}.create`,
      job: id,
      trigger: { kind: 'event', object, event: 'create', filter: {} },
      overlap: 'queue',
    });
    const again = await call('PUT', path, { filter: { a: 1 } });
    expect(again).toMatchObject({ id: schedule.id, trigger: { filter: { a: 1 } } });
    expect((await call('GET', `/v1/jobs/${id}/triggers`))['data']).toEqual([again]);
    await call('PATCH', `/v1/schedules/${schedule.id}`, { paused: true });
    expect((await tell(object, { a: 1 })).deliveries).toEqual([]);
    await call('DELETE', path, undefined, 204);
    expect((await call('GET', `/v1/jobs/${id}/triggers`))['data']).toEqual([]);
    expect((await call('DELETE', path, undefined, 404))['detail']).toBe(
      `the job does not wait for ${object}.create`,
    );
    await call('PUT', path, {}, 201);
    await call('DELETE', `/v1/jobs/${id}`, undefined, 204);
    expect((await tell(object)).deliveries).toEqual([]);
  });

  it('to an event of the server starts a job at the end of a run, and never at its own', async () => {
    const { body: watcher } = await server.json('/v1/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'watcher',
        script: { language: 'python', entry: 'a.py', files: [{ path: 'a.py', content: '#' }] },
      }),
    });
    const filter = { task: { $in: ['demo/greet'] }, status: 'success' };
    const path = `/v1/jobs/${watcher.id}/events/run/finished`;
    await call('PUT', path, { filter }, 201);
    const run = await call('POST', '/v1/tasks/demo/greet/runs', { arguments: { name: 'A' } }, 201);
    const event = await until(
      async () =>
        ((await call('GET', '/v1/events?object=run'))['data'] as readonly EventJson[]).at(-1),
      (found) => found?.deliveries[0]?.steps['run'] === 'success',
    );
    expect(event).toMatchObject({
      payload: { run_id: run.id, task: 'demo/greet', job: null, status: 'success', succeeded: 1 },
    });
    expect(await runsOf(watcher.id)).toMatchObject([{ input: { run_id: run.id } }]);
    // Without a filter it would be told of the end of its own run, for ever.
    await call('PUT', path, {});
    await call('POST', '/v1/tasks/demo/greet/runs', { arguments: { name: 'B' } }, 201);
    const circle = await until(
      async () => (await call('GET', '/v1/events?object=run'))['data'] as readonly EventJson[],
      (found) => found.some(({ deliveries }) => deliveries[0]?.verdict === 'circle'),
    );
    expect(circle[0]?.['payload']).toMatchObject({ job: 'watcher' });
    expect((await runsOf(watcher.id)).length).toBe(2);
    await call('DELETE', path, undefined, 204);
    const forged = { object: 'run', event: 'finished', payload: {} };
    expect((await call('POST', '/v1/events', forged, 400))['detail']).toBe(
      'body.event: run.finished is told by the server itself, by nobody else',
    );
  });
});
