import { mkdtempSync, rmSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { assert, asyncProperty, array, constantFrom, integer, record, string } from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BodyHash } from '../../src/api/idempotency/body-hash.ts';
import { defineTask, write } from '../../src/index.ts';
import { migrate } from '../../src/stores/sql/migrate.ts';
import { openPostgres } from '../../src/stores/sql/open-postgres.ts';
import { openSqlite } from '../../src/stores/sql/open-sqlite.ts';
import { SqlIdempotencyStore } from '../../src/stores/sql/sql-idempotency-store.ts';
import type { SqlDatabase } from '../../src/stores/sql/sql-database.ts';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres, type TestPostgres } from '../tasks/postgres-cluster.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

const copy = defineTask({
  category: 'text',
  action: 'copy',
  description: 'Copy a text',
  mandatory: { text: () => true },
  output: ['copy'],
  row: ({ text }) => write({ copy: text }),
});

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(folder?: string): Promise<TestServer> {
  const server = await startTestServer([copy], folder === undefined ? {} : { folder });
  servers.push(server);
  return server;
}

const PATH = '/v1/tasks/text/copy/runs';

function send(
  server: TestServer,
  { key, csv, path = PATH }: { readonly key: string; readonly csv: string; readonly path?: string },
): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', 'idempotency-key': key },
    body: csv,
  });
}

async function runCount(server: TestServer): Promise<number> {
  const { body } = await server.json('/v1/runs?limit=200');
  return (body['data'] as readonly unknown[]).length;
}

describe('a request with an Idempotency-Key', () => {
  it('is carried out once, and answered the same again', async () => {
    const server = await serve();
    const first = await send(server, { key: 'one', csv: 'text\na\n' });
    const again = await send(server, { key: 'one', csv: 'text\na\n' });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(first.headers.get('idempotency-replayed')).toBe(null);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(await again.json()).toEqual(await first.json());
    expect(await runCount(server)).toBe(1);
  });

  it.each([
    ['body', { csv: 'text\nb\n' }],
    ['query', { path: `${PATH}?start=false` }],
  ])('is refused with another %s', async (_, change) => {
    const server = await serve();
    await send(server, { key: 'one', csv: 'text\na\n' });
    const other = await send(server, { key: 'one', csv: 'text\na\n', ...change });
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: 'idempotency_mismatch' });
    expect(await runCount(server)).toBe(1);
  });

  it('may be sent again, mended, when it was refused', async () => {
    const server = await serve();
    expect((await send(server, { key: 'one', csv: 'wrong\na\n' })).status).toBe(422);
    const mended = await send(server, { key: 'one', csv: 'text\na\n' });
    expect(mended.status).toBe(201);
    expect(mended.headers.get('idempotency-replayed')).toBe(null);
  });

  it('is answered 409 while the first is on its way', async () => {
    const server = await serve();
    let more: ((text: string | undefined) => void) | undefined;
    const body = new ReadableStream({
      start(controller) {
        more = (text) => {
          if (text === undefined) controller.close();
          else controller.enqueue(Buffer.from(text));
        };
      },
    });
    const init = {
      method: 'POST',
      headers: { 'content-type': 'text/csv', 'idempotency-key': 'one' },
      body,
      duplex: 'half',
    } as const;
    const first = fetch(`${server.url}${PATH}`, init);
    more?.('text\n');
    await untilBegun(server);
    const second = await send(server, { key: 'one', csv: 'wrong\n' });
    expect(second.status).toBe(409);
    expect(second.headers.get('retry-after')).toBe('1');
    more?.('a\n');
    more?.(undefined);
    expect((await first).status).toBe(201);
    expect(await runCount(server)).toBe(1);
  });

  it('is refused with a key that is none', async () => {
    const server = await serve();
    const long = await send(server, { key: 'k'.repeat(256), csv: 'text\na\n' });
    expect(long.status).toBe(400);
    expect(await long.json()).toMatchObject({ errors: [{ at: 'header.idempotency-key' }] });
  });

  it('is taken up with the same run when the server died before it answered', async () => {
    const server = await serve();
    const first = await send(server, { key: 'one', csv: 'text\na\n' });
    const { id } = (await first.json()) as { readonly id: string };
    await endedRun(server, id);
    await server.stop();
    servers.splice(0);
    // As if the process had gone between the run and the answer.
    const { db } = await server.openStore();
    await db.updateTable('idempotent_requests').set({ answer: null, body_hash: null }).execute();
    await db.destroy();
    const next = await serve(server.folder);
    const again = await send(next, { key: 'one', csv: 'text\na\n' });
    expect(again.status).toBe(201);
    expect(await again.json()).toMatchObject({ id, status: 'success' });
    expect(await runCount(next)).toBe(1);
    const third = await send(next, { key: 'one', csv: 'text\na\n' });
    expect(third.headers.get('idempotency-replayed')).toBe('true');
  });

  it('keeps no answer that can be read without the key', async () => {
    const server = await serve();
    const first = await send(server, { key: 'a key of mine', csv: 'text\na\n' });
    const { id } = (await first.json()) as { readonly id: string };
    const { db } = await server.openStore();
    const rows = JSON.stringify(await db.selectFrom('idempotent_requests').selectAll().execute());
    await db.destroy();
    expect(rows).toContain('key_hash');
    expect(rows).not.toContain(id);
    expect(rows).not.toContain('a key of mine');
  });

  it('makes exactly one run for each key, however many are sent at once', async () => {
    const server = await serve();
    let round = 0;
    await assert(
      asyncProperty(
        array(
          record({ key: constantFrom('a', 'b'), csv: constantFrom('text\n1\n', 'text\n2\n') }),
          {
            minLength: 2,
            maxLength: 8,
          },
        ),
        async (requests) => {
          round += 1;
          const before = await runCount(server);
          const named = requests.map(({ key, csv }) => ({ key: `${round} ${key}`, csv }));
          const keys = new Set(named.map(({ key }) => key));
          const answers = await Promise.all(named.map((request) => send(server, request)));
          for (const { status } of answers) expect([201, 409, 422]).toContain(status);
          const ids = new Map<string, Set<string>>();
          for (const [index, answer] of answers.entries()) {
            const { id } = (await answer.json()) as { readonly id?: string };
            if (answer.status === 201 && id !== undefined) {
              const { key } = named[index] ?? { key: '' };
              ids.set(key, (ids.get(key) ?? new Set()).add(id));
            }
          }
          expect([...ids.keys()].toSorted()).toEqual([...keys].toSorted());
          for (const made of ids.values()) expect(made.size).toBe(1);
          expect((await runCount(server)) - before).toBe(keys.size);
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('the hash of a form', () => {
  const hashOf = async (
    boundary: string,
    { cell, step }: { readonly cell: string; readonly step: number },
  ) => {
    const request = new IncomingMessage(new Socket());
    request.headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const hash = BodyHash.of(request);
    const form = Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"\r\n\r\n${cell}\r\n--${boundary}--\r\n`,
    );
    for (let at = 0; at < form.length; at += step) request.push(form.subarray(at, at + step));
    request.push(null);
    return hash.hex();
  };

  it('does not depend on its boundary, nor on how it came', async () => {
    await assert(
      asyncProperty(string(), integer({ min: 1, max: 40 }), async (cell, step) => {
        const whole = await hashOf('----firstBoundary1', { cell, step: 10_000 });
        expect(await hashOf('----secondBoundary', { cell, step })).toBe(whole);
        expect(await hashOf('----firstBoundary1', { cell: `${cell}.`, step })).not.toBe(whole);
      }),
    );
  });
});

/** Until the server has written down that it has begun a request with a key. Bounded: 20 s. */
async function untilBegun(server: TestServer): Promise<void> {
  const { db } = await server.openStore();
  try {
    for (let tries = 0; tries < 1000; tries += 1) {
      const begun = await db.selectFrom('idempotent_requests').select('nonce').execute();
      if (begun.length > 0) return;
      await sleep(20);
    }
  } finally {
    await db.destroy();
  }
  throw new Error('no request with a key has begun');
}

let postgres: TestPostgres | undefined;
const folder = mkdtempSync(join(tmpdir(), 'rowmill-idempotency-'));
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true });
});

