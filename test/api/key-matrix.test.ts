import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCOPES, type Scope } from '../../src/engine/ports/key-store.ts';
import type { AnyRoute } from '../../src/api/route.ts';
import { ROUTES } from '../../src/api/routes.ts';
import { HandlerRegistry } from '../../src/engine/handlers/registry.ts';
import { defineHandler, defineNoinputTask, defineTask, stop, write } from '../../src/index.ts';
import { startTestServer, type TestServer } from './test-server.ts';

// Every route there is, with every kind of key. A route that is new is in here by itself; one with a
// parameter that is new fails until FACTORIES can make a thing of its kind.

const double = defineTask({
  category: 'numbers',
  action: 'double',
  description: 'Double a number',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['twice'],
  row: ({ n }) => write({ twice: String(2 * Number(n)) }),
  examples: [{ title: 'a number', row: { n: '1' }, outcome: write({ twice: '2' }) }],
});

const tick = defineNoinputTask({
  category: 'numbers',
  action: 'tick',
  description: 'Write a number',
  output: ['n'],
  start: () => undefined,
  step: () => stop(write({ n: 1 })),
});

const OWNER = 'acme';
let server: TestServer;
let admin = '';
let owner = '';
let stranger = '';
let revoked = '';
let expired = '';
const weak = new Map<Scope, string>();

beforeAll(async () => {
  const registry = new HandlerRegistry();
  registry.add(idler, 'the test');
  server = await startTestServer([double, tick], {
    allowAddresses: ['*'],
    handlers: { registry: async () => registry, problems: [] },
  });
  // No key is needed for the first one.
  admin = await newKey('', { account_id: 'local', scopes: ['admin'] });
  const scopes = SCOPES.filter((scope) => scope !== 'admin');
  owner = await newKey(admin, { account_id: OWNER, scopes });
  stranger = await newKey(admin, { account_id: 'other', scopes });
  expired = await newKey(admin, {
    account_id: OWNER,
    scopes,
    expires_at: '2020-01-01T00:00:00Z',
  });
  for (const scope of scopes) {
    const others = scopes.filter((other) => other !== scope);
    weak.set(scope, await newKey(admin, { account_id: OWNER, scopes: others }));
  }
  weak.set('admin', owner);
  revoked = await newKey(admin, { account_id: OWNER, scopes });
  // It was used, and is remembered.
  expect((await call('GET', '/v1/runs', { key: revoked })).status).toBe(200);
  const id = `key_${revoked.split('_')[1]}`;
  const asOwner = { key: admin, headers: { 'x-rowmill-account': OWNER } };
  expect((await call('DELETE', `/v1/keys/${id}`, asOwner)).status).toBe(204);
});

afterAll(async () => {
  await server.close();
  expect(server.errors).toEqual([]);
});

interface Sent {
  readonly key: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function call(method: string, path: string, { key, headers = {}, body }: Sent) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
  const { status } = response;
  const isStream = response.headers.get('content-type') === 'text/event-stream';
  const text = isStream ? '' : await response.text();
  if (isStream) await response.body?.cancel();
  return { status, text, headers: response.headers };
}

async function made(method: string, path: string, sent: Omit<Sent, 'key'>): Promise<string> {
  const { status, text } = await call(method, path, { key: owner, ...sent });
  expect(status, text).toBeLessThan(300);
  const body = JSON.parse(text) as {
    readonly id?: string;
    readonly uid?: string;
    readonly data?: { readonly _read_only: { readonly id: string } };
  };
  const id = body.id ?? body.uid ?? body.data?._read_only.id;
  if (id === undefined) throw new Error(`no id in ${text}`);
  return id;
}

async function newKey(by: string, body: Readonly<Record<string, unknown>>): Promise<string> {
  const { text } = await call('POST', '/v1/keys', {
    key: by === '' ? undefined : by,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'a test', ...body }),
  });
  return (JSON.parse(text) as { readonly key: string }).key;
}

