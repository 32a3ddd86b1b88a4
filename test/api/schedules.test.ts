import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ApiClient } from '../../src/client/api-client.ts';
import { RemoteSchedules } from '../../src/client/remote-schedules.ts';
import { defineNoinputTask, defineTask, stop, write } from '../../src/index.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

let open = (): void => undefined;
let gate = new Promise<void>((resolve) => {
  open = resolve;
});
const base = { category: 'demo', output: ['said'], start: () => undefined } as const;
const say = defineNoinputTask({
  ...base,
  action: 'say',
  description: 'Say a text',
  arguments: z.object({ text: z.string() }),
  step: (_, { arguments: { text } }) => stop(write({ said: text })),
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
const double = defineTask({
  category: 'demo',
  action: 'double',
  description: 'Double a number',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['twice'],
  row: ({ n }) => write({ twice: String(2 * Number(n)) }),
});

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([say, wait, double]);
});
afterAll(async () => {
  await server.close();
  expect(server.errors).toEqual([]);
});

const NEVER = { kind: 'event', object: 'nothing', event: 'happens' };
const DAILY = { kind: 'daily_at', time: '02:30', zone: 'Europe/Madrid' };
let names = 0;

const call = (...sent: Parameters<TestServer['send']>) => server.send(...sent);

async function made(body: Readonly<Record<string, unknown>>) {
  names += 1;
  const schedule = { name: `s${names}`, task: 'demo/say', arguments: { text: 'hello' }, ...body };
  const answer = await call('POST', '/v1/schedules', schedule);
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body;
}

type FiringJson = Readonly<Record<'verdict' | 'run_id' | 'outcome' | 'due_at' | 'message', string>>;

async function firings(id: string, query = ''): Promise<readonly FiringJson[]> {
  const { body } = await call('GET', `/v1/schedules/${id}/firings${query}`);
  return body['data'] as readonly FiringJson[];
}

