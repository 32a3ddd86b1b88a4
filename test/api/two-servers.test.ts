import { get, type IncomingMessage } from 'node:http';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createParser } from 'eventsource-parser';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { defineTask, write } from '../../src/index.ts';
import { asked, NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

let release: () => void = () => undefined;
let gate = Promise.resolve();
const calls: string[] = [];

const waits = defineTask({
  category: 'test',
  action: 'waits',
  description: 'Wait for the test at each thousandth row',
  mandatory: { n: () => true },
  output: ['done'],
  async row({ n }) {
    calls.push(n);
    if (Number(n) % 1_000 === 0) await gate;
    return write({ done: n });
  },
});

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

const servers: TestServer[] = [];
const answers: IncomingMessage[] = [];
afterEach(async () => {
  release();
  gate = Promise.resolve();
  calls.length = 0;
  for (const answer of answers.splice(0)) answer.destroy();
  for (const server of servers.splice(0)) await server.close();
});

function shut(): void {
  gate = new Promise((resolve) => {
    release = resolve;
  });
}

async function serve(database: string, filesDir?: string): Promise<TestServer> {
  const server = await startTestServer([waits], { database, filesDir });
  servers.push(server);
  return server;
}

/** Two servers of one database, each with a data folder of its own. */
async function serveTwice(): Promise<readonly [TestServer, TestServer, string]> {
  if (postgres === undefined) throw new Error(NOT_RUN);
  const database = await makeDatabase(postgres);
  return [await serve(database), await serve(database), database];
}

async function create(server: TestServer, { rows = 3_000, query = '' } = {}): Promise<string> {
  const { status, body } = await server.json(`/v1/tasks/test/waits/runs${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: `n\n${Array.from({ length: rows }, (_, index) => `${index + 1}\n`).join('')}`,
  });
  expect(status).toBe(201);
  return body.id;
}

/** What a client of a run's events is sent. */
class Watcher {
  readonly numbers: number[] = [];
  readonly types: (string | undefined)[] = [];
  isOver = false;

  static open(server: TestServer, runId: string, after = 0): Promise<Watcher> {
    const headers = { 'last-event-id': String(after) };
    return new Promise((resolve, reject) => {
      const url = `${server.url}/v1/runs/${runId}/events`;
      get(url, { headers, agent: false }, (answer) => {
        answers.push(answer);
        resolve(new Watcher(answer));
      }).once('error', reject);
    });
  }

  readonly answer: IncomingMessage;

  private constructor(answer: IncomingMessage) {
    this.answer = answer;
    const parser = createParser({
      onEvent: ({ id, event }) => {
        this.numbers.push(Number(id));
        this.types.push(event);
      },
    });
    answer.setEncoding('utf8').on('data', (text: string) => parser.feed(text));
    answer.once('close', () => {
      this.isOver = true;
    });
    answer.on('error', () => undefined);
  }
}

/** Bounded: 30 s. */
async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1_200; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`it did not happen that ${what}`);
}

function statusAt(server: TestServer, runId: string): Promise<unknown> {
  return server.json(`/v1/runs/${runId}`).then(({ body }) => body['status']);
}

function oneTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

describe.skipIf(postgres === undefined)('two servers on one PostgreSQL', () => {
  it('tell the events of a run of either, once and in order, through a cut', async () => {
    const [a, b] = await serveTwice();
    shut();
    const runId = await create(a);
    const [here, there, cut] = await Promise.all(
      [a, b, b].map((server) => Watcher.open(server, runId)),
    );
    if (here === undefined || there === undefined || cut === undefined) throw new Error('no three');
    await until('both tell that it has started', () =>
      [here, there, cut].every(({ types }) => types.includes('started')),
    );
    cut.answer.destroy();
    const { body } = await a.json(`/v1/runs/${runId}/pause`, { method: 'POST' });
    expect(body.id).toBe(runId);
    release();
    await until('both tell that it is paused', () =>
      [here, there].every(({ types }) => types.includes('paused')),
    );
    const back = await Watcher.open(b, runId, cut.numbers.at(-1));
    await a.json(`/v1/runs/${runId}/resume`, { method: 'POST' });
    await until('all streams end', () => [here, there, back].every(({ isOver }) => isOver));
    expect(here.types.at(-1)).toBe('ended');
    expect(here.numbers).toEqual(oneTo(here.numbers.length));
    expect(there.numbers).toEqual(here.numbers);
    expect(there.types).toEqual(here.types);
    expect([...cut.numbers, ...back.numbers]).toEqual(here.numbers);
  });

  it('tell the changes of all runs of the account, whichever carries them out', async () => {
    const [a, b] = await serveTwice();
    const seen: unknown[] = [];
    const stop = new AbortController();
    const stream = await fetch(`${b.url}/v1/events/runs`, { signal: stop.signal });
    const parser = createParser({ onEvent: ({ event }) => void seen.push(event) });
    const reading = (async () => {
      for await (const chunk of stream.body ?? []) parser.feed(Buffer.from(chunk).toString());
    })().catch(() => undefined);
    const runId = await create(a, { rows: 10 });
    await endedRun(a, runId);
    await until('the other tells its end', () => seen.includes('ended'));
    expect(seen).toEqual(['queued', 'started', 'ended']);
    stop.abort();
    await reading;
  });

  it('hear of each other again when the database has cut every connection', async () => {
    const [a, b, database] = await serveTwice();
    shut();
    const runId = await create(a);
    const watcher = await Watcher.open(b, runId);
    await until('it is told that it has started', () => watcher.types.includes('started'));
    await asked(
      database,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE 'rowmill%' AND datname = current_database()`,
    );
    release();
    await until('the stream ends', () => watcher.isOver);
    expect(watcher.types.at(-1)).toBe('ended');
    expect(watcher.numbers).toEqual(oneTo(watcher.numbers.length));
  });

  it('carry what is asked of a run to whichever has it', async () => {
    const [a, b] = await serveTwice();
    shut();
    const runId = await create(a, { rows: 5_000 });
    await until('it is at work', () => calls.length >= 1_000);
    const ask = async (what: string): Promise<void> => {
      const { status } = await b.json(`/v1/runs/${runId}/${what}`, { method: 'POST' });
      expect(status).toBe(202);
    };
    await ask('pause');
    release();
    await until('it is paused', async () => (await statusAt(b, runId)) === 'paused');
    shut();
    await ask('resume');
    await until('it goes on', async () => (await statusAt(a, runId)) === 'executing');
    await ask('stop');
    release();
    await until('it is stopped', async () => (await statusAt(b, runId)) === 'stopped');
    await ask('resume');
    await until('it has ended', async () => (await statusAt(b, runId)) === 'success');
    expect((await b.json(`/v1/runs/${runId}`)).body['succeeded']).toBe(5_000);
    expect(calls).toEqual(oneTo(5_000).map(String));
  });

  it('say where the files of a run and of a draft are, and leave them alone', async () => {
    const [a, b] = await serveTwice();
    const runId = await create(a, { rows: 10 });
    await endedRun(b, runId);
    const draft = await a.json('/v1/drafts?task=test/waits', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'n\n1\n',
    });
    const draftId = draft.body.id;
    const refused: readonly (readonly [string, string])[] = [
      ['GET', `/v1/runs/${runId}/files/output.csv`],
      ['GET', `/v1/runs/${runId}/rows`],
      ['GET', `/v1/runs/${runId}/errors`],
      ['GET', `/v1/runs/${runId}/log`],
      ['DELETE', `/v1/runs/${runId}`],
      ['GET', `/v1/drafts/${draftId}/rows`],
      ['POST', `/v1/drafts/${draftId}/check`],
      ['DELETE', `/v1/drafts/${draftId}`],
    ];
    for (const [method, path] of refused) {
      const { status, body } = await b.json(path, { method });
      expect([method, path, status, body['code']]).toEqual([method, path, 421, 'files_elsewhere']);
      expect(body['detail']).toMatch(/are not here but with srv_/);
    }
    expect(await b.json('/v1/retention?keep_days=0')).toMatchObject({ body: { data: [] } });
    expect((await b.json(`/v1/drafts/${draftId}`)).status).toBe(200);
    const output = await fetch(`${a.url}/v1/runs/${runId}/files/output.csv`);
    expect(await output.text()).toMatch(/^n,done/);
    expect((await a.json(`/v1/drafts/${draftId}/rows`)).status).toBe(200);
  });

  it('leave the checks of drafts of each other alone', async () => {
    const [a, , database] = await serveTwice();
    const { body } = await a.json('/v1/drafts?task=test/waits', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'n\n1\n',
    });
    await a.json(`/v1/drafts/${body.id}/check`, { method: 'POST' });
    await until('it is checked', async () => {
      const check = await a.json(`/v1/drafts/${body.id}/check`);
      return check.body['state'] === 'done';
    });
    await asked(database, `UPDATE drafts SET check_state = 'executing'`);
    await serve(database);
    expect((await a.json(`/v1/drafts/${body.id}/check`)).body['state']).toBe('executing');
  });

  it('share files where they share a folder, and say when it is gone', async () => {
    if (postgres === undefined) throw new Error(NOT_RUN);
    const database = await makeDatabase(postgres);
    const filesDir = await mkdtemp(join(tmpdir(), 'rowmill-shared-'));
    try {
      const [a, b] = [await serve(database, filesDir), await serve(database, filesDir)];
      const runId = await create(a, { rows: 10 });
      await endedRun(b, runId);
      const output = await fetch(`${b.url}/v1/runs/${runId}/files/output.csv`);
      expect(await output.text()).toMatch(/^n,done/);
      expect((await b.json('/readyz')).status).toBe(200);
      await rename(filesDir, `${filesDir}.gone`);
      const { status, body } = await b.json('/readyz');
      expect(status).toBe(503);
      expect(body).toMatchObject({
        checks: { store: { ok: true }, disk: { ok: false, message: expect.any(String) } },
      });
      await rename(`${filesDir}.gone`, filesDir);
      expect((await b.json(`/v1/runs/${runId}?purge=true`, { method: 'DELETE' })).status).toBe(204);
      expect(await readdir(join(filesDir, 'server-runs'))).toEqual([]);
    } finally {
      await rm(filesDir, { recursive: true, force: true });
    }
  });

  it('share no files without a database that they share', async () => {
    await expect(
      startTestServer([waits], { filesDir: join(tmpdir(), 'nowhere'), database: undefined }),
    ).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('--database') });
  });

  it('carry each run out once', async () => {
    const [a, b] = await serveTwice();
    const runs = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        create(index % 2 === 0 ? a : b, { rows: 100, query: '?start=false' }),
      ),
    );
    // Each is started at the server that did not receive it.
    for (const [index, runId] of runs.entries()) {
      const server = index % 2 === 0 ? b : a;
      await server.json(`/v1/runs/${runId}/start`, { method: 'POST' });
    }
    for (const runId of runs) {
      expect(await endedRun(a, runId)).toMatchObject({ status: 'success', succeeded: 100 });
    }
    expect(calls).toHaveLength(1_200);
  });
});

if (postgres === undefined) it.skip(NOT_RUN, () => undefined);