const CSV = { headers: { 'content-type': 'text/csv' }, body: 'n\n1\n' };
const json = (body: unknown): Omit<Sent, 'key'> => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const CHUNK_TYPE = 'application/offset+octet-stream';
const CHUNK = {
  headers: {
    'content-type': CHUNK_TYPE,
    'tus-resumable': '1.0.0',
    'upload-length': '4',
    'upload-offset': '0',
  },
  body: 'n\n1\n',
};
const BYTES = { headers: { 'content-type': 'application/octet-stream' }, body: 'bytes' };
const SFTP = { name: 'partner', host: '127.0.0.1', user: 'rowmill', password_secret: 'NONE' };
const KAZOO_TASK = '?category=numbers&action=double';
const newWebhook = (): Promise<string> =>
  made('POST', '/v1/webhooks', json({ url: 'http://127.0.0.1:9/' }));

let madeSchedules = 0;
const newSchedule = (): Promise<string> => {
  madeSchedules += 1;
  const event = { kind: 'event', object: 'a', event: 'b' };
  const schedule = { name: `schedule ${madeSchedules}`, task: 'numbers/tick', trigger: event };
  return made('POST', '/v1/schedules', json(schedule));
};

let madeServices = 0;
const newService = (): Promise<string> => {
  madeServices += 1;
  const plan = { period: 'daily', time: '15:57', timezone: 'Europe/Madrid' };
  const service = { name: `service ${madeServices}`, endpoint: 'http://127.0.0.1:9/' };
  return made('POST', '/v1/services', json({ ...service, execution_plan: plan }));
};

let madeAlerts = 0;
const newAlert = async (): Promise<string> => {
  madeAlerts += 1;
  const alert = { name: `alert ${madeAlerts}`, condition: { kind: 'failures' } };
  return made('POST', '/v1/alerts', json({ ...alert, webhooks: [await newWebhook()] }));
};
const idler = defineHandler({
  supportedType: 'idler',
  start: () => 'begun',
  progress: () => ['completed', ''],
  result: () => ['', new Uint8Array()],
});
const newEntity = (): Promise<string> =>
  made('POST', '/v1/entities', json({ entity: { runner: { type: 'idler' } }, wait: 60 }));

let madeJobs = 0;

/** A new thing of the owner's for each parameter of a path; those of one path belong together. */
const FACTORIES: Readonly<
  Record<string, (soFar: Readonly<Record<string, string>>) => Promise<string>>
