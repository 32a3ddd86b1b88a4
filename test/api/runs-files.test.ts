import { get, type IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { contentDisposition } from '../../src/api/content-disposition.ts';
import { defineTask, fail, omit, write, writeAll } from '../../src/index.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

let release: () => void = () => undefined;
let gate = Promise.resolve();
/** Rows that have come to the gate. */
let waiting = 0;

const picky = defineTask({
  category: 'test',
  action: 'picky',
  description: 'Fail, omit and multiply rows',
  mandatory: { n: () => true },
  output: ['done'],
  async row({ n }, _state, run) {
    if (n === 'wait') {
      waiting += 1;
      await gate;
    }
    if (n === 'bad') {
      run.log.warn('a bad row', { seen: n });
      return fail({ column: 'n', value: n, code: 'bad', message: 'is bad' });
    }
    if (n === 'none') return omit();
    if (n === 'two') return writeAll([{ done: 'a' }, { done: 'b' }]);
    return write({ done: n });
  },
});

const servers: TestServer[] = [];
afterEach(async () => {
  release();
  gate = Promise.resolve();
  for (const server of servers.splice(0)) await server.close();
});

async function serve(): Promise<TestServer> {
  const server = await startTestServer([picky]);
  servers.push(server);
  return server;
}

async function create(server: TestServer, csv: string, fileName = 'orders.csv'): Promise<string> {
  const { body } = await server.json(
    `/v1/tasks/test/picky/runs?file_name=${encodeURIComponent(fileName)}`,
    { method: 'POST', headers: { 'content-type': 'text/csv' }, body: csv },
  );
  return body.id;
}

async function until(
  server: TestServer,
  id: string,
  isSo: (run: Readonly<Record<string, unknown>>) => boolean,
): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (isSo((await server.json(`/v1/runs/${id}`)).body)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not become so');
}

const CSV = 'n,note\n1,x\nbad,"two\nlines"\nnone,y\ntwo,z\n';
const OUTPUT =
  'n,note,done,error\n1,x,1,\nbad,"two\nlines",,"n: ""bad"" is bad"\ntwo,z,a,\ntwo,z,b,\n';

async function ended(csv = CSV): Promise<{ server: TestServer; id: string; files: string }> {
  const server = await serve();
  const id = await create(server, csv);
  await endedRun(server, id);
  return { server, id, files: `${server.url}/v1/runs/${id}/files` };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** As it was sent: nothing unpacked, no header added. */
function raw(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .once('end', () => {
          const { statusCode: status = 0, headers: sent } = response;
          resolve({ status, headers: sent, body: Buffer.concat(chunks) });
        });
    });
    request.once('error', reject);
  });
}

