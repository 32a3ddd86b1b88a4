import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HandlerRegistry } from '../../src/engine/handlers/registry.ts';
import {
  defineHandler,
  defineReferences,
  type HandledJob,
  type HandlerDefinition,
} from '../../src/index.ts';
import { SqlEntityRunStore } from '../../src/stores/sql/sql-entity-run-store.ts';
import { startServer, type LocalServer } from '../tasks/local-server.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** The example of the document. */
const SIGNAL = {
  label: 'Example local container job',
  type: 'dmss://WorkflowDS/Blueprints/Job',
  status: 'Not started',
  triggeredBy: 'author',
  outputTarget: 'dmss://DataSource/$456-456.result',
  applicationInput: {
    type: 'dmss://system/SIMOS/Reference',
    referenceType: 'link',
    address: 'dmss://DataSource/$123-123',
  },
  runner: { type: 'dmss://DataSource/apps/MySignalApp/models/SignalGeneratorJob' },
  started: 'Not started',
};

/** What is stored where, and who has asked with which token. */
const documents = new Map<string, unknown>([['dmss://DataSource/$123-123', { samples: 4 }]]);
const asked: string[] = [];
const dmss = defineReferences({
  schemes: ['dmss'],
  async resolve(address, { token }) {
    asked.push(`read ${address} ${token}`);
    if (!documents.has(address)) throw new Error(`there is no document ${address}`);
    return documents.get(address);
  },
  async write(address, content, { token }) {
    asked.push(`write ${address} ${token}`);
    documents.set(address, JSON.parse(new TextDecoder().decode(content)));
  },
});

/** Jobs of `steps`: what the handler was asked for, and how it answers. */
const steps: string[] = [];
let behaviour: Partial<HandlerDefinition> = {};
const stepping = defineHandler({
  supportedType: ['steps', 'more steps'],
  pollSeconds: 0.01,
  start: (job) => behaviour.start?.(job) ?? 'begun',
  progress: (job) => {
    steps.push('progress');
    return behaviour.progress?.(job) ?? ['completed', 'done'];
  },
  result: (job) => behaviour.result?.(job) ?? ['ok', new Uint8Array([0, 255, 7])],
  release: (job) => behaviour.release?.(job),
  remove: (job) => {
    steps.push('remove');
    return behaviour.remove?.(job) ?? ['removed', 'taken away'];
  },
});
const signals = defineHandler({
  supportedType: SIGNAL.runner.type,
  pollSeconds: 0.01,
  async start(job) {
    const { samples } = (await job.input()) as { readonly samples: number };
    await job.keep(Array.from({ length: samples }, (_, index) => Math.sin((index * Math.PI) / 2)));
    return `${samples} samples`;
  },
  progress: (job) => [Array.isArray(job.kept) ? 'completed' : 'failed', 'generated'],
  result: (job) => [
    'a signal',
    new TextEncoder().encode(JSON.stringify((job.kept as number[]).map(Math.round))),
  ],
});

let web: LocalServer;
/** So often a result is refused at `/flaky`. */
let targetFailures = 0;
let server: TestServer;
const registry = new HandlerRegistry();
registry.add(stepping, '/plugins/steps.ts');
registry.add(signals, '/plugins/signals.ts');
registry.addReferences(dmss, '/plugins/dmss.ts');
const handlers = { registry: async () => registry, problems: [] };

beforeAll(async () => {
  web = await startServer((seen, response) => {
    if (seen.path === '/flaky' && targetFailures > 0) {
      targetFailures -= 1;
      response.writeHead(500).end();
    } else if (seen.path === '/missing') response.writeHead(404).end();
    else response.setHeader('content-type', 'application/json').end('{"samples": 2}');
  });
  server = await startTestServer([], { handlers, slots: 1, allowAddresses: ['127.0.0.1'] });
});
afterAll(async () => {
  await server.close();
  await web.close();
  expect(server.errors).toEqual([]);
});

