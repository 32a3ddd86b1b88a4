import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineTask, write } from '../../src/index.ts';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { audited, endedRun, startTestServer, type TestServer } from './test-server.ts';
import { startReceiver, type WebhookReceiver } from './webhook-receiver.ts';

const copy = defineTask({
  category: 'text',
  action: 'copy',
  description: 'Copy a text',
  mandatory: { text: () => true },
  output: ['copy'],
  row: ({ text }) => write({ copy: text }),
});

const servers: TestServer[] = [];
let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await receiver.close();
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([copy], { allowAddresses: ['*'], ...options });
  servers.push(server);
  return server;
}

function call(server: TestServer, method: string, [path, body]: readonly [string, unknown?]) {
  return server.json(path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
}

interface Created {
  readonly id: string;
  readonly secret: string;
}

async function created(server: TestServer, more: object = {}): Promise<Created> {
  const { status, body } = await call(server, 'POST', [
    '/v1/webhooks',
    { url: receiver.url, ...more },
  ]);
  expect(status).toBe(201);
  return body as unknown as Created;
}

async function run(server: TestServer): Promise<string> {
  const { body } = await server.json('/v1/tasks/text/copy/runs', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: 'text\na\n',
  });
  return body.id;
}

/** Asks for the newest delivery until it is as wanted. Bounded: 15 s. */
async function delivered(
  server: TestServer,
  { id }: Created,
  isWanted: (delivery: Delivery) => boolean,
): Promise<Delivery> {
  for (let tries = 0; tries < 300; tries += 1) {
    const { body } = await server.json(`/v1/webhooks/${id}/deliveries`);
    const [delivery] = body['data'] as readonly Delivery[];
    if (delivery !== undefined && isWanted(delivery)) return delivery;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('no such delivery');
}

interface Delivery {
  readonly id: string;
  readonly status: string;
  readonly next_attempt_at: string | null;
  readonly attempts: readonly {
    readonly status: number | null;
    readonly body: string | null;
    readonly error: string | null;
  }[];
}

describe('a webhook', () => {
  it('is told the end of a run, signed, and shows what came back', async () => {
    const server = await serve();
    receiver.answer(200, 'thank you');
    const webhook = await created(server);
    expect((await server.json(`/v1/webhooks/${webhook.id}`)).body).not.toHaveProperty('secret');
    const runId = await run(server);
    const [message] = await receiver.received(1);
    expect(message?.body).toMatchObject({
      type: 'run.ended',
      data: { run_id: runId, task: 'text/copy', status: 'success', succeeded: 1, failed: 0 },
    });
    const headers = message?.headers as Record<string, string>;
    expect(() => new Webhook(webhook.secret).verify(message?.text ?? '', headers)).not.toThrow();
    const delivery = await delivered(server, webhook, ({ status }) => status === 'delivered');
    expect(delivery.id).toBe(headers['webhook-id']);
    expect(delivery.attempts).toMatchObject([{ status: 200, body: 'thank you', error: null }]);
    expect(server.errors).toEqual([]);
  });

  it('is told what it asked for, in an account of its own, and no other', async () => {
    const server = await serve();
    await created(server, { events: ['run.started', 'run.ended'] });
    await endedRun(server, await run(server));
    const types = (await receiver.received(2)).map(({ body }) => body.type);
    expect(types.toSorted()).toEqual(['run.ended', 'run.started']);
  });

  it('is called again after 5 s when it fails, by the same id', async () => {
    const server = await serve();
    receiver.answer(500, 'not now');
    const webhook = await created(server);
    await run(server);
    const failed = await delivered(server, webhook, ({ attempts }) => attempts.length === 1);
    expect(failed).toMatchObject({
      status: 'pending',
      attempts: [{ status: 500, body: 'not now' }],
    });
    const inMs = Date.parse(failed.next_attempt_at ?? '') - Date.now();
    expect(inMs).toBeGreaterThan(2_000);
    expect(inMs).toBeLessThanOrEqual(5_500);
    receiver.answer(204);
    const resend = `/v1/webhooks/${webhook.id}/deliveries/${failed.id}/resend`;
    expect((await call(server, 'POST', [resend])).status).toBe(202);
    const [first, second] = await receiver.received(2);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(await delivered(server, webhook, ({ status }) => status === 'delivered')).toMatchObject({
      next_attempt_at: null,
      attempts: [{ status: 500 }, { status: 204 }],
    });
  });

  it('is not sent elsewhere by a redirect', async () => {
    const server = await serve();
    receiver.answer(302);
    const webhook = await created(server);
    await run(server);
    const delivery = await delivered(server, webhook, ({ attempts }) => attempts.length === 1);
    expect(delivery).toMatchObject({ status: 'pending', attempts: [{ status: 302 }] });
    expect(receiver.messages).toHaveLength(1);
  });

  it('is told after the next start what the server could not tell before its end', async () => {
    const server = await serve();
    receiver.answer(503);
    const webhook = await created(server);
    await endedRun(server, await run(server));
    await delivered(server, webhook, ({ attempts }) => attempts.length === 1);
    await server.stop();
    servers.splice(0);
    const { db } = await server.openStore();
    await db.updateTable('webhook_deliveries').set({ due_at: 0 }).execute();
    await db.destroy();
    receiver.answer(204);
    const next = await serve({ folder: server.folder });
    expect(await delivered(next, webhook, ({ status }) => status === 'delivered')).toMatchObject({
      attempts: [{ status: 503 }, { status: 204 }],
    });
  });

  it('is disabled when its receiver is gone, and delivers what waited once it is enabled', async () => {
    const server = await serve();
    receiver.answer(410);
    const webhook = await created(server);
    await run(server);
    await delivered(server, webhook, ({ status }) => status === 'failed');
    // Written last of all.
    await audited(server, 'disableWebhook');
    const path = `/v1/webhooks/${webhook.id}`;
    const { body } = await server.json(path);
    expect(body).toMatchObject({
      is_enabled: false,
      disabled_reason: 'its receiver answered 410 Gone',
    });
    expect(server.errors.map(String).join()).toContain(`webhook ${webhook.id} is disabled`);
    expect(await audited(server, 'disableWebhook')).toEqual([
      expect.objectContaining({ subject: webhook.id, account_id: 'local', key_id: null }),
    ]);
    expect((await call(server, 'POST', [`${path}/test`])).status).toBe(409);
    const enabled = await call(server, 'PATCH', [path, { is_enabled: true }]);
    expect(enabled.body).toMatchObject({ is_enabled: true, disabled_reason: null, failures: 0 });
  });

  it('is tried by a message of its own', async () => {
    const server = await serve();
    const webhook = await created(server);
    const { status, body } = await call(server, 'POST', [`/v1/webhooks/${webhook.id}/test`]);
    expect([status, body['type']]).toEqual([202, 'webhook.test']);
    const [message] = await receiver.received(1);
    expect(message?.headers['webhook-id']).toBe(body.id);
  });

  it('is signed by its old secret too for a while after a new one', async () => {
    const server = await serve();
    const webhook = await created(server);
    const { body } = await call(server, 'POST', [`/v1/webhooks/${webhook.id}/rotate-secret`]);
    expect(body['secret']).not.toBe(webhook.secret);
    await call(server, 'POST', [`/v1/webhooks/${webhook.id}/test`]);
    const [message] = await receiver.received(1);
    for (const secret of [webhook.secret, String(body['secret'])]) {
      const headers = message?.headers as Record<string, string>;
      expect(() => new Webhook(secret).verify(message?.text ?? '', headers)).not.toThrow();
    }
  });

  it('is listed by pages, and removed', async () => {
    const server = await serve();
    const ids = [];
    for (let count = 0; count < 3; count += 1) ids.push((await created(server)).id);
    const { body } = await server.json('/v1/webhooks?limit=2');
    const next = String(body['next']);
    const rest = await server.json(`/v1/webhooks?limit=2&after=${next}`);
    const all = [...(body['data'] as Created[]), ...(rest.body['data'] as Created[])];
    expect(all.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(rest.body['next']).toBe(null);
    expect((await call(server, 'DELETE', [`/v1/webhooks/${ids[0]}`])).status).toBe(204);
    expect((await server.json(`/v1/webhooks/${ids[0]}`)).status).toBe(404);
    expect((await server.json('/v1/webhooks?after=xyz')).status).toBe(400);
  });
});

describe('a webhook of one run', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const start = (server: TestServer, webhook: object) => {
    const form = new FormData();
    form.set('options', JSON.stringify({ webhook }));
    form.set('file', new Blob(['text\na\n'], { type: 'text/csv' }), 'a.csv');
    return server.json('/v1/tasks/text/copy/runs', { method: 'POST', body: form });
  };

  it('is told of that run only, signed with the secret that was sent', async () => {
    const server = await serve();
    const { status, body } = await start(server, { url: receiver.url, secret });
    expect(status).toBe(201);
    await endedRun(server, await run(server));
    const [message] = await receiver.received(1);
    expect(message?.body.data).toMatchObject({ run_id: body.id, status: 'success' });
    const headers = message?.headers as Record<string, string>;
    expect(() => new Webhook(secret).verify(message?.text ?? '', headers)).not.toThrow();
    const listed = await server.json(`/v1/webhooks?run_id=${body.id}`);
    expect(listed.body['data']).toMatchObject([{ run_id: body.id, events: ['run.ended'] }]);
    expect((await server.json('/v1/webhooks')).body['data']).toEqual([]);
    expect(receiver.messages).toHaveLength(1);
  });

  it.each([
    ['a secret that is none', { secret: 'short' }, 'webhook.secret'],
    ['a private address', { url: 'http://10.0.0.1/' }, 'options.webhook.url'],
  ])('is refused with %s, and leaves no run behind', async (_, wrong, at) => {
    const server = await serve({ allowAddresses: [] });
    const { status, body } = await start(server, { url: 'https://example.com/', secret, ...wrong });
    expect(status).toBe(400);
    expect(String(body['detail'])).toContain(at);
    expect((await server.json('/v1/runs')).body['data']).toEqual([]);
  });
});

describe('webhooks in PostgreSQL', () => {
  it('are told, claimed, settled and listed as in SQLite', async (context) => {
    const postgres = await startPostgres();
    if (postgres === undefined) return context.skip(NOT_RUN);
    try {
      const server = await serve({ database: await makeDatabase(postgres) });
      const webhook = await created(server);
      const runId = await run(server);
      const [message] = await receiver.received(1);
      expect(message?.body.data).toMatchObject({ run_id: runId, status: 'success' });
      await delivered(server, webhook, ({ status }) => status === 'delivered');
      const page = await server.json(`/v1/webhooks?limit=1`);
      expect(page.body['data']).toMatchObject([{ id: webhook.id }]);
      expect(server.errors).toEqual([]);
      await servers.pop()?.close();
    } finally {
      await postgres.stop();
    }
  });
});

describe('the address of a webhook', () => {
  it.each([
    ['no address', 'nowhere'],
    ['another protocol', 'ftp://example.com/'],
    ['a password in it', 'https://user:secret@example.com/'],
    ['this machine', 'http://127.0.0.1/'],
    ['this machine in other words', 'http://2130706433/'],
    ['this machine by IPv6', 'http://[::1]/'],
    ['this machine by IPv4 in IPv6', 'http://[::ffff:127.0.0.1]/'],
    ['a private network', 'http://10.1.2.3/'],
    ['the metadata of a cloud', 'http://169.254.169.254/latest/'],
  ])('is refused: %s', async (_, url) => {
    const server = await serve({ allowAddresses: [] });
    const { status, body } = await call(server, 'POST', ['/v1/webhooks', { url }]);
    expect(status).toBe(400);
    expect(body).toMatchObject({ errors: [{ at: 'body.url' }] });
  });

  it('is looked at again when its name is resolved', async () => {
    const server = await serve({ allowAddresses: [] });
    const url = receiver.url.replace('127.0.0.1', 'localhost');
    const webhook = await created(server, { url });
    await call(server, 'POST', [`/v1/webhooks/${webhook.id}/test`]);
    const delivery = await delivered(server, webhook, ({ attempts }) => attempts.length === 1);
    expect(delivery.attempts[0]?.error).toMatch(/no public address/);
    expect(receiver.messages).toEqual([]);
  });
});
