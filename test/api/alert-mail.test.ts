import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineTask, write } from '../../src/index.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';
import { startSmtp, type SmtpReceiver } from './smtp-receiver.ts';

const SECRET = 'a-secret-that-nobody-may-read';
const check = defineTask({
  category: 'text',
  action: 'check',
  description: 'Fail, and say what one should not',
  mandatory: { text: () => true },
  output: ['copy'],
  open: (run) => run.secrets.get('TOKEN'),
  row: ({ text }, _state, run) => {
    if (text === 'bad') throw new Error(`the token ${run.opened} was refused`);
    return write({ copy: text });
  },
});

const servers: TestServer[] = [];
let smtp: SmtpReceiver;
beforeEach(async () => {
  smtp = await startSmtp();
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await server.close();
    expect(server.errors).toEqual([]);
  }
  await smtp.close();
});

async function serve(url = smtp.url): Promise<TestServer> {
  const from = 'Rowmill <rowmill@example.com>';
  const mail = { url, password: 'pass-of-the-mail', from };
  const server = await startTestServer([check], { mail });
  servers.push(server);
  return server;
}

const call = (server: TestServer, ...sent: Parameters<TestServer['send']>) => server.send(...sent);

const alert = (emails: readonly string[], more: object = {}) => ({
  name: 'ops',
  condition: { kind: 'failures', count: 1 },
  emails,
  ...more,
});

async function run(server: TestServer, text: string): Promise<string> {
  await call(server, 'PUT', '/v1/secrets/TOKEN', { value: SECRET });
  const { body } = await server.json('/v1/tasks/text/check/runs', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: `text\n${text}\n`,
  });
  await endedRun(server, body.id);
  return body.id;
}

/** Asks for the deliveries until the newest is as wanted. Bounded: 15 s. */
async function delivered(server: TestServer, wanted: object): Promise<unknown> {
  let last: unknown;
  for (let tries = 0; tries < 600; tries += 1) {
    const { body } = await server.json('/v1/alerts/deliveries');
    [last] = body['data'] as readonly unknown[];
    try {
      expect(last).toMatchObject(wanted);
      return last;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error(`not as wanted: ${JSON.stringify(last)}`);
}

describe('alerts by mail', () => {
  it('tell each address once, in words to act on, and nobody a secret', async () => {
    const server = await serve(smtp.url.replace('//', '//rowmill@'));
    const made = await call(
      server,
      'POST',
      '/v1/alerts',
      alert(['ops@example.com', 'ann@example.com']),
    );
    expect(made.body).toMatchObject({
      emails: ['ops@example.com', 'ann@example.com'],
      webhooks: [],
    });
    const runId = await run(server, 'bad');
    const mails = await smtp.received(2);
    expect(new Set(mails.flatMap(({ to }) => to))).toEqual(
      new Set(['ann@example.com', 'ops@example.com']),
    );
    const [mail] = mails;
    const text = (mail?.data ?? '').replaceAll('=\r\n', '');
    expect(mail?.from).toBe('rowmill@example.com');
    expect(text).toContain('Subject: [Rowmill ops] task text/check has failed');
    expect(text).toContain('Auto-Submitted: auto-generated');
    expect(text).toMatch(/Message-ID:\s+<msg_\S+@example\.com>/);
    expect(text).toContain(`Run ${runId} ended`);
    expect(text).toMatch(/First error: row 1: .*the token \S+ was refused/);
    expect(text).toContain('See: rowmill alert show ops');
    expect(JSON.stringify(mails)).not.toContain(SECRET);
    await delivered(server, { status: 'delivered', attempts: 1, type: 'alert.opened' });
    await run(server, 'good');
    const [, , over] = await smtp.received(3);
    expect(over?.data).toContain('Subject: [Rowmill ops] over: task text/check runs again');
    const log = JSON.stringify((await server.json('/v1/alerts/deliveries')).body);
    expect(log).not.toContain('pass-of-the-mail');
    expect(smtp.logins[0]).toBe('rowmill pass-of-the-mail');
    expect(smtp.mails).toHaveLength(4);
  });

  it('are sent again while the server of mail refuses them, and never given up on', async () => {
    const server = await serve();
    smtp.answer('451 4.7.1 greylisted, come again');
    const made = await call(server, 'POST', '/v1/alerts', alert(['ops@example.com']));
    await call(server, 'POST', `/v1/alerts/${made.body.id}/test`);
    const log = await delivered(server, {
      status: 'pending',
      attempts: 1,
      to: 'mailto:ops%40example.com',
      last_error: expect.stringContaining('451'),
    });
    smtp.answer('250 OK');
    const { id, channel } = log as { readonly id: string; readonly channel: string };
    const resent = `/v1/webhooks/${channel}/deliveries/${id}/resend`;
    expect((await call(server, 'POST', resent)).status).toBe(202);
    const [mail] = await smtp.received(1);
    expect(mail?.data).toContain('Subject: [Rowmill ops] this is a test of the alert ops');
    await delivered(server, { id, status: 'delivered', attempts: 2, last_error: null });
  });

  it('say so where the server of mail cannot be reached', async () => {
    const free = createServer();
    await new Promise<void>((resolve) => {
      free.listen(0, '127.0.0.1', resolve);
    });
    const { port } = free.address() as { readonly port: number };
    await new Promise<void>((resolve) => void free.close(() => resolve()));
    const server = await serve(`smtp://127.0.0.1:${port}`);
    const made = await call(server, 'POST', '/v1/alerts', alert(['ops@example.com']));
    await call(server, 'POST', `/v1/alerts/${made.body.id}/test`);
    await delivered(server, {
      status: 'pending',
      last_error: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('send no password over a network in clear', async () => {
    // An address of this machine that does not look like one.
    const server = await serve(smtp.url.replace('127.0.0.1', 'rowmill@0.0.0.0'));
    const made = await call(server, 'POST', '/v1/alerts', alert(['ops@example.com']));
    await call(server, 'POST', `/v1/alerts/${made.body.id}/test`);
    await delivered(server, { status: 'pending', last_error: expect.stringContaining('502') });
    expect([smtp.logins, smtp.mails]).toEqual([[], []]);
  });

  it('know one channel for an address, however many alerts tell it, and keep it when changed', async () => {
    const server = await serve();
    const first = await call(server, 'POST', '/v1/alerts', alert(['ops@example.com']));
    const second = await call(
      server,
      'POST',
      '/v1/alerts',
      alert(['ops@example.com'], { name: 'too' }),
    );
    expect(second.status).toBe(201);
    const { body } = await server.json('/v1/webhooks');
    expect(body['data']).toMatchObject([{ url: 'mailto:ops%40example.com', events: ['alert'] }]);
    const path = `/v1/alerts/${first.body.id}`;
    expect((await call(server, 'PATCH', path, { quiet: 5 })).body).toMatchObject({
      quiet: 5,
      emails: ['ops@example.com'],
    });
    const other = { emails: ['ann@example.com'] };
    expect((await call(server, 'PATCH', path, other)).body).toMatchObject(other);
  });
});
