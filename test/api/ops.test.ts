import { afterEach, describe, expect, it } from 'vitest';
import { defineTask, fail, write } from '../../src/index.ts';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { audited, endedRun, startTestServer, type TestServer } from './test-server.ts';

const half = defineTask({
  category: 'numbers',
  action: 'half',
  description: 'Halve even numbers',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['half'],
  row: ({ n }) => (Number(n) % 2 === 1 ? fail('odd') : write({ half: String(Number(n) / 2) })),
});

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([half], options);
  servers.push(server);
  return server;
}

async function upload(server: TestServer, csv: string, query = ''): Promise<string> {
  const { status, body } = await server.json(`/v1/tasks/numbers/half/runs${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: csv,
  });
  expect(status).toBe(201);
  return body.id;
}

/** The figures by name with labels. */
async function figures(server: TestServer): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const lines = (await response.text()).split('\n').filter((line) => /^\w/.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

describe('readiness', () => {
  it('is there when store, disk and host are', async () => {
    const server = await serve();
    await upload(server, 'n\n2\n');
    const well = { ok: true, message: null };
    expect(await server.json('/readyz')).toEqual({
      status: 200,
      body: { status: 'ready', checks: { store: well, disk: well, host: well } },
    });
  });

  it('is not there with too little space, and says so', async () => {
    const server = await serve({ minFreeBytes: 2 ** 60 });
    const { status, body } = await server.json('/readyz');
    expect(status).toBe(503);
    expect(body).toMatchObject({
      status: 'not_ready',
      checks: {
        store: { ok: true },
        disk: { ok: false, message: expect.stringMatching(/^\d+ bytes are left/) },
      },
    });
  });

  it('is not there without its database, whose address it does not tell', async (context) => {
    const postgres = await startPostgres();
    if (postgres === undefined) return context.skip(NOT_RUN);
    const server = await serve({ database: await makeDatabase(postgres) });
    await endedRun(server, await upload(server, 'n\n2\n'));
    expect((await server.json('/readyz')).status).toBe(200);
    const before = await figures(server);
    expect(before.get('rowmill_runs{status="success",task="numbers/half"}')).toBe(1);
    await postgres.stop();
    const { status, body } = await server.json('/readyz');
    expect(status).toBe(503);
    expect(body).toMatchObject({
      checks: { store: { ok: false, message: 'the database does not answer' } },
    });
  });
});

describe('metrics', () => {
  it('count runs, rows, uploads and requests', async () => {
    const server = await serve();
    await endedRun(server, await upload(server, 'n\n2\n3\n4\n'));
    await upload(server, 'n\n2\n', '?start=false');
    await server.json('/v1/runs/run_nowhere');
    await server.json('/nowhere/at/all');
    const found = await figures(server);
    const expected = {
      'rowmill_runs{status="partial",task="numbers/half"}': 1,
      'rowmill_runs{status="pending",task="numbers/half"}': 1,
      'rowmill_runs_ended_total{task="numbers/half",status="partial"}': 1,
      'rowmill_rows_total{task="numbers/half",outcome="succeeded"}': 2,
      'rowmill_rows_total{task="numbers/half",outcome="failed"}': 1,
      rowmill_upload_bytes_total: 12,
      rowmill_queue_length: 0,
      rowmill_queue_oldest_seconds: 0,
      rowmill_slots: 2,
      rowmill_slots_used: 0,
      rowmill_event_streams: 0,
      'rowmill_http_request_duration_seconds_count{method="POST",route="/v1/tasks/{category}/{action}/runs",status="201"}': 2,
      'rowmill_http_request_duration_seconds_count{method="GET",route="/v1/runs/{run_id}",status="404"}': 1,
      'rowmill_http_request_duration_seconds_count{method="GET",route="none",status="404"}': 1,
    };
    expect(
      Object.fromEntries(Object.keys(expected).map((name) => [name, found.get(name)])),
    ).toEqual(expected);
    expect(found.get('rowmill_disk_free_bytes')).toBeGreaterThan(0);
    expect(found.get('process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  it('count streams of events while they are open', async () => {
    const server = await serve();
    const id = await upload(server, 'n\n2\n', '?start=false');
    const stop = new AbortController();
    const stream = await fetch(`${server.url}/v1/runs/${id}/events`, {
      headers: { accept: 'text/event-stream' },
      signal: stop.signal,
    });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    expect((await figures(server)).get('rowmill_event_streams')).toBe(1);
    stop.abort();
    for (let tries = 0; tries < 100; tries += 1) {
      if ((await figures(server)).get('rowmill_event_streams') === 0) return;
    }
    throw new Error('the stream was closed and is still counted');
  });

  it('have no label whose values come from a path', async () => {
    const server = await serve();
    for (const name of ['a', 'b', 'c']) {
      await server.json(`/v1/runs/run_${name}`);
      await server.json(`/v1/tasks/x/${name}`);
      await server.json(`/${name}`);
    }
    const names = [...(await figures(server)).keys()].join('\n');
    expect(names).not.toMatch(/run_[abc]|\/v1\/tasks\/x|route="\/[abc]"/);
  });
});

describe('retention', () => {
  const ids = (body: Readonly<Record<string, unknown>>): readonly string[] =>
    (body['data'] as readonly { readonly run_id: string }[]).map(({ run_id: id }) => id);

  it('shows what would go by rules that are tried, and removes nothing', async () => {
    const server = await serve();
    const first = await upload(server, 'n\n2\n');
    await endedRun(server, first);
    const second = await upload(server, 'n\n4\n');
    await endedRun(server, second);
    await upload(server, 'n\n6\n', '?start=false');
    const none = await server.json('/v1/retention');
    expect(none.body).toEqual({
      rules: { keep_days: null, keep_bytes: null, until_acknowledged: false },
      data: [],
    });
    const all = await server.json('/v1/retention?keep_bytes=0');
    expect(ids(all.body)).toEqual([first, second]);
    expect(all.body['data']).toMatchObject([{ reason: 'space', status: 'success' }, {}]);
    const total = (all.body['data'] as { readonly bytes: number }[]).map(({ bytes }) => bytes);
    expect(Math.min(...total)).toBeGreaterThan(0);
    const one = await server.json(`/v1/retention?keep_bytes=${total[1] ?? 0}`);
    expect(ids(one.body)).toEqual([first]);
    expect(ids((await server.json('/v1/retention?keep_days=1')).body)).toEqual([]);
    const kept = await server.json('/v1/retention?keep_bytes=0&until_acknowledged=true');
    expect(ids(kept.body)).toEqual([]);
    await server.json(`/v1/runs/${second}/acknowledge`, { method: 'POST' });
    const seen = await server.json('/v1/retention?keep_bytes=0&until_acknowledged=true');
    expect(ids(seen.body)).toEqual([second]);
    expect((await server.json(`/v1/runs/${first}`)).status).toBe(200);
  });

  it('removes at the start of the server what has been kept long enough, and says so', async () => {
    const server = await serve();
    const ended = await upload(server, 'n\n2\n');
    await endedRun(server, ended);
    const waiting = await upload(server, 'n\n6\n', '?start=false');
    await server.stop();
    servers.splice(0);
    const notices: string[] = [];
    const next = await serve({
      folder: server.folder,
      keepRunsDays: 0,
      onNotice: (message) => notices.push(message),
    });
    for (let tries = 0; tries < 200 && notices.length === 0; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect(notices).toEqual([
      expect.stringContaining(`retention (age) has removed run ${ended} of account local`),
    ]);
    expect(await audited(next, 'removeRun')).toEqual([
      expect.objectContaining({
        subject: ended,
        account_id: 'local',
        key_id: null,
        outcome: 'done',
      }),
    ]);
    expect((await next.json(`/v1/runs/${ended}`)).status).toBe(404);
    expect((await next.json(`/v1/runs/${waiting}`)).status).toBe(200);
  });
});
