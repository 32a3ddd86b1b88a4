import { afterEach, describe, expect, it } from 'vitest';
import { RUN_ACTIONS, type RunSituation } from '../../src/engine/hosting/run-situation.ts';
import { defineTask, write } from '../../src/index.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

/** Rows wait for the test. */
class Gate {
  #open: (() => void)[] = [];
  waiting = 0;
  isOpen = false;

  pass(): Promise<void> {
    this.waiting += 1;
    if (this.isOpen) return Promise.resolve();
    return new Promise((resolve) => this.#open.push(resolve));
  }

  letOne(): void {
    this.#open.shift()?.();
  }

  letAll(): void {
    this.isOpen = true;
    for (const open of this.#open.splice(0)) open();
  }
}

let gate = new Gate();

const waits = defineTask({
  category: 'test',
  action: 'waits',
  description: 'Wait for the test at each row',
  mandatory: { n: () => true },
  output: ['done'],
  async row({ n }) {
    await gate.pass();
    return write({ done: n });
  },
});

const breaks = defineTask({
  category: 'test',
  action: 'breaks',
  description: 'Cannot begin',
  mandatory: { n: () => true },
  output: ['done'],
  open: () => {
    throw new Error('the cellar is flooded');
  },
  row: ({ n }) => write({ done: n }),
});

const servers: TestServer[] = [];
afterEach(async () => {
  gate.letAll();
  gate = new Gate();
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([waits, breaks], options);
  servers.push(server);
  return server;
}

async function create(server: TestServer, { task = 'waits', query = '' } = {}): Promise<string> {
  const { body } = await server.json(`/v1/tasks/test/${task}/runs${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: 'n\n1\n2\n3\n',
  });
  return body.id;
}

function act(server: TestServer, runId: string, action: string, body?: unknown) {
  return server.json(
    `/v1/runs/${runId}${action === 'delete' ? '' : `/${action}`}`,
    action === 'delete'
      ? { method: 'DELETE' }
      : {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body ?? {}),
        },
  );
}

/** Looks until it is so. Bounded: 10 s. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not become so');
}

/** How a run of each situation is stored: what differs from one that was never started. */
const STORED: Readonly<Record<RunSituation, string>> = {
  pending: `status = 'pending'`,
  queued: `due_at = 1`,
  executing: `status = 'executing', holder = 'another', lease_until = 99999999999999`,
  interrupted: `status = 'executing'`,
  paused: `status = 'paused'`,
  resuming: `status = 'paused', due_at = 1`,
  stopped: `status = 'stopped'`,
  internal_error: `status = 'internal_error', message = 'the disk is full', error_code = 'disk_full'`,
  success: `status = 'success'`,
  failure: `status = 'failure'`,
  partial: `status = 'partial'`,
  dropped_dup: `status = 'dropped_dup'`,
};

/** Situation → answer of start, pause, resume, stop, acknowledge, delete; what is a status stands so after it. */
const ANSWERS: Readonly<Record<RunSituation, string>> = {
  pending:
    '202 pending | 409 wrong_status | 409 wrong_status | 202 stopped | 409 wrong_status | 204',
  queued:
    '409 wrong_status | 202 pending | 409 wrong_status | 202 stopped | 409 wrong_status | 204',
  executing:
    '409 wrong_status | 202 executing | 409 run_busy | 202 executing | 409 wrong_status | 409 run_busy',
  interrupted:
    '409 wrong_status | 202 paused | 202 executing | 202 stopped | 409 wrong_status | 204',
  paused: '409 wrong_status | 202 paused | 202 paused | 202 stopped | 409 wrong_status | 204',
  resuming: '409 wrong_status | 202 paused | 202 paused | 202 stopped | 409 wrong_status | 204',
  stopped: '409 wrong_status | 409 wrong_status | 202 stopped | 202 stopped | 200 stopped | 204',
  internal_error:
    '409 wrong_status | 409 wrong_status | 202 internal_error | 409 wrong_status | 200 internal_error | 204',
  success:
    '409 wrong_status | 409 wrong_status | 409 wrong_status | 409 wrong_status | 200 success | 204',
  failure:
    '409 wrong_status | 409 wrong_status | 409 wrong_status | 409 wrong_status | 200 failure | 204',
  partial:
    '409 wrong_status | 409 wrong_status | 409 wrong_status | 409 wrong_status | 200 partial | 204',
  dropped_dup:
    '409 wrong_status | 409 wrong_status | 409 wrong_status | 409 wrong_status | 200 dropped_dup | 204',
};

describe('what is asked of a run', () => {
  it.each(Object.keys(ANSWERS) as RunSituation[])(
    'is answered by how it stands: %s',
    async (situation) => {
      // It has no room for a run, so that each stays as it is.
      const first = await serve({ slots: 0 });
      const ids: string[] = [];
      for (const _ of RUN_ACTIONS) ids.push(await create(first, { query: '?start=false' }));
      await first.stop();
      servers.splice(0);
      const { db } = await first.openStore();
      const { sql } = await import('kysely');
      await sql.raw(`update runs set ${STORED[situation]}`).execute(db);
      await db.destroy();
      const server = await serve({ slots: 0, folder: first.folder });
      const answers = await Promise.all(
        RUN_ACTIONS.map(async (action, index) => {
          const { status, body } = await act(server, ids[index] ?? '', action);
          const said = body['code'] ?? body['status'] ?? '';
          return `${status} ${said as string}`.trim();
        }),
      );
      expect(answers.join(' | ')).toBe(ANSWERS[situation]);
    },
  );

  it('is told to a run at work: it pauses, its place is free for another, and it goes on', async () => {
    const server = await serve({ slots: 1 });
    const id = await create(server);
    await until(() => gate.waiting === 1);
    const pausing = act(server, id, 'pause');
    await until(async () => (await server.json(`/v1/runs/${id}`)).body['asked'] === 'pause');
    gate.letOne();
    expect((await pausing).body).toMatchObject({ status: 'paused', message: 'paused on request' });
    const other = await create(server);
    await until(() => gate.waiting === 2);
    expect((await act(server, id, 'resume')).body).toMatchObject({ status: 'paused' });
    gate.letAll();
    expect(await endedRun(server, other)).toMatchObject({ status: 'success' });
    await until(async () => (await server.json(`/v1/runs/${id}`)).body['status'] === 'success');
    const output = await fetch(`${server.url}/v1/runs/${id}/files/output.csv`);
    expect(await output.text()).toBe('n,done,error\n1,1,\n2,2,\n3,3,\n');
  });

  it('takes a pause back that has not come yet', async () => {
    const server = await serve();
    const id = await create(server);
    await until(() => gate.waiting === 1);
    const pausing = act(server, id, 'pause');
    await until(async () => (await server.json(`/v1/runs/${id}`)).body['asked'] === 'pause');
    const resuming = act(server, id, 'resume');
    await until(async () => (await server.json(`/v1/runs/${id}`)).body['asked'] !== 'pause');
    gate.letAll();
    await pausing;
    await resuming;
    await until(async () => (await server.json(`/v1/runs/${id}`)).body['status'] === 'success');
  });

  it('can be for a time, which can be changed, and taken back', async () => {
    const server = await serve();
    gate.letAll();
    const id = await create(server, { query: '?start=false' });
    const at = '2099-01-01T00:00:00Z';
    expect((await act(server, id, 'start', { at })).body).toMatchObject({
      status: 'pending',
      due_at: '2099-01-01T00:00:00.000Z',
    });
    expect(
      (await act(server, id, 'start', { at: '2098-01-01T00:00:00+02:00' })).body,
    ).toMatchObject({
      due_at: '2097-12-31T22:00:00.000Z',
    });
    expect((await act(server, id, 'pause')).body).toMatchObject({
      status: 'pending',
      due_at: null,
    });
    expect((await act(server, id, 'start', { at: 'tomorrow' })).status).toBe(400);
    expect((await act(server, id, 'start')).status).toBe(202);
    expect(await endedRun(server, id)).toMatchObject({ status: 'success', due_at: null });
  });

  it('says what is wrong with a run that could not go on, and what helps', async () => {
    const server = await serve();
    const id = await create(server, { task: 'breaks' });
    expect(await endedRun(server, id)).toMatchObject({
      status: 'internal_error',
      message: 'the cellar is flooded',
      error_code: null,
      hint: 'Remove the cause, then resume the run: it goes on from its last checkpoint. Its log says more.',
    });
    const acknowledged = (await act(server, id, 'acknowledge')).body;
    expect(acknowledged['acknowledged_at']).not.toBeNull();
    expect((await act(server, id, 'acknowledge')).body['acknowledged_at']).toBe(
      acknowledged['acknowledged_at'],
    );
  });

  it('goes on with other code only where that is accepted', async () => {
    const server = await serve({ slots: 1 });
    const id = await create(server);
    await until(() => gate.waiting === 1);
    const pausing = act(server, id, 'pause');
    await until(async () => (await server.json(`/v1/runs/${id}`)).body['asked'] === 'pause');
    gate.letOne();
    await pausing;
    await server.stop();
    servers.splice(0);
    const next = await serve({
      folder: server.folder,
      tasks: {
        find: async () => ({ task: waits, codeHash: 'other', origin: 'the test' }),
        list: async () => [],
        problems: [],
      },
    });
    gate.letAll();
    expect(await act(next, id, 'resume')).toMatchObject({
      status: 409,
      body: { code: 'code_changed' },
    });
    expect((await act(next, id, 'resume', { accept_new_code: true })).status).toBe(202);
    await until(async () => (await next.json(`/v1/runs/${id}`)).body['status'] === 'success');
  });
});
