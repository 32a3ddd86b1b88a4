import { afterEach, describe, expect, it } from 'vitest';
import type { SystemExecution } from '../../src/engine/ports/system-job-store.ts';
import type { ServerOptions } from '../../src/server-options.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await server.close();
    expect(server.errors).toEqual([]);
  }
});

async function serve(options: Partial<ServerOptions> = {}): Promise<TestServer> {
  const server = await startTestServer([], options);
  servers.push(server);
  return server;
}

const run = (server: TestServer, job: string) =>
  server.json(`/v1/system-jobs/${job}/run?wait=30`, { method: 'POST' });

async function executions(server: TestServer, job: string): Promise<readonly unknown[]> {
  const { body } = await server.json(`/v1/system-jobs/${job}/executions`);
  return body['data'] as readonly unknown[];
}

describe('the jobs of the system', () => {
  it('are listed with their plans, those of the settings beside those by default', async () => {
    const server = await serve({
      systemJobs: {
        retention: { kind: 'time', time: '03:00', zone: 'Europe/Madrid' },
        expired_drafts: { kind: 'off' },
      },
    });
    const { body } = await server.json('/v1/system-jobs');
    expect(body['data']).toContainEqual(
      expect.objectContaining({
        name: 'retention',
        plan: expect.objectContaining({ text: 'at 03:00 Europe/Madrid', frequency: null }),
        default_plan: expect.objectContaining({ text: 'every 3600 s', frequency: 3600 }),
        is_configured: true,
        next_due_at: expect.stringMatching(/T0[12]:00:00\.000Z$/),
      }),
    );
    const off = await server.json('/v1/system-jobs/expired_drafts');
    expect(off.body).toMatchObject({ next_due_at: null, plan: { is_off: true }, last: null });
    expect((await run(server, 'expired_drafts')).status).toBe(409);
    const unknown = await server.json('/v1/system-jobs/retentoin');
    expect([unknown.status, unknown.body['detail']]).toEqual([
      404,
      expect.stringContaining('Did you mean retention?'),
    ]);
  });

  it('are carried out on call, and tell what they did', async () => {
    const ended: SystemExecution[] = [];
    const server = await serve({
      systemJobs: { expired_requests: { kind: 'on_call' } },
      onSystemJob: (execution) => ended.push(execution),
    });
    const { db } = await server.openStore();
    const hourAgo = Date.now() - 3_600_000;
    const request = { account_id: 'local', head: 'h', nonce: 'n', holder: 'x', lease_until: 0 };
    await db
      .insertInto('idempotent_requests')
      .values([
        { ...request, key_hash: 'old', created_at: 1 },
        { ...request, key_hash: 'new', created_at: hourAgo },
      ])
      .execute();
    const { status, body } = await run(server, 'expired_requests');
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ status: 'success', trigger: 'call', counts: { removed: 1 } }),
    ]);
    const left = await db.selectFrom('idempotent_requests').select('key_hash').execute();
    expect(left).toEqual([{ key_hash: 'new' }]);
    await db.destroy();
    expect(await executions(server, 'expired_requests')).toContainEqual(
      expect.objectContaining({ id: body.id }),
    );
    expect(ended.find(({ id }) => id === body.id)).toMatchObject({ counts: { removed: 1 } });
    const compacted = await run(server, 'compact');
    expect(compacted.body).toMatchObject({
      status: 'success',
      counts: { freed_bytes: expect.any(Number) },
    });
  });

  it('forget keys that ended a month ago, but never the last: no key at all opens the server', async () => {
    const server = await serve();
    const headers = { 'content-type': 'application/json' };
    const newKey = async (by: Readonly<Record<string, string>> = {}) =>
      (
        await server.json('/v1/keys', {
          method: 'POST',
          headers: { ...headers, ...by },
          body: JSON.stringify({ name: 'one', scopes: ['admin'] }),
        })
      ).body;
    const first = await newKey();
    const by = { authorization: `Bearer ${String(first['key'])}` };
    const second = await newKey(by);
    const old = await newKey(by);
    const { db } = await server.openStore();
    await db.updateTable('api_keys').set({ revoked_at: 1 }).where('id', '=', second.id).execute();
    await db.updateTable('api_keys').set({ expires_at: 1 }).where('id', '=', old.id).execute();
    const { body } = await server.json('/v1/system-jobs/expired_keys/run?wait=30', {
      method: 'POST',
      headers: by,
    });
    const left = await db.selectFrom('api_keys').select('id').orderBy('created_at').execute();
    await db.destroy();
    // The newest stays, though it has expired.
    expect(left.map(({ id }) => id).toSorted()).toEqual([first.id, old.id].toSorted());
    expect(body).toMatchObject({ counts: { removed: 1 } });
  });

  it('name runs that no server goes on with, once they were there twice', async () => {
    const server = await serve({ systemJobs: { stuck_runs: { kind: 'on_call' } } });
    const { db } = await server.openStore();
    const run_ = { account_id: 'acme', auth_account_id: 'acme', task: 'a/b', record: '{}' };
    await db
      .insertInto('runs')
      .values({ ...run_, id: 'run_lost', status: 'executing', created_at: 1, place: 'gone' })
      .execute();
    expect((await run(server, 'stuck_runs')).body).toMatchObject({ counts: { stuck: 0 } });
    expect((await run(server, 'stuck_runs')).body).toMatchObject({
      counts: { stuck: 1 },
      message: expect.stringContaining('run_lost (account acme, its files are at gone)'),
    });
    await db.updateTable('runs').set({ status: 'stopped' }).execute();
    expect((await run(server, 'stuck_runs')).body).toMatchObject({ counts: { stuck: 0 } });
    await db.destroy();
  });
});
