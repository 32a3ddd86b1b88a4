import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';
import { startReceiver, type WebhookReceiver } from './webhook-receiver.ts';

let receiver: WebhookReceiver;
const servers: TestServer[] = [];
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await receiver.close();
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([], { allowAddresses: ['*'], ...options });
  servers.push(server);
  return server;
}

/** Ends the server; the next one on its folder takes its place. */
async function stopped(server: TestServer): Promise<string> {
  await server.stop();
  servers.splice(0);
  return server.folder;
}

async function created(server: TestServer) {
  const { body } = await server.json('/v1/webhooks', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: receiver.url }),
  });
  return { id: body.id, secret: String(body['secret']) };
}

/** Everything the database has, byte by byte: the files of SQLite, or the rows of PostgreSQL. */
async function wholeDatabase(server: TestServer): Promise<string> {
  const names = (await readdir(server.folder)).filter((name) => name.startsWith('server.db'));
  const files = names.map((name) => readFile(join(server.folder, name), 'latin1'));
  const store = await server.openStore();
  try {
    const rows = await sql`SELECT * FROM webhooks`.execute(store.db);
    return [...(await Promise.all(files)), JSON.stringify(rows)].join('\n');
  } finally {
    await store.db.destroy();
  }
}

/** A message comes, and is signed with this secret. */
async function expectSigned(
  server: TestServer,
  { id, secret }: Awaited<ReturnType<typeof created>>,
) {
  const count = receiver.messages.length;
  const { status } = await server.json(`/v1/webhooks/${id}/test`, { method: 'POST' });
  expect(status).toBe(202);
  const message = (await receiver.received(count + 1)).at(-1);
  const signed = message?.headers as Record<string, string>; // none of these comes twice
  expect(() => new Webhook(secret).verify(message?.text ?? '', signed)).not.toThrow();
}

describe('secrets of webhooks', () => {
  it('are nowhere in the database as they are', async () => {
    const server = await serve();
    const webhook = await created(server);
    const { body } = await server.json(`/v1/webhooks/${webhook.id}/rotate-secret`, {
      method: 'POST',
    });
    const rotated = String(body['secret']);
    const found = await wholeDatabase(server);
    expect(found).toContain(webhook.id);
    for (const secret of [webhook.secret, rotated]) {
      expect(found).not.toContain(secret.replace('whsec_', ''));
    }
    await expectSigned(server, { id: webhook.id, secret: rotated });
    await expectSigned(server, webhook);
  });

  it('that an earlier release left in clear are sealed at the start, without a trace', async () => {
    const first = await serve();
    const webhook = await created(first);
    const clear = `whsec_${randomBytes(32).toString('base64')}`;
    const store = await first.openStore();
    await store.db
      .updateTable('webhooks')
      .set({ secret: clear, old_secret: webhook.secret, old_secret_until: Date.now() + 3_600_000 })
      .execute();
    await store.db.destroy();
    expect(await wholeDatabase(first)).toContain(clear);
    const notices: string[] = [];
    const folder = await stopped(first);
    const second = await serve({ folder, onNotice: (message) => notices.push(message) });
    const found = await wholeDatabase(second);
    expect(found).not.toContain(clear);
    expect(found).not.toContain(webhook.secret);
    expect(notices).toEqual([expect.stringMatching(/in clear are sealed: 2$/)]);
    await expectSigned(second, { id: webhook.id, secret: clear });
    await expectSigned(second, webhook);
  });

  it('keep a server from starting that has no key, and say which', async () => {
    const first = await serve();
    const webhook = await created(first);
    const folder = await stopped(first);
    const key = await readFile(join(folder, 'master.key'), 'utf8');
    await rm(join(folder, 'master.key'));
    const keyId = /[\da-f]{16}$/m.exec(key)?.[0];
    await expect(serve({ folder })).rejects.toThrow(`are sealed with the key ${keyId}, and`);
    expect(await readdir(folder)).not.toContain('master.key');
    // Another key lets it start; it says what it cannot read.
    const notices: string[] = [];
    const masterKey = randomBytes(32).toString('base64');
    const other = await serve({ folder, masterKey, onNotice: (text) => notices.push(text) });
    expect(notices).toEqual([
      expect.stringContaining(`webhook ${webhook.id} cannot be opened: the key ${keyId}`),
    ]);
    const { body } = await other.json(`/v1/webhooks/${webhook.id}/rotate-secret`, {
      method: 'POST',
    });
    expect(body['secret']).toMatch(/^whsec_/);
  });

  it('are sealed anew with a key that comes before the old one', async () => {
    const [one, two] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
    const first = await serve({ masterKey: one });
    const webhook = await created(first);
    const before = await wholeDatabase(first);
    const folder = await stopped(first);
    const second = await serve({ folder, masterKey: `${two},${one}` });
    expect(await wholeDatabase(second)).not.toBe(before);
    await stopped(second);
    const third = await serve({ folder, masterKey: two });
    await expectSigned(third, webhook);
    expect(await readdir(folder)).not.toContain('master.key');
  });
});
