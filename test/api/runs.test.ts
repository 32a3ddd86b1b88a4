import { afterEach, describe, expect, it } from 'vitest';
import { defineTask, fail, write } from '../../src/index.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

const double = defineTask({
  category: 'numbers',
  action: 'double',
  description: 'Double a number',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['twice'],
  row: ({ n }) => (n === '13' ? fail('unlucky') : write({ twice: String(2 * Number(n)) })),
});

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(): Promise<TestServer> {
  const server = await startTestServer([double]);
  servers.push(server);
  return server;
}

/** The run once it is neither at work nor paused. Bounded: 20 s. */
async function settledRun(server: TestServer, runId: string) {
  for (let tries = 0; tries < 400; tries += 1) {
    const run = await endedRun(server, runId);
    if (run['status'] !== 'paused') return run;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`run ${runId} stays paused`);
}

function upload(server: TestServer, csv: string, query = ''): ReturnType<TestServer['json']> {
  return server.json(`/v1/tasks/numbers/double/runs${query}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: csv,
  });
}

describe('a run over HTTP', () => {
  it('is uploaded, carried out, and its output downloaded', async () => {
    const server = await serve();
    const { status, body } = await upload(server, 'n\n1\n13\nx\n', '?file_name=numbers.csv');
    expect(status).toBe(201);
    expect(body).toMatchObject({ task: 'numbers/double', file_name: 'numbers.csv' });
    expect(await endedRun(server, body.id)).toMatchObject({
      status: 'partial',
      succeeded: 1,
      failed: 2,
    });
    const output = await fetch(`${server.url}/v1/runs/${body.id}/files/output.csv`);
    expect(await output.text()).toBe(
      'n,twice,error\n1,2,\n13,,unlucky\nx,,"n: ""x"" is no number"\n',
    );
    expect(server.errors).toEqual([]);
  });

  it('pauses behind its canary rows, and does the others when it is resumed', async () => {
    const server = await serve();
    const { body } = await upload(server, 'n\n1\n2\n3\n', '?canary=2');
    expect(await endedRun(server, body.id)).toMatchObject({ status: 'paused', succeeded: 2 });
    const path = `/v1/runs/${body.id}/resume`;
    expect((await server.json(path, { method: 'POST' })).status).toBe(202);
    expect(await settledRun(server, body.id)).toMatchObject({ status: 'success', succeeded: 3 });
  });

  it('is refused with what is missing, and leaves nothing behind', async () => {
    const server = await serve();
    const { status, body } = await upload(server, 'm\n1\n');
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'input_refused', status: 422 });
    expect((await server.json('/v1/runs')).body).toEqual({ data: [], next: null });
  });

  it('waits for its start where it is told to, and is started once', async () => {
    const server = await serve();
    const { body } = await upload(server, 'n\n1\n', '?start=false');
    expect(body).toMatchObject({ status: 'pending', due_at: null });
    const start = `/v1/runs/${body.id}/start`;
    expect((await server.json(start, { method: 'POST' })).status).toBe(202);
    await endedRun(server, body.id);
    expect((await server.json(start, { method: 'POST' })).status).toBe(409);
  });

  it('is removed with its files', async () => {
    const server = await serve();
    const { body } = await upload(server, 'n\n1\n');
    await endedRun(server, body.id);
    const path = `/v1/runs/${body.id}`;
    expect((await server.json(path, { method: 'DELETE' })).status).toBe(204);
    expect((await server.json(path)).status).toBe(404);
  });
});
