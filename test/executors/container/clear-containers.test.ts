import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EntityRunChange } from '../../../src/engine/ports/entity-run-store.ts';
import { serverLabel } from '../../../src/executors/container/container-labels.ts';
import { SqlEntityRunStore } from '../../../src/stores/sql/sql-entity-run-store.ts';
import { startTestServer, until, type TestServer } from '../../api/test-server.ts';
import { startFakeEngine } from './fake-engine.ts';

// Against a fake of the Docker Engine API.

let engine: Awaited<ReturnType<typeof startFakeEngine>>;
let server: TestServer;
const notices: string[] = [];
beforeAll(async () => {
  engine = await startFakeEngine(0);
  server = await start();
});
afterAll(async () => {
  await server.close();
  await engine.close();
  expect(server.errors).toEqual([]);
});

const start = (folder?: string): Promise<TestServer> =>
  startTestServer([], {
    ...(folder !== undefined && { folder }),
    containerEngine: engine.url,
    onNotice: (message) => notices.push(message),
  });
const startEntity = async (): Promise<string> => {
  const { body } = await server.send('POST', '/v1/entities', {
    entity: { runner: { type: 'container', image: 'here:1', timeout: 60 } },
  });
  const uid = String(body['uid']);
  await statusOf(uid, 'running');
  return uid;
};
const statusOf = (uid: string, status: string) =>
  until(
    async () => (await server.send('GET', `/v1/entities/${uid}`)).body,
    (body) => body['status'] === status,
  );
const save = async (uid: string, change: EntityRunChange): Promise<void> => {
  const store = await server.openStore();
  await new SqlEntityRunStore(store).save(uid, change);
  await store.db.destroy();
};
const forget = async (uid: string): Promise<void> => {
  const { db } = await server.openStore();
  await db.deleteFrom('entity_runs').where('run_id', '=', uid).execute();
  await db.destroy();
};
const containerOf = (uid: string) => {
  const container = engine.containers.get(`rowmill-${uid}`);
  if (container === undefined) throw new Error(`there is no container of ${uid}`);
  return container;
};
/** What is left when the stopped server was started again: what comes last in the list of the engine is cleared last. */
const afterClearing = async (): Promise<readonly string[]> => {
  engine.leave('last', {
    'rowmill.run': 'gone',
    'rowmill.server': containerOf(witness).body.Labels?.['rowmill.server'] ?? '',
  });
  server = await start(server.folder);
  const names = async (): Promise<readonly string[]> => [...engine.containers.keys()];
  return until(names, (found) => !found.includes('last'));
};
let witness = '';

describe('containers of entities', () => {
  it('that are gone or have ended are removed when a server starts, and no others', async () => {
    witness = await startEntity();
    const [gone, failed, read, unread, refused, removed, late] = [
      await startEntity(),
      await startEntity(),
      await startEntity(),
      await startEntity(),
      await startEntity(),
      await startEntity(),
      await startEntity(),
    ];
    const labels = containerOf(witness).body.Labels ?? {};
    expect(labels).toMatchObject({ 'rowmill.run': witness });
    await server.stop();
    await forget(gone);
    await save(failed, { phase: 'ended', status: 'failed' });
    Object.assign(containerOf(failed), { status: 'exited', exitCode: 3 });
    const content = new Uint8Array([1]);
    await save(read, { phase: 'ended', status: 'completed', content });
    Object.assign(containerOf(read), { status: 'exited' });
    // Its progress could not be asked for, and it was completed behind that.
    await save(unread, { phase: 'ended', status: 'failed' });
    Object.assign(containerOf(unread), { status: 'exited', stdout: 'hours of work' });
    await save(refused, { phase: 'ended', status: 'failed' });
    await save(removed, { phase: 'ended', status: 'unknown' });
    await save(late, { phase: 'ended', status: 'failed' });
    Object.assign(containerOf(late).body.Labels ?? {}, { 'rowmill.until': '999' });
    engine.leave('foreign', { 'rowmill.run': 'run_elsewhere', 'rowmill.server': 'another' });
    engine.leave('of-nobody', { 'rowmill.run': 'run_elsewhere' });
    const left = await afterClearing();
    expect(left).toEqual([
      `rowmill-${witness}`,
      `rowmill-${unread}`,
      `rowmill-${refused}`,
      'foreign',
      'of-nobody',
    ]);
    await until(
      async () => notices,
      (told) => told.length > 0,
    );
    expect(notices).toEqual(['6 containers of entities that are over were removed']);
    engine.containers.delete('foreign');
    engine.containers.delete('of-nobody');
    // What was at work is gone on with.
    Object.assign(containerOf(witness), { status: 'exited', stdout: 'done' });
    await statusOf(witness, 'completed');
    expect(containerOf(unread).stdout).toBe('hours of work');
  });

  it('have labels that say whose they are, and until when', async () => {
    const uid = await startEntity();
    const labels = containerOf(uid).body.Labels ?? {};
    expect(Object.keys(labels).sort()).toEqual(['rowmill.run', 'rowmill.server', 'rowmill.until']);
    expect(Number(labels['rowmill.until'])).toBeGreaterThan(Date.now() + 60_000);
  });

  it('tell a server as they always have: what a container says outlives the program', () => {
    expect(serverLabel('srv_one')).toBe('3a0d6cf44938d7f7');
  });
});