> = {
  category: async () => 'numbers',
  action: async () => 'double',
  account_id: async () => OWNER,
  run_id: async ({ job_id: jobId }) => {
    if (jobId === undefined) return made('POST', '/v1/tasks/numbers/double/runs?start=false', CSV);
    const draft = await made('POST', '/v1/drafts?task=numbers/double', CSV);
    return made('POST', `/v1/jobs/${jobId}/runs`, json({ draft }));
  },
  job_id: () => {
    madeJobs += 1;
    return made('POST', '/v1/jobs', json({ name: `job ${madeJobs}`, task: 'numbers/double' }));
  },
  key: async ({ job_id: jobId = '' }) => {
    const sent = { key: owner, ...json({ value: 1 }) };
    const { status } = await call('PUT', `/v1/jobs/${jobId}/storage/my-counter`, sent);
    expect(status).toBe(200);
    return 'my-counter';
  },
  executor_name: async () => {
    await call('POST', '/v1/executors', { key: owner, ...json({ name: 'big-one' }) });
    return 'big-one';
  },
  version: async () => '1',
  older: async () => '1',
  newer: async () => '1',
  task_id: () => made('PUT', `/v2/accounts/${OWNER}/tasks${KAZOO_TASK}`, CSV),
  draft_id: () => made('POST', '/v1/drafts?task=numbers/double', CSV),
  key_id: () => made('POST', '/v1/keys', json({ name: 'one', scopes: ['runs:read'] })),
  file: async () => 'output.csv',
  row: async () => '1',
  upload_id: () =>
    made('POST', '/v1/uploads', {
      headers: { 'tus-resumable': '1.0.0', 'upload-length': '4' },
    }),
  schedule_id: newSchedule,
  object: async () => 'appointment',
  async event({ job_id: jobId }) {
    const place = jobId === undefined ? '/v1/events/catalogue' : `/v1/jobs/${jobId}/events`;
    const sent = { key: owner, ...json({}) };
    expect((await call('PUT', `${place}/appointment/create`, sent)).status).toBeLessThan(300);
    return 'create';
  },
  async queue_id() {
    madeJobs += 1;
    return made('POST', '/v1/queues', json({ name: `queue ${madeJobs}` }));
  },
  async entry_id({ queue_id: queueId }) {
    madeJobs += 1;
    const task = { name: `job ${madeJobs}`, task: 'numbers/tick' };
    const job = await made('POST', '/v1/jobs', json(task));
    await call('PATCH', `/v1/queues/${queueId}`, { key: owner, ...json({ paused: true }) });
    const sent = { key: owner, ...json({ entries: [{ job }] }) };
    const { text } = await call('POST', `/v1/queues/${queueId}/entries`, sent);
    const { data } = JSON.parse(text) as { readonly data: readonly { readonly id: string }[] };
    return data[0]?.id ?? '';
  },
  event_id: () => made('POST', '/v1/events', json({ object: 'appointment', event: 'create' })),
  system_job: async () => 'expired_requests',
  service_id: newService,
  entity_uid: newEntity,
  webhook_id: newWebhook,
  alert_id: newAlert,
  source_name: async () => {
    const sent = { key: owner, ...json({ source: { kind: 'databases', secret: 'NONE' } }) };
    expect((await call('PUT', '/v1/sources/telephony', sent)).status).toBe(200);
    return 'telephony';
  },
  sftp_name: async () => {
    const sent = { key: owner, ...json(SFTP) };
    expect([201, 409]).toContain((await call('POST', '/v1/sftp-connections', sent)).status);
    return SFTP.name;
  },
  secret_name: async () => {
    const name = 'TOKEN_OF_A_TEST';
    const sent = { key: owner, ...json({ value: 'a value of a test' }) };
    expect((await call('PUT', `/v1/secrets/${name}`, sent)).status).toBeLessThan(300);
    return name;
  },
  delivery_id: async ({ webhook_id: id = '' }) => {
    await call('POST', `/v1/webhooks/${id}/test`, { key: owner });
    const { text } = await call('GET', `/v1/webhooks/${id}/deliveries`, { key: owner });
    const { data } = JSON.parse(text) as { readonly data: readonly { readonly id: string }[] };
    return data[0]?.id ?? '';
  },
};

async function paramsOf({ path }: Pick<AnyRoute, 'path'>): Promise<Record<string, string>> {
  const params: Record<string, string> = {};
  for (const [, name = ''] of path.matchAll(/\{(\w+)\}/g)) {
    const make = FACTORIES[name];
    if (make === undefined) throw new Error(`FACTORIES cannot make a ${name} (${path})`);
    params[name] = await make(params);
  }
  return params;
}

function pathOf({ method, path }: AnyRoute, params: Readonly<Record<string, string>>): string {
  const isKazoo = method === 'PUT' && path.startsWith('/v2');
  const query = isKazoo ? KAZOO_TASK : path.endsWith('/file') ? '?path=in/a.csv' : '';
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '') + query;
}

/** Of routes that say what is wrong with a body before they look for its subject. */
const LEAST_BODIES: Readonly<Record<string, object>> = { setJobStorage: { value: 1 } };

function bodyOf(route: AnyRoute): Omit<Sent, 'key'> {
  if (route.reads?.includes('text/csv') === true) return CSV;
  if (route.reads?.includes(CHUNK_TYPE) === true) return CHUNK;
  if (route.reads?.includes(BYTES.headers['content-type']) === true) return BYTES;
  const hasBody = route.body !== undefined || route.reads !== undefined;
  return hasBody ? json(LEAST_BODIES[route.operationId] ?? {}) : {};
}

/** An answer, without what differs in any two. */
function bare(
  { status, text, headers }: Awaited<ReturnType<typeof call>>,
  params: Readonly<Record<string, string>>,
): unknown {
  let body = text
    .replace(headers.get('x-request-id') ?? '-', 'REQUEST')
    .replace(/"timestamp":"[^"]*"/, '')
    .replaceAll(/rm_\w+/g, 'KEY');
  for (const [name, value] of Object.entries(params)) body = body.replaceAll(value, name);
  const kept = [...headers].filter(([name]) => !/^(date|x-request-id|content-length)$/.test(name));
  return { status, body, headers: kept };
}