const send = (method: string, path: string, body: unknown = {}, to = server) =>
  to.json(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const started = async (entity: object, more: object = {}) => {
  const { status, body } = await send('POST', '/v1/entities', { entity, wait: 60, ...more });
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
};
const entity = { runner: { type: 'steps' } };
/** Bounded: 20 s. */
async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await what()); tries += 1) {
    if (tries === 400) throw new Error('it has not come');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a job entity', () => {
  it('runs by the handler of its type: the input is read, the result written where it says', async () => {
    const body = await started(SIGNAL, { token: 'a token of somebody' });
    expect(body).toMatchObject({
      status: 'completed',
      message: 'a signal',
      run_status: 'success',
      entity: { ...SIGNAL, status: 'completed', started: body['started_at'] },
      result: { message: 'a signal', bytes: 10 },
    });
    expect(documents.get('dmss://DataSource/$456-456.result')).toEqual([0, 1, 0, -1]);
    const uid = String(body['uid']);
    expect((await server.json(`/v1/entities/${uid}/result`)).body).toEqual({
      message: 'a signal',
      result: Buffer.from('[0,1,0,-1]').toString('base64'),
    });
    expect((await server.json(`/v1/runs/${uid}`)).body).toMatchObject({
      task: 'entity/run@1',
      status: 'success',
    });
    const log = await (await fetch(`${server.url}/v1/runs/${uid}/log`)).text();
    expect(log).toContain('4 samples');
  });

  it('has a token that its handler and its addresses get, and nobody sees', async () => {
    const token = 'hush-hush-"secret"';
    asked.length = 0;
    let seen: string | undefined;
    behaviour = {
      start(job: HandledJob) {
        seen = job.token;
        job.log.warn(`the token is ${job.token ?? ''}`);
        return `begun with ${job.token ?? ''}`;
      },
      progress: (job) => ['failed', `no more of ${job.token ?? ''}`],
    };
    const body = await started({ ...entity, applicationInput: SIGNAL.applicationInput }, { token });
    behaviour = {};
    expect(seen).toBe(token);
    expect(asked).toEqual([`read dmss://DataSource/$123-123 ${token}`]);
    expect(body).toMatchObject({
      status: 'failed',
      message: 'no more of ***',
      run_status: 'failure',
    });
    const uid = String(body['uid']);
    const log = await (await fetch(`${server.url}/v1/runs/${uid}/log`)).text();
    const run = await server.json(`/v1/runs/${uid}`);
    const database = await server.openStore();
    const rows = await database.db.selectFrom('entity_runs').selectAll().execute();
    const records = await database.db.selectFrom('runs').selectAll().execute();
    const audit = await database.db.selectFrom('audit').selectAll().execute();
    const requests = await database.db.selectFrom('idempotent_requests').selectAll().execute();
    await database.db.destroy();
    const all = JSON.stringify([body, log, run, rows, records, audit, requests]);
    expect(all).not.toContain('hush-hush');
    expect(log).toContain('the token is ***');
    expect(rows.every((row) => row.token === null)).toBe(true);
  });

  it('has an input that is what it is, or is read by http', async () => {
    const inputs: unknown[] = [];
    behaviour = { start: async (job) => (inputs.push(await job.input()), 'ok') };
    await started({ ...entity, applicationInput: { a: [1] } });
    await started({ ...entity, applicationInput: `${web.origin}/input` });
    await started(entity);
    const missing = await started({
      ...entity,
      applicationInput: { address: `${web.origin}/missing` },
    });
    behaviour = {};
    expect(inputs).toEqual([{ a: [1] }, { samples: 2 }, undefined]);
    expect(missing).toMatchObject({ status: 'failed', started_at: null });
    expect(missing['message']).toContain('/missing answered with the HTTP status 404');
  });

  it('writes its result by http', async () => {
    await started({ ...entity, outputTarget: `${web.origin}/target` });
    expect(web.seen.at(-1)).toMatchObject({ method: 'PUT', path: '/target' });
  });

  it.each([
    [{ runner: { type: 'step' } }, /no handler supports "step"\. Did you mean .*steps/],
    [{ runner: {} }, /body\.entity\.runner\.type/],
    [{}, /body\.entity\.runner/],
    [
      { ...entity, outputTarget: 'ftp://host/x' },
      /ftp:\/\/host\/x: expected an address that begins with http:\/\//,
    ],
    [
      { ...entity, applicationInput: 'file:///etc/passwd' },
      /file:\/\/\/etc\/passwd: expected an address/,
    ],
  ])('is refused as %j', async (wrong, message) => {
    const { status, body } = await send('POST', '/v1/entities', { entity: wrong });
    expect(status).toBe(400);
    expect(body['detail']).toMatch(message);
  });

  it.each([
    ['start', { start: () => Promise.reject(new Error('no room')) }, 'no room'],
    ['progress', { progress: () => Promise.reject(new Error('not seen')) }, 'not seen'],
    ['progress', { progress: () => ['failed', 'diverged'] as const }, 'diverged'],
    ['result', { result: () => Promise.reject(new Error('lost')) }, 'lost'],
    ['result', { result: () => ['text'] as never }, 'gave no text with bytes'],
  ])('fails where %s does: %#', async (_, wrong, message) => {
    behaviour = wrong;
    const body = await started(entity);
    behaviour = {};
    expect(body).toMatchObject({ status: 'failed', run_status: 'failure', result: null });
    expect(body['message']).toContain(message);
    const result = await server.json(`/v1/entities/${String(body['uid'])}/result`);
    expect(result.status).toBe(409);
  });

  it.each([
    { start: () => Promise.reject(new Error('no room')) },
    { progress: () => ['failed', 'diverged'] as const },
    // What may be completed is hours of work: nobody takes away the only result.
    { progress: () => Promise.reject(new Error('not seen')) },
    { result: () => Promise.reject(new Error('lost')) },
    { result: () => ['text'] as never },
  ])('is not removed where nobody has stopped it: %#', async (wrong) => {
    behaviour = wrong;
    steps.length = 0;
    expect(await started(entity)).toMatchObject({ status: 'failed' });
    expect(steps).not.toContain('remove');
    behaviour = {};
  });

  it('says that its work may still run where its progress cannot be asked for', async () => {
    behaviour = { progress: () => Promise.reject(new Error('not seen')) };
    steps.length = 0;
    const { uid, message } = await started(entity);
    expect(message).toBe(
      `not seen; its work was not removed and may still run where the handler steps has it by ${String(uid)}`,
    );
    expect(steps).toEqual(Array.from({ length: 5 }, () => 'progress'));
    behaviour = {};
  });

  it('is removed where somebody stops it while its progress cannot be asked for', async () => {
    let looks = 0;
    behaviour = {
      async progress({ signal }) {
        looks += 1;
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        throw new Error('not seen');
      },
      remove: () => Promise.reject(new Error('nobody answers')),
    };
    const { body } = await send('POST', '/v1/entities', { entity });
    await until(() => looks === 1);
    const stopped = await send('DELETE', `/v1/entities/${String(body['uid'])}`);
    expect(stopped.body).toMatchObject({
      status: 'unknown',
      message: 'it could not be removed: nobody answers',
      run_status: 'stopped',
    });
    behaviour = {};
  });

  it('is asked for its result again where that fails now and then', async () => {
    let tries = 0;
    behaviour = {
      result() {
        tries += 1;
        if (tries < 5) throw new Error('busy');
        return ['at last', new Uint8Array([1])];
      },
    };
    expect(await started(entity)).toMatchObject({ status: 'completed', message: 'at last' });
    expect(tries).toBe(5);
    behaviour = {};
  });

  it.each([
    ['is delivered again where that fails now and then', 17, 4, 'completed', ['release']],
    ['is left where it is, if it is long and cannot be delivered', 17, 9, 'failed', []],
    ['is removed once it is kept, though not delivered', 1, 9, 'failed', ['remove']],
    ['is left where it is, if it is long and goes nowhere', 17, undefined, 'completed', []],
  ] as const)('whose result %s', async (_, mebibytes, failures, status, calls) => {
    const content = new Uint8Array(mebibytes * 1024 * 1024);
    const made: string[] = [];
    behaviour = {
      result: () => ['long', content],
      release: () => void made.push('release'),
      remove: () => (made.push('remove'), ['removed', '']),
    };
    targetFailures = failures ?? 0;
    const to = failures === undefined ? {} : { outputTarget: `${web.origin}/flaky` };
    const body = await started({ ...entity, ...to });
    behaviour = {};
    expect(body['status']).toBe(status);
    expect(made).toEqual(calls);
    const uid = String(body['uid']);
    const left = `its result is left where the handler steps has it by ${uid}`;
    if (mebibytes === 17 && status === 'failed') {
      expect(body['message']).toMatch(/\/flaky .*500.*; its work is completed, and /);
      expect(body['message']).toContain(left);
    }
    if (mebibytes === 1) {
      expect(body['message']).toContain('; its result is kept here');
      const { body: result } = await server.json(`/v1/entities/${uid}/result`);
      expect(Buffer.from(String(result['result']), 'base64')).toHaveLength(content.length);
    }
    if (failures === undefined) {
      const log = await (await fetch(`${server.url}/v1/runs/${uid}/log`)).text();
      expect(log).toContain(left);
    }
  });

  it.each([
    [{ cron: '30 12 * * 3' }, true],
    [null, false],
  ])('with the schedule %j is carried out once, and its log says so', async (schedule, is) => {
    const { uid, status } = await started({ ...entity, schedule });
    expect(status).toBe('completed');
    const log = await (await fetch(`${server.url}/v1/runs/${String(uid)}/log`)).text();
    expect(log.includes('the schedule of an entity starts nothing here')).toBe(is);
  });

  it('is released once its result is kept; a release that fails loses nothing', async () => {
    let kept: unknown;
    behaviour = {
      async release({ uid }) {
        const store = await server.openStore();
        kept = await new SqlEntityRunStore(store).content(uid);
        await store.db.destroy();
        throw new Error('it stays');
      },
    };
    const { uid, status } = await started(entity);
    behaviour = {};
    expect(status).toBe('completed');
    expect(kept).toEqual(new Uint8Array([0, 255, 7]));
    const { body } = await server.json(`/v1/entities/${String(uid)}/result`);
    expect(body['result']).toBe(Buffer.from([0, 255, 7]).toString('base64'));
  });

  it('is looked at again where a look at its progress fails now and then', async () => {
    let looks = 0;
    behaviour = {
      progress() {
        looks += 1;
        if (looks % 4 !== 0) throw new Error('busy');
        return looks < 12 ? ['running', `${looks}`] : ['completed', 'done'];
      },
    };
    expect(await started(entity)).toMatchObject({ status: 'completed' });
    behaviour = {};
    expect(looks).toBe(12);
  });

  it('is removed by its handler where somebody stops it, and takes no slot meanwhile', async () => {
    behaviour = { progress: () => ['running', 'on and on'] };
    const bodies = [];
    for (let count = 0; count < 3; count += 1) bodies.push(await started(entity, { wait: 0 }));
    const uids = bodies.map(({ uid }) => String(uid));
    for (const uid of uids) {
      await until(
        async () => (await server.json(`/v1/entities/${uid}`)).body['status'] === 'running',
      );
    }
    for (const uid of uids) {
      expect(await send('DELETE', `/v1/entities/${uid}`)).toMatchObject({
        status: 200,
        body: { status: 'removed', message: 'taken away', run_status: 'stopped' },
      });
    }
    behaviour = {};
    const [uid = ''] = uids;
    expect((await send('DELETE', `/v1/entities/${uid}`)).body).toMatchObject({ status: 'removed' });
  });

  it('goes on after a restart of the server, and is not started again', async () => {
    const starts: string[] = [];
    let isDone = false;
    behaviour = {
      start: async (job) => {
        starts.push(job.uid);
        await job.keep({ name: `container of ${job.uid}` });
        return 'begun';
      },
      progress: (job) => [isDone ? 'completed' : 'running', JSON.stringify(job.kept)],
      result: (job) => [
        `of ${job.token ?? ''}`.slice(0, 2),
        new TextEncoder().encode(JSON.stringify(job.kept)),
      ],
    };
    const first = await startTestServer([], { handlers });
    const { body } = await send('POST', '/v1/entities', { entity, token: 'a long token' }, first);
    const uid = String(body['uid']);
    await until(async () => (await first.json(`/v1/entities/${uid}`)).body['status'] === 'running');
    await first.stop();
    isDone = true;
    const second = await startTestServer([], { handlers, folder: first.folder });
    try {
      await until(
        async () => (await second.json(`/v1/entities/${uid}`)).body['status'] === 'completed',
      );
      expect(starts).toEqual([uid]);
      const { body: result } = await second.json(`/v1/entities/${uid}/result`);
      const content = Buffer.from(String(result['result']), 'base64').toString();
      expect(JSON.parse(content)).toEqual({ name: `container of ${uid}` });
    } finally {
      behaviour = {};
      await second.close();
    }
  });

  it.each([
    ['not started', 2, 'completed'],
    ['running', 1, 'completed'],
    ['unknown', 1, 'failed'],
  ] as const)(
    'whose server went away in the call of start is asked for: where it is %s it is started %d times',
    async (status, count, end) => {
      let starts = 0;
      let isAsked = false;
      behaviour = {
        start: ({ signal }) => {
          starts += 1;
          if (starts > 1) return 'begun again';
          // It is not known what becomes of this call: its server goes away in it.
          return new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new Error('gone')), { once: true });
          });
        },
        progress: () => {
          const answer = isAsked ? 'completed' : status;
          isAsked = true;
          return [answer, ''];
        },
      };
      const first = await startTestServer([], { handlers });
      const { body } = await send('POST', '/v1/entities', { entity }, first);
      const uid = String(body['uid']);
      await until(() => starts === 1);
      await first.stop();
      const second = await startTestServer([], { handlers, folder: first.folder });
      try {
        await until(async () => (await second.json(`/v1/entities/${uid}`)).body['status'] === end);
        expect(starts).toBe(count);
      } finally {
        behaviour = {};
        await second.close();
      }
    },
    120_000,
  );
});

