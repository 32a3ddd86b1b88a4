import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { check } from './check-task.ts';
import { audited, endedRun, startTestServer, type TestServer } from './test-server.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await server.close();
    expect(server.errors).toEqual([]);
  }
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([check], options);
  servers.push(server);
  return server;
}

async function run(server: TestServer, text = 'good', more = ''): Promise<string> {
  const { body } = await server.json(`/v1/tasks/text/check/runs${more}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: `text\n${text}\n`,
  });
  if (more === '') await endedRun(server, body.id);
  return body.id;
}

const call = (server: TestServer, method: string, path: string) =>
  server.json(`/v1/runs/${path}`, { method });
const folders = (server: TestServer) => readdir(join(server.folder, 'server-runs'));
const purge = (server: TestServer) =>
  server.json('/v1/system-jobs/purge/run?wait=30', { method: 'POST' });

async function listed(server: TestServer, query = ''): Promise<readonly string[]> {
  const { body } = await server.json(`/v1/runs${query}`);
  return (body['data'] as readonly { readonly id: string }[]).map(({ id }) => id);
}

/** So long ago that it is purged. */
async function age(server: TestServer, runId: string): Promise<void> {
  const { db } = await server.openStore();
  await db.updateTable('runs').set({ deleted_at: 1 }).where('id', '=', runId).execute();
  await db.destroy();
}

describe('a deleted run', () => {
  it('is out of sight, and comes back as it was', async () => {
    const server = await serve();
    const id = await run(server);
    const before = (await server.json(`/v1/runs/${id}`)).body;
    expect((await call(server, 'DELETE', id)).status).toBe(204);
    for (const path of [id, `${id}/rows`, `${id}/log`, `${id}/events`, `${id}/files/output.csv`]) {
      expect([path, (await call(server, 'GET', path)).status]).toEqual([path, 404]);
    }
    expect((await call(server, 'DELETE', id)).status).toBe(404);
    expect((await call(server, 'POST', `${id}/retry`)).status).toBe(404);
    expect([await listed(server), await listed(server, '?deleted=true')]).toEqual([[], [id]]);
    const restored = await call(server, 'POST', `${id}/restore`);
    expect([restored.status, restored.body]).toEqual([
      200,
      expect.objectContaining({ id, status: 'success', deleted_at: null }),
    ]);
    expect((await server.json(`/v1/runs/${id}`)).body).toEqual(before);
    const output = await fetch(`${server.url}/v1/runs/${id}/files/output.csv`);
    expect(await output.text()).toContain('good');
    const again = await call(server, 'POST', `${id}/restore`);
    expect([again.status, again.body['code']]).toEqual([409, 'wrong_status']);
  });

  it('is purged with its files when that time is over, and not before', async () => {
    const server = await serve();
    const [old, young] = [await run(server), await run(server)];
    await call(server, 'DELETE', old);
    await call(server, 'DELETE', young);
    await age(server, old);
    expect((await purge(server)).body).toMatchObject({ status: 'success', counts: { removed: 1 } });
    expect(await folders(server)).toEqual([young]);
    expect((await call(server, 'POST', `${old}/restore`)).status).toBe(404);
    expect(await audited(server, 'purgeRun')).toMatchObject([{ subject: old }]);
    expect((await call(server, 'POST', `${young}/restore`)).status).toBe(200);
    expect((await purge(server)).body).toMatchObject({ counts: { removed: 0 } });
  });

  it('is gone at once where that is asked, or where nothing is kept', async () => {
    const server = await serve();
    await call(server, 'DELETE', `${await run(server)}?purge=true`);
    expect([await folders(server), await listed(server, '?deleted=true')]).toEqual([[], []]);
    const strict = await serve({ keepDeletedDays: 0 });
    await call(strict, 'DELETE', await run(strict));
    expect([await folders(strict), await listed(strict, '?deleted=true')]).toEqual([[], []]);
  });

  it('goes and comes with its family, and is purged behind those that came from it', async () => {
    const server = await serve();
    const first = await run(server, 'bad');
    const { body } = await call(server, 'POST', `${first}/retry`);
    await endedRun(server, body.id);
    expect((await call(server, 'DELETE', first)).status).toBe(409);
    expect((await call(server, 'DELETE', `${first}?with_children=true`)).status).toBe(204);
    expect(await listed(server)).toEqual([]);
    // What it came from comes back with it.
    await call(server, 'POST', `${body.id}/restore`);
    expect(await listed(server)).toEqual([body.id, first]);
    expect((await server.json(`/v1/runs/${first}`)).body['children']).toHaveLength(1);
    // A child that is deleted is in nobody's way.
    await call(server, 'DELETE', body.id);
    expect((await server.json(`/v1/runs/${first}`)).body['children']).toEqual([]);
    expect((await call(server, 'DELETE', first)).status).toBe(204);
    await age(server, first);
    expect((await purge(server)).body).toMatchObject({ counts: { removed: 0 } });
    await age(server, body.id);
    expect((await purge(server)).body).toMatchObject({ counts: { removed: 2 } });
    expect(await folders(server)).toEqual([]);
  });

  it('that waited is not begun, also when it is back', async () => {
    const server = await serve({ slots: 1 });
    const id = await run(server, 'good', '?start=false');
    const later = JSON.stringify({ at: new Date(Date.now() + 3_600_000).toISOString() });
    const headers = { 'content-type': 'application/json' };
    await server.json(`/v1/runs/${id}/start`, { method: 'POST', headers, body: later });
    await call(server, 'DELETE', id);
    const restored = await call(server, 'POST', `${id}/restore`);
    expect(restored.body).toMatchObject({ status: 'pending', due_at: null });
  });

  it('of another account is not restored', async () => {
    const server = await serve();
    const newKey = async (account: string, by: Record<string, string> = {}): Promise<string> => {
      const { body } = await server.json('/v1/keys', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...by },
        body: JSON.stringify({
          name: 'one',
          account_id: account,
          scopes: account === 'local' ? ['admin'] : ['runs:read', 'runs:write'],
        }),
      });
      return String(body['key']);
    };
    const id = await run(server);
    await call(server, 'DELETE', id);
    const admin = { authorization: `Bearer ${await newKey('local')}` };
    const other = { authorization: `Bearer ${await newKey('other', admin)}` };
    const restore = (headers: Record<string, string>) =>
      server.json(`/v1/runs/${id}/restore`, { method: 'POST', headers });
    expect((await restore(other)).status).toBe(404);
    expect((await restore(admin)).status).toBe(200);
  });
});