/** A run that has not begun has no output; nobody has asked for a check; Kazoo says 404 for 409. */
const NOT_THERE_YET = /output|files|check$|rows$|^\/v2.*stop$/;
const SECRET = /\{(?!category|action|file|version|older|newer|system_job|object|event\})\w+\}/;
const routes = ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const);
const guarded = routes.filter(([, { scope }]) => scope !== 'public');

describe('a route', () => {
  it.each(guarded)('%s answers 401 without a right key', async (_, route) => {
    const path = pathOf(route, await paramsOf(route));
    const keys: readonly (readonly [string, string | undefined])[] = [
      ['none', undefined],
      ['no key at all', 'nonsense'],
      ['an unknown one', `${owner.slice(0, -4)}2222`],
      ['a revoked one', revoked],
      ['an expired one', expired],
    ];
    for (const [name, key] of keys) {
      const { status, headers } = await call(route.method, path, { key, ...bodyOf(route) });
      expect([name, status]).toEqual([name, 401]);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer /);
    }
  });

  it.each(guarded)('%s answers 403 to a key that lacks its scope', async (_, route) => {
    const path = pathOf(route, await paramsOf(route));
    // Public ones are not among these.
    const key = weak.get(route.scope as Scope);
    const { status, text } = await call(route.method, path, { key, ...bodyOf(route) });
    expect(status).toBe(403);
    // Kazoo's own words name no scope.
    if (path.startsWith('/v1')) expect(text).toContain(route.scope);
  });

  // Each account has names of its own for secrets: it makes one where it has none.
  const isOwnName = ({ operationId }: AnyRoute): boolean =>
    ['setSecret', 'setSource'].includes(operationId);
  it.each(guarded.filter(([, route]) => SECRET.test(route.path) && !isOwnName(route)))(
    '%s tells another account nothing',
    async (_, route) => {
      const params = await paramsOf(route);
      const missing = Object.fromEntries(
        Object.entries(params).map(([name, value]) => [
          name,
          SECRET.test(`{${name}}`) ? value.replaceAll(/\w(?=\w{0,5}$)/g, '9') : value,
        ]),
      );
      const sent = { key: stranger, ...bodyOf(route) };
      const there = await call(route.method, pathOf(route, params), sent);
      const notThere = await call(route.method, pathOf(route, missing), sent);
      expect(there.status).toBe(404);
      expect(bare(there, params)).toEqual(bare(notThere, missing));
    },
  );

  it.each(routes)('%s lets a right key in', async (_, route) => {
    const path = pathOf(route, await paramsOf(route));
    const right = route.scope === 'admin' ? admin : owner;
    const key = route.scope === 'public' ? undefined : right;
    const { status } = await call(route.method, path, { key, ...bodyOf(route) });
    // A login wants its key in the body.
    if (route.path.endsWith('_auth')) return;
    expect([401, 403, 405, 415, 429, 500]).not.toContain(status);
    if (!NOT_THERE_YET.test(route.path)) expect(status).not.toBe(404);
  });
});

describe('a schedule that waits for files of an SFTP connection', () => {
  const trigger = { kind: 'file', sftp: SFTP.name, folder: 'in' };
  const far = (name: string) => json({ name, task: 'numbers/double', trigger, paused: true });

  it('is made and changed by who may read its files, and by nobody else', async () => {
    await paramsOf({ path: '/{sftp_name}' });
    const key = weak.get('jobs:admin');
    const refused = async (method: string, path: string, sent: Omit<Sent, 'key'>) => {
      const { status, text } = await call(method, path, { key, ...sent });
      expect([method, status]).toEqual([method, 403]);
      expect(text).toContain('lacks the scope jobs:admin');
    };
    await refused('POST', '/v1/schedules', far('no'));
    const id = await made('POST', '/v1/schedules', far('files elsewhere'));
    const path = `/v1/schedules/${id}`;
    await refused('PATCH', path, json({ name: 'mine' }));
    await refused('PATCH', path, json({ trigger: { kind: 'daily' } }));
    await refused('PATCH', `/v1/schedules/${await newSchedule()}`, json({ trigger }));
    const { status } = await call('PATCH', path, { key: owner, ...json({ name: 'still' }) });
    expect(status).toBe(200);
  });
});