describe('the handlers of a server', () => {
  it('are listed with the types they support', async () => {
    expect((await server.json('/v1/handlers')).body).toMatchObject({
      data: [
        { supported_types: ['steps', 'more steps'], origin: 'steps.ts' },
        { supported_types: [SIGNAL.runner.type], origin: 'signals.ts' },
        { supported_types: ['http'], language: 'built in' },
      ],
      problems: [],
    });
  });

  it('of the operator go before those that are built in', async () => {
    const own = new HandlerRegistry();
    own.add(
      defineHandler({
        supportedType: 'http',
        description: 'my own',
        start: () => 'begun',
        progress: () => ['completed', ''],
        result: () => ['mine', new Uint8Array()],
      }),
      '/plugins/http.ts',
    );
    const one = await startTestServer([], {
      handlers: { registry: async () => own, problems: [] },
      containerEngine: 'unix:///nowhere',
    });
    try {
      const { body } = await send(
        'POST',
        '/v1/entities',
        { entity: { runner: { type: 'http' } }, wait: 60 },
        one,
      );
      expect(body).toMatchObject({ status: 'completed', message: 'mine' });
      const { body: list } = await one.json('/v1/handlers');
      expect(list['data']).toMatchObject([
        { supported_types: ['http'], origin: 'http.ts', language: 'typescript' },
        { language: 'built in' },
      ]);
    } finally {
      await one.close();
    }
  });

  it('read addresses of the web in the place of what is built in, where an operator says so', async () => {
    const own = new HandlerRegistry();
    own.add(signals, '/plugins/signals.ts');
    const written: string[] = [];
    const web = defineReferences({
      schemes: ['http'],
      resolve: async (address) => ({ samples: address.length }),
      write: async (address, content) => {
        written.push(`${address} ${new TextDecoder().decode(content)}`);
      },
    });
    own.addReferences(web, '/plugins/web.ts');
    expect(own.addresses()).toEqual([
      { schemes: ['http'], origin: '/plugins/web.ts' },
      { schemes: ['https'], origin: 'rowmill' },
    ]);
    expect(() => own.addReferences(web, '/plugins/more.ts')).toThrow(
      'addresses http://… are read by /plugins/web.ts and by /plugins/more.ts',
    );
    const one = await startTestServer([], {
      handlers: { registry: async () => own, problems: [] },
    });
    try {
      const { body } = await send(
        'POST',
        '/v1/entities',
        {
          entity: {
            runner: SIGNAL.runner,
            applicationInput: 'http://a',
            outputTarget: 'http://there',
          },
          wait: 60,
        },
        one,
      );
      expect(body).toMatchObject({ status: 'completed' });
      expect(written).toEqual(['http://there [0,1,0,-1,0,1,0,-1]']);
    } finally {
      await one.close();
    }
  });

  it('are refused where two support one type, naming both', () => {
    const double = new HandlerRegistry();
    double.add(stepping, '/plugins/a.ts');
    expect(() => double.add(stepping, '/plugins/b.ts')).toThrow(
      'two handlers support steps: one of /plugins/a.ts, one of /plugins/b.ts',
    );
    double.addReferences(dmss, '/plugins/a.ts');
    expect(() => double.addReferences(dmss, '/plugins/b.ts')).toThrow(/a\.ts and by .*b\.ts/);
  });

  it.each([
    [{}, 'supportedType is undefined: expected a text, or texts; start is no function'],
    [{ supportedType: [] }, 'supportedType is []'],
    [{ supportedType: 'a', pollSeconds: 0 }, 'pollSeconds is 0'],
  ])('are refused as they are written: %j', (wrong, message) => {
    expect(() => defineHandler(wrong as never)).toThrow(message);
  });
});