/** Bounded: 20 s. */
async function until(id: string, isSo: (found: readonly FiringJson[]) => boolean) {
  for (let tries = 0; tries < 400; tries += 1) {
    const found = await firings(id);
    if (isSo(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`what became of ${id}: ${JSON.stringify(await firings(id))}`);
}

describe('a schedule', () => {
  it('is made, listed, shown, changed, paused, resumed and removed', async () => {
    const schedule = await made({ name: 'nightly', trigger: DAILY });
    const { id } = schedule;
    expect(schedule).toMatchObject({
      name: 'nightly',
      task: 'demo/say',
      job: null,
      trigger: DAILY,
      overlap: 'skip',
      missed: 'once',
      missed_window: 86_400,
      paused: false,
    });
    expect(Date.parse(String(schedule['next_due_at']))).toBeGreaterThan(Date.now());
    const listed = await call('GET', '/v1/schedules?name=nightly');
    expect(listed.body['data']).toEqual([schedule]);
    expect((await call('GET', `/v1/schedules/${id}`)).body).toEqual(schedule);
    const path = `/v1/schedules/${id}`;
    expect((await call('PATCH', path, { paused: true })).body).toEqual({
      ...schedule,
      paused: true,
      next_due_at: null,
    });
    expect((await call('PATCH', path, { paused: false })).body).toEqual(schedule);
    const trigger = { kind: 'interval', seconds: 86_400 };
    const changed = await call('PATCH', path, { trigger, overlap: 'queue', name: 'daily' });
    expect(changed.body).toMatchObject({ trigger, overlap: 'queue', name: 'daily' });
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('GET', path)).status).toBe(404);
  });

  it('starts a run each time, and says what became of it', async () => {
    const { id } = await made({ trigger: { kind: 'interval', seconds: 1 } });
    const found = await until(
      id,
      (all) => all.filter(({ outcome }) => outcome !== null).length > 1,
    );
    await call('PATCH', `/v1/schedules/${id}`, { paused: true });
    const ended = found.filter(({ outcome }) => outcome !== null);
    for (const firing of ended) {
      expect(firing).toMatchObject({ verdict: 'fired', outcome: 'success' });
      expect(new Date(firing.due_at).getMilliseconds()).toBe(0);
      expect(await endedRun(server, firing.run_id)).toMatchObject({ status: 'success' });
    }
    expect(new Set(found.map(({ due_at }) => due_at)).size).toBe(found.length);
  });

  it('fires when it is told to, once for one idempotency key', async () => {
    const { id } = await made({ trigger: NEVER, paused: true });
    const headers = { 'idempotency-key': 'once' };
    for (let times = 0; times < 2; times += 1) {
      const answer = await server.json(`/v1/schedules/${id}/fire`, { method: 'POST', headers });
      expect(answer.status).toBe(202);
    }
    const [firing, ...others] = await until(id, ([first]) => first?.outcome === 'success');
    expect(others).toEqual([]);
    const run = await endedRun(server, firing?.run_id ?? '');
    expect(run).toMatchObject({ task: 'demo/say', status: 'success' });
  });

  it('does not run beside itself', async () => {
    const schedule = { task: 'demo/wait', arguments: {}, trigger: NEVER, overlap: 'skip' };
    const { id } = await made(schedule);
    await call('POST', `/v1/schedules/${id}/fire`);
    await until(id, ([first]) => first?.verdict === 'fired');
    await call('POST', `/v1/schedules/${id}/fire`);
    const [second] = await until(id, (all) => all.every(({ verdict }) => verdict !== 'waiting'));
    expect(second).toMatchObject({ verdict: 'skipped_overlap', run_id: null });
    expect((await firings(id, '?verdict=skipped_overlap')).length).toBe(1);
    open();
    await until(id, (all) => all.some(({ outcome }) => outcome === 'success'));
    gate = new Promise((resolve) => {
      open = resolve;
    });
  });

  it('starts after another one has ended', async () => {
    const first = await made({ trigger: NEVER });
    const second = await made({ trigger: { kind: 'after_run', of: first.id } });
    const third = await made({ trigger: { kind: 'after_run', of: second.id, on: 'failure' } });
    await call('POST', `/v1/schedules/${first.id}/fire`);
    await until(second.id, ([found]) => found?.outcome === 'success');
    expect(await firings(third.id)).toEqual([]);
    const trigger = { kind: 'after_run', of: third.id };
    const circle = await call('PATCH', `/v1/schedules/${first.id}`, { trigger });
    expect([circle.status, circle.body['detail']]).toEqual([
      400,
      `body.trigger.of: ${first.id} would run after itself, for ever`,
    ]);
  });

  it('starts a job, whose own rules hold', async () => {
    const job = { name: 'speaker', task: 'demo/say', arguments: { text: 'from the job' } };
    const { body: made_ } = await call('POST', '/v1/jobs', job);
    const schedule = { name: 'of the job', job: made_.id, trigger: NEVER };
    const { body: found } = await call('POST', '/v1/schedules', schedule);
    expect(found).toMatchObject({ job: made_.id, task: null });
    await call('POST', `/v1/schedules/${found.id}/fire`);
    const [firing] = await until(found.id, ([first]) => first?.outcome === 'success');
    const record = await call('GET', `/v1/jobs/${made_.id}/runs/${firing?.run_id}`);
    expect(record.body).toMatchObject({ trigger: 'schedule', status: 'success' });
    await call('PATCH', `/v1/jobs/${made_.id}`, { archived: true });
    await call('POST', `/v1/schedules/${found.id}/fire`);
    const [refused] = await until(found.id, ([first]) => first?.verdict === 'skipped_archived');
    expect(refused?.message).toBe('the job speaker is archived: it never runs');
  });

  it('is passed over quietly while its job is archived, and goes on when that is back', async () => {
    const { body: job } = await call('POST', '/v1/jobs', {
      name: 'put away',
      task: 'demo/say',
      arguments: { text: 'hello' },
    });
    await call('PATCH', `/v1/jobs/${job.id}`, { archived: true });
    const trigger = {
      kind: 'after_outcome',
      on_success: 86_400,
      on_idle: 1,
      on_error: 86_400,
      on_timeout: 86_400,
    };
    const { id } = await made({ task: undefined, job: job.id, arguments: {}, trigger });
    const skipped = await until(id, (all) => all.length > 2 && all[2]?.verdict !== 'waiting');
    expect(skipped.slice(-2)).toMatchObject([
      { verdict: 'skipped_archived', run_id: null, message: expect.stringContaining('archived') },
      { verdict: 'skipped_archived' },
    ]);
    await call('PATCH', `/v1/jobs/${job.id}`, { archived: false });
    await until(id, (all) => all.some(({ outcome }) => outcome === 'success'));
    // People know it by its name.
    const client = new ApiClient({ url: server.url, key: undefined, version: '0.0.0' });
    const shown = (await new RemoteSchedules(client).list()).find((each) => each.id === id);
    expect(shown).toMatchObject({ work: 'job put away', jobId: job.id });
  });

  it('are listed for a key that may not see jobs, which are named by their ids', async () => {
    const own = await startTestServer([say]);
    const post = async (path: string, body: object, key?: string) => {
      const answer = await own.json(path, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify(body),
      });
      expect(answer.status, JSON.stringify(answer.body)).toBe(201);
      return answer.body;
    };
    try {
      const job = await post('/v1/jobs', {
        name: 'unseen',
        task: 'demo/say',
        arguments: { text: 'x' },
      });
      await post('/v1/schedules', { name: 'of a job', job: job.id, arguments: {}, trigger: NEVER });
      await post('/v1/schedules', {
        name: 'of a task',
        task: 'demo/say',
        arguments: { text: 'x' },
        trigger: NEVER,
      });
      const admin = String((await post('/v1/keys', { name: 'a', scopes: ['admin'] }))['key']);
      const listedFor = async (scopes: readonly string[]) => {
        const { key } = await post('/v1/keys', { name: 'b', scopes }, admin);
        const client = new ApiClient({ url: own.url, key: String(key), version: '0.0.0' });
        const shown = await new RemoteSchedules(client).list();
        return shown.map(({ work }) => work);
      };
      expect(await listedFor(['runs:read'])).toEqual(['task demo/say', `job ${job.id}`]);
      expect(await listedFor(['runs:read', 'jobs:read'])).toEqual(['task demo/say', 'job unseen']);
    } finally {
      await own.close();
    }
  });

  it('goes on after a restart, and takes up what waits', async () => {
    let own = await startTestServer([say]);
    const body = { name: 'a', task: 'demo/say', arguments: { text: 'x' }, trigger: NEVER };
    const json = { 'content-type': 'application/json' };
    const { body: schedule } = await own.json('/v1/schedules', {
      method: 'POST',
      headers: json,
      body: JSON.stringify(body),
    });
    await own.stop();
    const database = await own.openStore();
    await database.db
      .updateTable('triggers')
      .set({
        definition: JSON.stringify({ kind: 'hourly' }),
        next_due_at: 3_600_000 * Math.floor(Date.now() / 3_600_000),
      })
      .execute();
    await database.db.destroy();
    own = await startTestServer([say], { folder: own.folder });
    for (let tries = 0; ; tries += 1) {
      const { body: found } = await own.json(`/v1/schedules/${schedule.id}/firings`);
      const [firing] = found['data'] as readonly FiringJson[];
      if (firing?.outcome === 'success') break;
      if (tries === 400) throw new Error(`it was not taken up: ${JSON.stringify(found)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(own.errors).toEqual([]);
    await own.close();
  });
});

describe('what is wrong with a schedule', () => {
  const all = { name: 'wrong', task: 'demo/say', arguments: { text: 'a' }, trigger: DAILY };

  it.each([
    [{ ...all, task: undefined }, 400, 'body.task is missing: expected a task or a job'],
    [{ ...all, job: 'job_x' }, 400, 'body.task and body.job are both there'],
    [{ ...all, task: 'demo/double' }, 400, 'body.task: demo/double reads a CSV'],
    [{ ...all, task: 'demo/nothing' }, 404, 'demo/nothing'],
    [{ ...all, arguments: {} }, 422, 'arguments of demo/say: text'],
    [{ ...all, task: undefined, job: 'job_x', arguments: {} }, 404, 'there is no job job_x'],
    [{ ...all, trigger: { kind: 'weekly' } }, 400, 'body.trigger.kind: "weekly" is no kind'],
    [{ ...all, trigger: { ...DAILY, zone: 'Mars' } }, 400, 'body.trigger.zone: "Mars" is no time'],
    [
      {
        ...all,
        trigger: { kind: 'rrule', rule: 'FREQ=DAILY;COUNT=1', start: '2020-01-01T00:00' },
      },
      400,
      'body.trigger: all of its times are over',
    ],
    [
      { ...all, trigger: { kind: 'after_run', of: 'sch_x' } },
      400,
      'body.trigger.of: there is no schedule sch_x',
    ],
    [{ ...all, missed_window: 0 }, 400, 'body.missed_window'],
  ])('is said: %j', async (body, status, detail) => {
    const answer = await call('POST', '/v1/schedules', body);
    expect(answer.status).toBe(status);
    expect(String(answer.body['detail'])).toContain(detail);
    expect((await call('GET', '/v1/schedules?name=wrong')).body['data']).toEqual([]);
  });

  it('is a name that is taken', async () => {
    const { id } = await made({ name: 'taken', trigger: NEVER });
    const again = await call('POST', '/v1/schedules', { ...all, name: 'taken' });
    expect([again.status, again.body['code']]).toEqual([409, 'conflict']);
    const other = await made({ trigger: NEVER });
    expect((await call('PATCH', `/v1/schedules/${other.id}`, { name: 'taken' })).status).toBe(409);
    expect((await call('PATCH', `/v1/schedules/${id}`, { name: 'taken' })).status).toBe(200);
  });
});

describe('the preview of a schedule', () => {
  it('shows the next times, with what summer time does to them', async () => {
    const after = '2026-03-27T12:00:00Z';
    const preview = { trigger: DAILY, count: 3, after };
    const { status, body } = await call('POST', '/v1/schedules/preview', preview);
    expect([status, body]).toEqual([
      200,
      {
        zone: 'Europe/Madrid',
        data: [
          { due_at: '2026-03-28T01:30:00.000Z', local: '2026-03-28T02:30:00+01:00', marks: [] },
          {
            due_at: '2026-03-29T01:00:00.000Z',
            local: '2026-03-29T03:00:00+02:00',
            marks: ['clocks_changed', 'moved'],
          },
          { due_at: '2026-03-30T00:30:00.000Z', local: '2026-03-30T02:30:00+02:00', marks: [] },
        ],
      },
    ]);
    const ten = await call('POST', '/v1/schedules/preview', { trigger: { kind: 'hourly' } });
    expect((ten.body['data'] as readonly unknown[]).length).toBe(10);
  });

  it('is refused for what has no times', async () => {
    const { status, body } = await call('POST', '/v1/schedules/preview', { trigger: NEVER });
    expect([status, body['detail']]).toEqual([
      400,
      'body.trigger.kind: event waits for something that happens: it has no times to show',
    ]);
  });
});
