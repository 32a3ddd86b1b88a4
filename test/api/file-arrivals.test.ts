import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ScriptCall, ScriptExecutor } from '../../src/engine/ports/script-executor.ts';
import { defineNoinputTask, defineTask, fail, stop, write } from '../../src/index.ts';
import { SCRIPT_OUTCOME } from './script-outcome.ts';
import { endedRun, startTestServer, until, type TestServer } from './test-server.ts';

let gate = Promise.resolve();
/** Rows of 99 wait for what this gives. */
const closeGate = (): (() => void) => {
  let open = (): void => undefined;
  gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => open();
};
const base = { category: 'demo', description: 'For a test' } as const;
const double = defineTask({
  ...base,
  action: 'double',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['twice'],
  row: async ({ n }) => {
    if (n === '99') await gate;
    return n === '13' ? fail('is unlucky') : write({ twice: String(2 * Number(n)) });
  },
});
const tick = defineNoinputTask({
  ...base,
  action: 'tick',
  output: ['n'],
  start: () => undefined,
  step: () => stop(write({ n: 1 })),
});

const events: unknown[] = [];
const laidOut: unknown[] = [];
const executor: ScriptExecutor = {
  async run({ event, bundle }: ScriptCall) {
    events.push(event);
    laidOut.push(bundle.files.map(({ path, content }) => [path, Buffer.from(content).toString()]));
    return SCRIPT_OUTCOME;
  },
  runtimes: async () => [],
  isolation: async () => 'there is nothing to isolate',
};

let root = '';
let server: TestServer;
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'rowmill-arrivals-')));
  await mkdir(join(root, 'of', 'local'), { recursive: true });
  server = await startTestServer([double, tick], {
    fileRoots: [join(root, 'in'), join(root, 'of', '{account}')],
    scripts: executor,
  });
});
afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
  expect(server.errors).toEqual([]);
});