describe.each(['SQLite', 'PostgreSQL'])('requests with keys in %s', (kind) => {
  const open = async (): Promise<SqlDatabase | undefined> => {
    const database =
      kind === 'SQLite'
        ? openSqlite(join(mkdtempSync(join(folder, 'store-')), 'rowmill.db'))
        : postgres && (await openPostgres(await makeDatabase(postgres)));
    if (database !== undefined) await migrate(database);
    return database;
  };
  const request = { accountId: 'acc', keyHash: 'k1' };

  it('are begun once, taken up when their server has gone, and answered again', async (context) => {
    const database = await open();
    if (database === undefined) return context.skip(NOT_RUN);
    const store = new SqlIdempotencyStore(database, { holder: 'main' });
    try {
      const begun = await store.begin(request, { head: 'h', nonce: 'n1' });
      expect(begun).toEqual({ kind: 'begun', nonce: 'n1', isTakenUp: false });
      expect(await store.begin(request, { head: 'h', nonce: 'n2' })).toEqual({ kind: 'in_flight' });
      expect(
        await store.begin({ ...request, accountId: 'other' }, { head: 'h', nonce: 'n3' }),
      ).toMatchObject({ kind: 'begun' });
      await new SqlIdempotencyStore(database, { holder: 'main' }).releaseAll();
      expect(await store.begin(request, { head: 'other', nonce: 'n2' })).toEqual({
        kind: 'in_flight',
      });
      expect(await store.begin(request, { head: 'h', nonce: 'n2' })).toEqual({
        kind: 'begun',
        nonce: 'n1',
        isTakenUp: true,
      });
      await store.complete(request, { bodyHash: 'b', answer: 'x' });
      expect(await store.begin(request, { head: 'h', nonce: 'n2' })).toEqual({
        kind: 'answered',
        nonce: 'n1',
        head: 'h',
        bodyHash: 'b',
        answer: 'x',
      });
      // A day later the key is new.
      await database.db.updateTable('idempotent_requests').set({ created_at: 0 }).execute();
      expect(await store.begin(request, { head: 'h', nonce: 'n4' })).toMatchObject({
        kind: 'begun',
        nonce: 'n4',
      });
      await store.abandon(request);
      expect(await store.begin(request, { head: 'h', nonce: 'n5' })).toMatchObject({
        kind: 'begun',
        nonce: 'n5',
      });
    } finally {
      store.close();
      await database.db.deleteFrom('idempotent_requests').execute();
      await database.db.destroy();
    }
  });
});