describe('the files of a run', () => {
  it.each([
    ['input', CSV],
    ['output', OUTPUT],
    ['failed', 'n,note,_row,error\nbad,"two\nlines",2,"n: ""bad"" is bad"\n'],
    ['unprocessed', 'n,note\n'],
    ['errors', 'row,line,column,value,code,message\n2,3,n,bad,bad,is bad\n'],
  ])('have %s.csv', async (name, text) => {
    const { files } = await ended();
    for (let time = 0; time < 2; time += 1) {
      const { status, headers, body } = await raw(`${files}/${name}.csv`);
      expect(status).toBe(200);
      expect(body.toString()).toBe(text);
      expect(headers['content-length']).toBe(String(Buffer.byteLength(text)));
      expect(headers['content-type']).toBe('text/csv; charset=utf-8');
      const saved = name === 'input' ? 'orders.csv' : `orders.${name}.csv`;
      expect(headers['content-disposition']).toBe(`attachment; filename="${saved}"`);
    }
  });

  it('have no other', async () => {
    const { files } = await ended();
    for (const [name, status] of [
      ['log.jsonl', 400],
      ['output', 400],
      // What is no name of anything is looked for nowhere.
      ['..%2f..%2fserver.db', 404],
      ['output.csv%00', 404],
    ] as const) {
      expect((await raw(`${files}/${name}`)).status, name).toBe(status);
    }
  });

  it('are sent in part', async () => {
    const { files } = await ended();
    const url = `${files}/output.csv`;
    const total = Buffer.byteLength(OUTPUT);
    const bytes = Buffer.from(OUTPUT);
    for (const [range, from, to] of [
      ['bytes=0-3', 0, 4],
      ['bytes=4-', 4, total],
      ['bytes=-5', total - 5, total],
      ['bytes=2-9999999', 2, total],
    ] as const) {
      const { status, headers, body } = await raw(url, { range, 'accept-encoding': 'gzip' });
      expect(status).toBe(206);
      expect(body).toEqual(bytes.subarray(from, to));
      expect(headers['content-range']).toBe(`bytes ${from}-${to - 1}/${total}`);
      expect(headers['content-encoding']).toBeUndefined();
    }
    const beyond = await raw(url, { range: `bytes=${total}-` });
    expect(beyond.status).toBe(416);
    expect(beyond.headers['content-range']).toBe(`bytes */${total}`);
    for (const range of ['bytes=5-2', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-']) {
      expect((await raw(url, { range })).status).toBe(200);
    }
  });

  it('are sent once for each version', async () => {
    const { files } = await ended();
    const url = `${files}/output.csv`;
    const { etag = '' } = (await raw(url)).headers;
    expect(etag).toMatch(/^"[^"]+"$/);
    const same = await raw(url, { 'if-none-match': etag });
    expect([same.status, same.body.length]).toEqual([304, 0]);
    expect((await raw(url, { 'if-none-match': `"x", W/${etag}` })).status).toBe(304);
    expect((await raw(url, { 'if-none-match': '"x"' })).status).toBe(200);
    expect((await raw(url, { 'if-match': etag })).status).toBe(200);
    expect((await raw(url, { 'if-match': '"x"' })).status).toBe(412);
    expect((await raw(url, { range: 'bytes=0-3', 'if-range': etag })).status).toBe(206);
    expect((await raw(url, { range: 'bytes=0-3', 'if-range': '"x"' })).status).toBe(200);
  });

  it('say what they are without being sent', async () => {
    const { files } = await ended();
    const { status, headers, body } = await raw(`${files}/failed.csv`, {}, 'HEAD');
    expect([status, body.length]).toEqual([200, 0]);
    expect(Number(headers['content-length'])).toBeGreaterThan(10);
  });

  it('are packed where that is accepted and gains something', async () => {
    const { files } = await ended(`n\n${'some text\n'.repeat(2_000)}`);
    const url = `${files}/output.csv`;
    const plain = await raw(url);
    const packed = await raw(url, { 'accept-encoding': 'gzip, br' });
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(packed.headers.vary).toMatch(/accept-encoding/i);
    expect(packed.body.length).toBeLessThan(plain.body.length / 10);
    expect(gunzipSync(packed.body)).toEqual(plain.body);
    expect(packed.headers.etag).not.toBe(plain.headers.etag);
    const { etag = '' } = packed.headers;
    expect((await raw(url, { 'accept-encoding': 'gzip', 'if-none-match': etag })).status).toBe(304);
  });

  it('have the mark for spreadsheet programs where it is asked for', async () => {
    const { files } = await ended();
    const { body, headers } = await raw(`${files}/output.csv?excel=true`);
    expect(body.toString()).toBe(`\uFEFF${OUTPUT}`);
    expect(headers.etag).not.toBe((await raw(`${files}/output.csv`)).headers.etag);
    const part = await raw(`${files}/output.csv?excel=true`, { range: 'bytes=2-4' });
    expect(part.body).toEqual(Buffer.from(`\uFEFF${OUTPUT}`).subarray(2, 5));
  });

  it('of a run at work end at its last checkpoint, and are not there before its first', async () => {
    const server = await serve();
    gate = new Promise((resolve) => {
      release = resolve;
    });
    const rows = `n\n${'bad\n1\n'.repeat(20)}wait\nwait\nbad\n`;
    const id = await create(server, rows);
    const files = `${server.url}/v1/runs/${id}/files`;
    expect((await raw(`${files}/output.csv`)).status).toBe(404);
    expect((await raw(`${files}/failed.csv`)).status).toBe(404);
    // A checkpoint is committed between rows: at a pause, here.
    await until(server, id, () => waiting === 1);
    const pausing = server.json(`/v1/runs/${id}/pause`, { method: 'POST' });
    await until(server, id, ({ asked }) => asked === 'pause');
    release();
    await pausing;
    gate = new Promise((resolve) => {
      release = resolve;
    });
    await server.json(`/v1/runs/${id}/resume`, { method: 'POST' });
    await until(server, id, ({ status }) => status === 'executing');
    const output = (await raw(`${files}/output.csv`)).body.toString();
    expect(output.split('\n')).toHaveLength(1 + 41 + 1);
    const failed = (await raw(`${files}/failed.csv`)).body.toString();
    expect(failed.split('\n')).toHaveLength(1 + 20 + 1);
    const unprocessed = (await raw(`${files}/unprocessed.csv`)).body.toString();
    expect(unprocessed).toBe('n\nwait\nbad\n');
    const page = await server.json(`/v1/runs/${id}/errors`);
    expect(page.body['data']).toHaveLength(20);
    release();
    await endedRun(server, id);
    expect((await raw(`${files}/failed.csv`)).body.toString().split('\n')).toHaveLength(1 + 21 + 1);
    expect((await raw(`${files}/unprocessed.csv`)).body.toString()).toBe('n\n');
  });

  it('go with the run', async () => {
    const { server, id, files } = await ended();
    await raw(`${files}/failed.csv`);
    await server.json(`/v1/runs/${id}?purge=true`, { method: 'DELETE' });
    expect((await raw(`${files}/failed.csv`)).status).toBe(404);
    const { readdir } = await import('node:fs/promises');
    const left = await readdir(server.folder, { recursive: true });
    expect(left.filter((name) => name.endsWith('.csv'))).toEqual([]);
  });
});

describe('the name of a file', () => {
  it.each([
    ['orders.csv', 'attachment; filename="orders.csv"'],
    [
      'a "b" 100%.csv',
      `attachment; filename="a _b_ 100_.csv"; filename*=UTF-8''a%20_b_%20100%25.csv`,
    ],
    ['Größe.csv', `attachment; filename="Gr__e.csv"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.csv`],
    ['../../etc/passwd', 'attachment; filename="passwd"'],
    ['C:\\temp\\x.csv', 'attachment; filename="x.csv"'],
    ['a\r\nSet-Cookie: x', 'attachment; filename="a__Set-Cookie_ x"'],
    ['..', 'attachment; filename="file.csv"'],
    ['\ud800.csv', 'attachment; filename="_.csv"'],
  ])('%j is safe', (name, header) => {
    expect(contentDisposition(name)).toBe(header);
  });
});

describe('the rows of a run', () => {
  it('come a page at a time, none twice, none missing', async () => {
    const { server, id } = await ended();
    const all = (await server.json(`/v1/runs/${id}/rows`)).body as unknown as {
      data: { row: number; outcome: string }[];
      next: string | null;
    };
    expect(all.data.map(({ row, outcome }) => `${row} ${outcome}`)).toEqual([
      '1 ok',
      '2 failed',
      '3 omitted',
      '4 ok',
      '4 ok',
    ]);
    expect(all.data[1]).toEqual({
      row: 2,
      line: 3,
      outcome: 'failed',
      error: 'n: "bad" is bad',
      cells: { n: 'bad', note: 'two\nlines', done: '' },
    });
    expect(all.next).toBeNull();
    const found: unknown[] = [];
    let path = `/v1/runs/${id}/rows?limit=1`;
    for (let pages = 0; pages < 10; pages += 1) {
      const response = await fetch(`${server.url}${path}`);
      found.push(...((await response.json()) as { data: unknown[] }).data);
      const next = /<(.+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
      if (next === undefined) break;
      path = next;
    }
    expect(found).toEqual(all.data);
  });

  it.each([
    ['outcome=failed', ['2']],
    ['outcome=ok&after=1', ['4', '4']],
    ['column=n', ['2']],
    ['column=note', []],
    ['message=bad', ['2']],
    ['after=4.1', ['4']],
  ])('are those that are asked for: %s', async (query, rows) => {
    const { server, id } = await ended();
    const { body } = await server.json(`/v1/runs/${id}/rows?${query}`);
    // A page of rows.
    expect((body['data'] as { row: number }[]).map(({ row }) => String(row))).toEqual(rows);
  });

  it('that failed say why, and the log what the task has said', async () => {
    const { server, id } = await ended();
    expect((await server.json(`/v1/runs/${id}/errors`)).body).toEqual({
      data: [{ row: 2, line: 3, column: 'n', value: 'bad', code: 'bad', message: 'is bad' }],
      next: null,
    });
    const { data } = (await server.json(`/v1/runs/${id}/log`)).body as unknown as {
      data: { message: string; level: string; seen?: string }[];
    };
    expect(data).toMatchObject([{ number: 1, level: 'warn', message: 'a bad row', seen: 'bad' }]);
    expect((await server.json(`/v1/runs/${id}/log?level=error`)).body['data']).toEqual([]);
    const lines = await raw(`${server.url}/v1/runs/${id}/log`, { accept: 'application/x-ndjson' });
    expect(lines.headers['content-type']).toMatch(/^application\/x-ndjson/);
    expect(JSON.parse(lines.body.toString())).toMatchObject({ message: 'a bad row' });
    expect((await server.json(`/v1/runs/${id}/errors?after=x`)).status).toBe(400);
  });
});
