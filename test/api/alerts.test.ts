import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check } from './check-task.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';
import { startReceiver, type WebhookReceiver } from './webhook-receiver.ts';

const servers: TestServer[] = [];
let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    await server.close();
    expect(server.errors).toEqual([]);
  }
  await receiver.close();
});

async function serve(): Promise<TestServer> {
  const options = { allowAddresses: ['*'], publicUrl: 'https://rowmill.example.com' };
  const server = await startTestServer([check], options);
  servers.push(server);
  return server;
}

const call = (server: TestServer, ...sent: Parameters<TestServer['send']>) => server.send(...sent);

async function hook(server: TestServer): Promise<{ readonly id: string; readonly secret: string }> {
  const { body } = await call(server, 'POST', '/v1/webhooks', {
    url: receiver.url,
    events: ['alert'],
  });
  return { id: body.id, secret: String(body['secret']) };
}

async function run(server: TestServer, text: string): Promise<string> {
  const { body } = await server.json('/v1/tasks/text/check/runs', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: `text\n${text}\n`,
  });
  await endedRun(server, body.id);
  return body.id;
}

const FAILS = {
  condition: { kind: 'failures', count: 2 },
  scope: { kind: 'task', task: 'text/check' },
};

describe('alerts', () => {
  it('tell a webhook once when runs fail in a row, and once when they run again', async () => {
    const server = await serve();
    const { id, secret } = await hook(server);
    const made = await call(server, 'POST', '/v1/alerts', {
      name: 'ops',
      ...FAILS,
      webhooks: [id],
    });
    expect([made.status, made.body]).toEqual([
      201,
      expect.objectContaining({ ...FAILS, webhooks: [id], emails: [], recovery: true, quiet: 300 }),
    ]);
    await run(server, 'bad');
    const failed = await run(server, 'bad');
    const [opened] = await receiver.received(1);
    expect(opened?.body).toMatchObject({
      type: 'alert.opened',
      data: {
        alert: 'ops',
        alert_id: made.body.id,
        about: 'task:text/check',
        summary: 'task text/check has failed 2 times in a row',
        run_id: failed,
        link: `https://rowmill.example.com/v1/runs/${failed}`,
        text: expect.stringContaining('First error: row 1: is bad (1 row)'),
      },
    });
    const headers = opened?.headers as Record<string, string>;
    expect(() => new Webhook(secret).verify(opened?.text ?? '', headers)).not.toThrow();
    const incidents = await server.json('/v1/alerts/incidents?open=true');
    expect(incidents.body['data']).toMatchObject([{ run_id: failed, resolved_at: null }]);
    await run(server, 'bad');
    await run(server, 'good');
    const [, resolved] = await receiver.received(2);
    expect(resolved?.body).toMatchObject({ type: 'alert.resolved', data: { alert: 'ops' } });
    expect(receiver.messages).toHaveLength(2);
    const log = await server.json('/v1/alerts/deliveries');
    expect(log.body['data']).toMatchObject([
      { type: 'alert.resolved', to: receiver.url },
      { type: 'alert.opened', alert: 'ops', channel: id, run_id: failed },
    ]);
  });

  it('are tried out, changed, paused and removed', async () => {
    const server = await serve();
    const { id } = await hook(server);
    const { body } = await call(server, 'POST', '/v1/alerts', {
      name: 'ops',
      ...FAILS,
      webhooks: [id],
    });
    const path = `/v1/alerts/${body.id}`;
    const tested = await call(server, 'POST', `${path}/test`);
    expect([tested.status, tested.body]).toEqual([202, { told: [receiver.url] }]);
    expect((await receiver.received(1))[0]?.body).toMatchObject({ type: 'alert.test' });
    const hours = { from: '22:00', to: '07:00', zone: 'Europe/Madrid' };
    const patch = { paused: true, quiet: 60, quiet_hours: hours, condition: { kind: 'zero_rows' } };
    expect((await call(server, 'PATCH', path, patch)).body).toMatchObject({
      name: 'ops',
      ...patch,
    });
    await run(server, 'bad');
    await run(server, 'bad');
    expect((await server.json('/v1/alerts/incidents')).body['data']).toEqual([]);
    const again = await call(server, 'POST', '/v1/alerts', {
      name: 'ops',
      ...FAILS,
      webhooks: [id],
    });
    expect(again.status).toBe(409);
    expect((await call(server, 'DELETE', path)).status).toBe(204);
    expect((await call(server, 'GET', path)).status).toBe(404);
  });

  it.each([
    ['nobody', { webhooks: [] }, 'nobody is told: name webhooks or emails'],
    ['an unknown webhook', { webhooks: ['whk_x'] }, 'there is no webhook whk_x'],
    ['mail without a server for it', { emails: ['ops@example.com'] }, 'this server sends no mail'],
    ['what is no address', { emails: ['ops'] }, 'body.emails.0'],
    ['an unknown job', { scope: { kind: 'job', job: 'job_x' } }, 'there is no job job_x'],
    [
      'late over a task',
      { condition: { kind: 'late', after: 60 } },
      'late watches over due times: the scope must be a schedule',
    ],
    [
      'quiet hours of no zone',
      { quiet_hours: { from: '22:00', to: '07:00', zone: 'Madrid' } },
      'is no time zone',
    ],
  ])('are refused for %s', async (_what, wrong, message) => {
    const server = await serve();
    const { id } = await hook(server);
    const body = { name: 'ops', ...FAILS, webhooks: [id], ...wrong };
    const refused = await call(server, 'POST', '/v1/alerts', body);
    expect([refused.status, JSON.stringify(refused.body)]).toEqual([
      400,
      expect.stringContaining(message),
    ]);
    expect((await server.json('/v1/alerts')).body['data']).toEqual([]);
  });
});