let folder = '';
let folders = 0;
beforeEach(async () => {
  folders += 1;
  folder = join(root, 'in', `f${folders}`);
  await mkdir(folder, { recursive: true });
});
const made: string[] = [];
afterEach(async () => {
  for (const id of made.splice(0)) {
    for (;;) {
      const { status } = await call('DELETE', `/v1/schedules/${id}`);
      if (status !== 409) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});

const call = (...sent: Parameters<TestServer['send']>) => server.send(...sent);

const arrival = (more: object = {}) => ({
  kind: 'file',
  folder,
  glob: '*.csv',
  stable_seconds: 0,
  poll_seconds: 1,
  ...more,
});

async function watch(more: object = {}, trigger: object = {}) {
  const name = `watch ${folders} ${made.length}`;
  const schedule = { name, task: 'demo/double', trigger: arrival(trigger), ...more };
  const { status, body } = await call('POST', '/v1/schedules', schedule);
  expect(status, JSON.stringify(body)).toBe(201);
  made.push(body.id);
  return body;
}

interface FiringJson {
  readonly id: string;
  readonly verdict: string;
  readonly run_id: string;
  readonly outcome: string | null;
  readonly message: string | null;
  readonly payload: { readonly file: { readonly name: string } } | null;
}

async function firingsOf(id: string): Promise<readonly FiringJson[]> {
  return (await call('GET', `/v1/schedules/${id}/firings`)).body['data'] as readonly FiringJson[];
}

const filesIn = async (...below: string[]): Promise<string[]> =>
  (await readdir(join(folder, ...below)).catch(() => []))
    .filter((name) => /[^.]\.\w/.test(name))
    .sort();

/** All that lies there, once so many files were put away. */
async function putAway(count: number) {
  const look = async () => ({ done: await filesIn('done'), failed: await filesIn('failed') });
  return until(look, ({ done, failed }) => done.length + failed.length === count);
}

describe('a file that arrives', () => {
  it('is the input of a run, and is put away by how that has ended', async () => {
    const { id } = await watch();
    await writeFile(join(folder, 'good.csv'), 'n\n1\n2\n');
    await writeFile(join(folder, 'bad.csv'), 'n\n13\n');
    await writeFile(join(folder, 'empty.csv'), '');
    await writeFile(join(folder, 'notes.txt'), 'not meant');
    expect(await putAway(3)).toEqual({ done: ['good.csv'], failed: ['bad.csv', 'empty.csv'] });
    expect(await filesIn()).toEqual(['notes.txt']);
    expect(await readFile(join(folder, 'done', 'good.csv'), 'utf8')).toBe('n\n1\n2\n');
    const firings = await firingsOf(id);
    const of = (name: string) => firings.find(({ payload }) => payload?.file.name === name);
    expect(of('good.csv')).toMatchObject({ verdict: 'fired', outcome: 'success' });
    expect(of('bad.csv')).toMatchObject({ verdict: 'fired', outcome: 'error' });
    expect(of('empty.csv')).toMatchObject({ verdict: 'error', run_id: null });
    expect(of('empty.csv')?.message).toMatch(/^empty\.csv/);
    const left = await until(
      () => readdir(folder),
      (names) => !names.includes('.rowmill'),
    );
    expect(left.sort()).toEqual(['done', 'failed', 'notes.txt']);
    const run = await endedRun(server, of('good.csv')?.run_id ?? '');
    expect(run).toMatchObject({ status: 'success', succeeded: 2, file_name: 'good.csv' });
    const output = await fetch(`${server.url}/v1/runs/${run.id}/files/output.csv`);
    expect(await output.text()).toContain('2,4');
  });

  it('keeps its content where its name is taken', async () => {
    await watch();
    await mkdir(join(folder, 'done'));
    await writeFile(join(folder, 'done', 'a.csv'), 'the one before');
    await writeFile(join(folder, 'a.csv'), 'n\n1\n');
    expect((await putAway(2)).done).toEqual(['a (2).csv', 'a.csv']);
    expect(await readFile(join(folder, 'done', 'a.csv'), 'utf8')).toBe('the one before');
    await writeFile(join(folder, 'a.csv'), 'n\n2\n');
    expect((await putAway(3)).done).toEqual(['a (2).csv', 'a (3).csv', 'a.csv']);
    expect(await readFile(join(folder, 'done', 'a (3).csv'), 'utf8')).toBe('n\n2\n');
  });

  it('is left alone while it grows, and where it is a link or hidden', async () => {
    const { id } = await watch({}, { stable_seconds: 86_400, glob: '*' });
    await writeFile(join(root, 'secret.csv'), 'n\n1\n');
    await symlink(join(root, 'secret.csv'), join(folder, 'link.csv'));
    await writeFile(join(folder, '.hidden.csv'), 'n\n1\n');
    await writeFile(join(folder, 'young.csv'), 'n\n1\n');
    const now = { trigger: arrival({ glob: '*' }) };
    const seen = await watch({ paused: true });
    expect((await call('PATCH', `/v1/schedules/${id}`, { name: 'still' })).status).toBe(200);
    expect(await filesIn()).toEqual(['.hidden.csv', 'link.csv', 'young.csv']);
    expect((await call('PATCH', `/v1/schedules/${id}`, now)).status).toBe(200);
    expect((await putAway(1)).done).toEqual(['young.csv']);
    expect(await filesIn()).toEqual(['.hidden.csv', 'link.csv']);
    expect(await firingsOf(seen.id)).toEqual([]);
  });

  it('is told to a script, which is given it', async () => {
    const script = {
      language: 'python',
      entry: 'main.py',
      files: [{ path: 'main.py', content: 'print(1)\n' }],
    };
    const job = await call('POST', '/v1/jobs', { name: 'reads', script, arguments: { a: 1 } });
    await watch({ task: undefined, job: job.body.id }, { glob: '*' });
    await writeFile(join(folder, 'ä b.txt'), 'Grüße\n');
    expect((await putAway(1)).done).toEqual(['ä b.txt']);
    expect(events.splice(0)).toEqual([
      {
        a: 1,
        file: {
          name: 'ä b.txt',
          bytes: 8,
          modified_at: expect.stringMatching(/^20.*Z$/) as string,
          path: 'arrived/ä b.txt',
          content: 'Grüße\n',
        },
      },
    ]);
    expect(laidOut.splice(0)).toEqual([
      [
        ['main.py', 'print(1)\n'],
        ['arrived/ä b.txt', 'Grüße\n'],
      ],
    ]);
    await writeFile(join(folder, 'bytes.bin'), Buffer.from([255, 254, 0]));
    await putAway(2);
    expect(events.splice(0)).toMatchObject([{ file: { bytes: 3 } }]);
    await writeFile(join(folder, 'large.txt'), 'x'.repeat(7 * 1024 * 1024));
    expect((await putAway(3)).failed).toEqual(['large.txt']);
    const { body } = await call('GET', `/v1/jobs/${job.body.id}/runs?limit=1`);
    const [record] = body['data'] as readonly { readonly status: string; readonly id: string }[];
    expect(record).toMatchObject({ status: 'failure' });
    const log = await fetch(`${server.url}/v1/runs/${record?.id}/files/errors.csv`);
    expect(await log.text()).toContain('a script is given 6291456 at most');
  });

  it('is put into no folder that a link leads to', async () => {
    const elsewhere = await mkdtemp(join(root, 'elsewhere-'));
    await symlink(elsewhere, join(folder, 'done'));
    await watch();
    await writeFile(join(folder, 'a.csv'), 'n\n1\n');
    const said = await until(
      async () => server.errors.map(String).join(),
      (errors) => errors.includes('is a symbolic link: expected a folder'),
    );
    expect(said).toContain(join(folder, 'done'));
    server.errors.length = 0;
    expect(await readdir(elsewhere)).toEqual([]);
    await rm(join(folder, 'done'));
    expect(await putAway(1)).toEqual({ done: ['a.csv'], failed: [] });
  });

  it('is told as an event to who waits for that', async () => {
    const { id } = await watch();
    const name = `told of ${folders}`;
    const trigger = {
      kind: 'event',
      object: 'file',
      event: 'arrived',
      filter: { name: { $regex: '^told' }, bytes: { $gt: 3 } },
    };
    const listener = await call('POST', '/v1/schedules', { name, task: 'demo/tick', trigger });
    expect(listener.status, JSON.stringify(listener.body)).toBe(201);
    made.push(listener.body.id);
    await writeFile(join(folder, 'told.csv'), 'n\n1\n');
    await writeFile(join(folder, 'other.csv'), 'n\n1\n');
    await putAway(2);
    const look = async () =>
      (await call('GET', '/v1/events?object=file&event=arrived')).body['data'];
    type Told = readonly { readonly payload: { readonly name: string }; deliveries: unknown }[];
    const told = (await until(look, (events) => (events as Told).length === 2)) as Told;
    const of = (file: string) => told.find(({ payload }) => payload.name === file);
    expect(of('told.csv')).toMatchObject({ payload: { bytes: 4, folder, schedule_id: id } });
    expect(of('other.csv')).toMatchObject({ deliveries: [{ verdict: 'filtered' }] });
    await until(
      () => firingsOf(listener.body.id),
      ([firing]) => firing?.verdict === 'fired' && firing.outcome === 'success',
    );
  });

  it.each(['allow', 'queue'])(
    'waits with one firing while something else is at work with its job (%s)',
    async (overlap) => {
      const gate = closeGate();
      const work = { name: `one at a time ${overlap}`, task: 'demo/double' };
      const job = await call('POST', '/v1/jobs', work);
      const draft = await server.json('/v1/drafts?task=demo/double', {
        method: 'POST',
        headers: { 'content-type': 'text/csv' },
        body: 'n\n99\n',
      });
      const other = await call('POST', `/v1/jobs/${job.body.id}/runs`, { draft: draft.body.id });
      const { id } = await watch({ task: undefined, job: job.body.id, overlap });
      const names = ['a.csv', 'b.csv', 'c.csv'];
      // Each is found by a look that sees those before it waiting.
      for (const [index, name] of names.entries()) {
        await writeFile(join(folder, name), 'n\n1\n');
        await until(
          () => firingsOf(id),
          (found) => found.some(({ payload }) => payload?.file.name === name),
        );
        const found = (await firingsOf(id)).map(({ payload }) => String(payload?.file.name));
        expect(found.sort()).toEqual(names.slice(0, index + 1));
      }
      expect(await putAway(0)).toEqual({ done: [], failed: [] });
      gate();
      await endedRun(server, other.body.id);
      expect((await putAway(3)).done).toEqual(names);
      const verdicts = (await firingsOf(id)).map(({ verdict }) => verdict);
      expect(verdicts).toEqual(['fired', 'fired', 'fired']);
    },
  );

  it('is not left behind where its folder cannot be looked into', async () => {
    const { id } = await watch({ paused: true });
    const claimed = join(folder, '.rowmill', id, 'fir_lost');
    await mkdir(claimed, { recursive: true });
    await writeFile(join(claimed, 'a.csv'), 'n\n1\n');
    await rename(folder, `${folder}-unmounted`);
    const refused = await call('DELETE', `/v1/schedules/${id}`);
    expect(refused.status).toBe(409);
    expect(refused.body['detail']).toContain(`${folder} is not there`);
    await rename(`${folder}-unmounted`, folder);
    expect((await call('DELETE', `/v1/schedules/${id}`)).status).toBe(204);
    expect(await filesIn()).toEqual(['a.csv']);
  });

  it('is run by no claim that somebody else makes of it', async () => {
    const { id } = await watch({ paused: true });
    const { body: fired } = await call('POST', `/v1/schedules/${id}/fire`);
    const forged = async (claimId: string, name: string) => {
      const claimed = join(folder, '.rowmill', id, claimId);
      await mkdir(claimed, { recursive: true });
      await writeFile(join(claimed, name), 'n\n1\n');
    };
    await forged(fired.id, 'of-no-file.csv');
    await forged('fir_forged', 'forged.csv');
    const back = await until(filesIn, (names) => names.length === 2);
    expect(back).toEqual(['forged.csv', 'of-no-file.csv']);
    const [firing, ...others] = await until(
      () => firingsOf(id),
      ([first]) => first?.verdict !== 'waiting',
    );
    expect(others).toEqual([]);
    expect(firing).toMatchObject({ verdict: 'error', run_id: null });
    expect(firing?.message).toContain('no file has arrived for this firing');
    // What is back arrives as any file does.
    expect((await call('PATCH', `/v1/schedules/${id}`, { paused: false })).status).toBe(200);
    expect((await putAway(2)).done).toEqual(['forged.csv', 'of-no-file.csv']);
    const names = (await firingsOf(id)).map(({ payload }) => payload?.file.name ?? '');
    expect(names.sort()).toEqual(['', 'forged.csv', 'of-no-file.csv']);
  });

  it('is left where its folder is gone for good, and its schedule goes by force', async () => {
    const gate = closeGate();
    const job = await call('POST', '/v1/jobs', { name: 'busy for ever', task: 'demo/double' });
    const draft = await server.json('/v1/drafts?task=demo/double', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'n\n99\n',
    });
    const other = await call('POST', `/v1/jobs/${job.body.id}/runs`, { draft: draft.body.id });
    const { id } = await watch({ task: undefined, job: job.body.id });
    await writeFile(join(folder, 'a.csv'), 'n\n1\n');
    const [firing] = await until(
      () => firingsOf(id),
      ([found]) => found?.verdict === 'waiting',
    );
    // What can be looked into is not left, and force changes nothing.
    expect((await call('DELETE', `/v1/schedules/${id}?force=true`)).status).toBe(409);
    await rename(folder, `${folder}-gone`);
    expect((await call('DELETE', `/v1/schedules/${id}`)).status).toBe(409);
    const { status, body } = await call('DELETE', `/v1/schedules/${id}?force=true`);
    const claimed = `${folder}/.rowmill/${id}`;
    expect([status, body]).toEqual([
      200,
      {
        id,
        why: expect.stringContaining(`${folder} is not there`) as string,
        folder,
        sftp: null,
        claimed,
        files: [{ firing_id: firing?.id, name: 'a.csv', is_done: false, run_id: null }],
      },
    ]);
    expect((await call('GET', `/v1/schedules/${id}`)).status).toBe(404);
    const { body: audit } = await call('GET', '/v1/audit?action=leaveFile');
    expect(audit['data']).toMatchObject([{ subject: `${claimed}/${firing?.id}` }]);
    const left = join(`${folder}-gone`, '.rowmill', id, firing?.id ?? '', 'a.csv');
    expect(await readFile(left, 'utf8')).toBe('n\n1\n');
    // A look that had begun finds nothing.
    await mkdir(folder);
    gate();
    await endedRun(server, other.body.id);
    server.errors.length = 0;
  });

  it('is not said to be left where it had its run after its job was back', async () => {
    const job = await call('POST', '/v1/jobs', {
      name: 'archived for a while',
      task: 'demo/double',
    });
    const archive = (archived: boolean) => call('PATCH', `/v1/jobs/${job.body.id}`, { archived });
    await archive(true);
    const { id } = await watch({ task: undefined, job: job.body.id });
    await writeFile(join(folder, 'done.csv'), 'n\n1\n');
    const verdicts = async () => (await firingsOf(id)).map(({ verdict }) => verdict);
    await until(verdicts, ([first]) => first === 'skipped_archived');
    await archive(false);
    expect((await putAway(1)).done).toEqual(['done.csv']);
    await archive(true);
    await writeFile(join(folder, 'waits.csv'), 'n\n2\n');
    await until(verdicts, (all) => all.length === 3 && !all.includes('waiting'));
    expect(await verdicts()).toEqual(['skipped_archived', 'fired', 'skipped_archived']);
    const [waits] = await firingsOf(id);
    await rename(folder, `${folder}-gone`);
    const { status, body } = await call('DELETE', `/v1/schedules/${id}?force=true`);
    expect([status, body['files']]).toEqual([
      200,
      [{ firing_id: waits?.id, name: 'waits.csv', is_done: false, run_id: null }],
    ]);
    const { body: audit } = await call('GET', '/v1/audit?action=leaveFile');
    const subjects = (audit['data'] as readonly { readonly subject: string }[])
      .map(({ subject }) => subject)
      .filter((subject) => subject.includes(id));
    expect(subjects).toEqual([`${folder}/.rowmill/${id}/${waits?.id}`]);
    await mkdir(folder);
    server.errors.length = 0;
  });

  it('is named where its run has ended and its folder went before it was put away', async () => {
    const gate = closeGate();
    const { id } = await watch();
    await writeFile(join(folder, 'a.csv'), 'n\n99\n');
    const [firing] = await until(
      () => firingsOf(id),
      ([found]) => found?.verdict === 'fired',
    );
    await rename(folder, `${folder}-gone`);
    gate();
    await until(
      () => firingsOf(id),
      ([found]) => found?.outcome !== null,
    );
    const { status, body } = await call('DELETE', `/v1/schedules/${id}?force=true`);
    const file = { firing_id: firing?.id, name: 'a.csv', is_done: true, run_id: firing?.run_id };
    expect([status, body['files']]).toEqual([200, [file]]);
    const { body: audit } = await call('GET', '/v1/audit?action=leaveFile');
    const lines = audit['data'] as readonly { readonly subject: string }[];
    expect(lines[0]?.subject).toBe(`${folder}/.rowmill/${id}/${firing?.id}`);
    // What was named is left: nobody puts it back.
    const store = await server.openStore();
    const known = store.db.selectFrom('arrival_claims').select('id').where('trigger_id', '=', id);
    expect(await known.execute()).toEqual([]);
    await store.db.destroy();
    server.errors.length = 0;
  });

  it('is forgotten once it was put away: nothing is named that is not left', async () => {
    const { id } = await watch();
    await writeFile(join(folder, 'a.csv'), 'n\n1\n');
    await putAway(1);
    const store = await server.openStore();
    const known = store.db.selectFrom('arrival_claims').select('id').where('trigger_id', '=', id);
    await until(
      () => known.execute(),
      (rows) => rows.length === 0,
    );
    await store.db.destroy();
    await rename(folder, `${folder}-gone`);
    const { status, body } = await call('DELETE', `/v1/schedules/${id}?force=true`);
    expect([status, body['files']]).toEqual([200, []]);
    server.errors.length = 0;
  });

  it('is waited for as before where a change of its schedule is refused', async () => {
    const script = { language: 'python', entry: 'a.py', files: [{ path: 'a.py', content: '' }] };
    const job = await call('POST', '/v1/jobs', { name: 'refused changes', script });
    const { id, name } = await watch({ task: undefined, job: job.body.id });
    const start = '2020-01-01T09:00';
    const over = { kind: 'rrule', rule: 'FREQ=DAILY;UNTIL=20200103T090000Z', start };
    const change = { name: 'another name', trigger: over };
    const refused = await call('PATCH', `/v1/schedules/${id}`, change);
    expect([refused.status, refused.body['detail']]).toEqual([
      400,
      expect.stringContaining('all of its times are over'),
    ]);
    expect((await call('GET', `/v1/schedules/${id}`)).body).toMatchObject({ name, paused: false });
    await writeFile(join(folder, 'a.csv'), 'n\n1\n');
    expect((await putAway(1)).done).toEqual(['a.csv']);
    events.length = 0;
    laidOut.length = 0;
  });

  it('is waited for as before where the removal of its job is refused', async () => {
    const job = await call('POST', '/v1/jobs', { name: 'not removed', task: 'demo/double' });
    const trigger = (below: string) => ({ trigger: arrival({ folder: join(folder, below) }) });
    const ids = new Array<string>();
    for (const below of ['one', 'two']) {
      await mkdir(join(folder, below));
      const more = { task: undefined, job: job.body.id, ...trigger(below) };
      ids.push((await watch(more)).id);
    }
    const paused = async () =>
      Promise.all(ids.map(async (id) => (await call('GET', `/v1/schedules/${id}`)).body['paused']));
    for (const below of ['one', 'two']) {
      await rename(join(folder, below), join(folder, `${below}-gone`));
      expect((await call('DELETE', `/v1/jobs/${job.body.id}`)).status).toBe(409);
      expect(await paused(), below).toEqual([false, false]);
      await rename(join(folder, `${below}-gone`), join(folder, below));
    }
    server.errors.length = 0;
  });

  it('goes back where it came from when its schedule is removed', async () => {
    const { id } = await watch({ paused: true });
    const claimed = join(folder, '.rowmill', id, 'fir_lost');
    await mkdir(claimed, { recursive: true });
    await writeFile(join(claimed, 'a.csv'), 'n\n1\n');
    expect((await call('DELETE', `/v1/schedules/${id}`)).status).toBe(204);
    expect(await filesIn()).toEqual(['a.csv']);
  });
});

describe('a schedule with a file', () => {
  it('may name one that each run reads', async () => {
    await writeFile(join(folder, 'daily.csv'), 'n\n5\n');
    const file = join(folder, 'daily.csv');
    const event = { kind: 'daily_at', time: '00:00' };
    const schedule = { name: 'fixed', task: 'demo/double', file, trigger: event };
    const { body, status } = await call('POST', '/v1/schedules', schedule);
    expect(status, JSON.stringify(body)).toBe(201);
    expect(body).toMatchObject({ file, overlap: 'skip' });
    for (let time = 1; time <= 2; time += 1) {
      expect((await call('POST', `/v1/schedules/${body.id}/fire`)).status).toBeLessThan(300);
      const firings = await until(
        () => firingsOf(body.id),
        (found) => found.filter(({ outcome }) => outcome === 'success').length === time,
      );
      const run = await endedRun(server, firings[0]?.run_id ?? '');
      expect(run).toMatchObject({ succeeded: 1, file_name: 'daily.csv' });
    }
    expect(await filesIn()).toEqual(['daily.csv']);
  });

  it.each([
    ['a folder outside', { folder: '/etc' }, {}, 'fileRoots'],
    ['a folder that is not there', { folder: '/nowhere' }, {}, 'fileRoots'],
    ['a way out', { folder: '../../etc' }, {}, 'expected a whole path'],
    ['a file as a folder', { folder: 'FILE' }, {}, 'is no folder'],
    ['a link that leads out', { folder: 'LINK' }, {}, 'fileRoots'],
    ['the folder of another account', { folder: 'OTHER' }, {}, 'fileRoots'],
    ['a pattern with folders', { glob: '../*' }, {}, 'body.trigger.glob'],
    ['done and failed in one', { done: 'x', failed: 'x' }, {}, 'body.trigger.failed'],
    ['done elsewhere', { done: '../x' }, {}, 'body.trigger.done'],
    ['a task without input', {}, { task: 'demo/tick' }, 'reads no file'],
    ['two files', {}, { file: 'FILE' }, 'reads one file'],
    ['files left out', {}, { overlap: 'skip' }, 'body.overlap'],
  ])('is refused for %s', async (_, trigger, more, said) => {
    await writeFile(join(folder, 'x.csv'), 'n\n');
    await symlink('/etc', join(folder, 'link'));
    await mkdir(join(root, 'of', 'other'), { recursive: true });
    const places: Readonly<Record<string, string>> = {
      FILE: join(folder, 'x.csv'),
      LINK: join(folder, 'link'),
      OTHER: join(root, 'of', 'other'),
    };
    const placed = (given: object) =>
      Object.fromEntries(
        Object.entries(given).map(([name, value]) => [name, places[String(value)] ?? value]),
      );
    const refused = await call('POST', '/v1/schedules', {
      name: 'refused',
      task: 'demo/double',
      trigger: arrival(placed(trigger)),
      ...placed(more),
    });
    expect([refused.status, refused.body['detail']]).toEqual([400, expect.stringContaining(said)]);
  });

  it('is refused where a task that reads a CSV is given none', async () => {
    const trigger = { kind: 'daily' };
    const wanted = { name: 'none', task: 'demo/double', trigger };
    const { status, body } = await call('POST', '/v1/schedules', wanted);
    expect([status, body['detail']]).toEqual([400, expect.stringContaining('body.file')]);
  });

  it('watches the folder of its own account', async () => {
    folder = join(root, 'of', 'local');
    await watch();
    await writeFile(join(folder, 'mine.csv'), 'n\n1\n');
    expect((await putAway(1)).done).toEqual(['mine.csv']);
  });
});
