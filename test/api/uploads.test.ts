import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Upload as Client } from 'tus-js-client';
import { afterEach, describe, expect, it } from 'vitest';
import { defineTask, write } from '../../src/index.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

const upper = defineTask({
  category: 'names',
  action: 'upper',
  description: 'Names in capital letters',
  mandatory: { name: () => true as const },
  optional: { note: () => true as const },
  output: ['upper'],
  row: ({ name }) => write({ upper: name.toUpperCase() }),
});

const CSV = 'name,note\nAda,"one, two"\nŽofie,\n';
const OUTPUT = 'name,note,upper,error\nAda,"one, two",ADA,\nŽofie,,ŽOFIE,\n';
const RUNS = '/v1/tasks/names/upper/runs';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([upper], options);
  servers.push(server);
  return server;
}

/** Names of all files that users sent which are on the disk. */
async function uploaded(server: TestServer): Promise<readonly string[]> {
  const names = await readdir(join(server.folder, 'uploads')).catch(() => []);
  return names.filter((name) => name.startsWith('upl_'));
}

/** Asks until nothing is left of what was sent. Bounded: 5 s. */
async function nothingLeft(server: TestServer): Promise<void> {
  for (let tries = 0; tries < 100 && (await uploaded(server)).length > 0; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await uploaded(server)).toEqual([]);
}

function form(fields: Readonly<Record<string, string>>, csv = CSV, name = 'names.csv'): FormData {
  const data = new FormData();
  for (const [field, value] of Object.entries(fields)) data.append(field, value);
  data.append('file', new Blob([csv]), name);
  return data;
}

function raw(body: string | Buffer, type = 'text/csv'): RequestInit {
  return { method: 'POST', headers: { 'content-type': type }, body };
}

async function outputOf(server: TestServer, runId: string): Promise<string> {
  expect(await endedRun(server, runId)).toMatchObject({ status: 'success' });
  return (await fetch(`${server.url}/v1/runs/${runId}/files/output.csv`)).text();
}

describe('a file', () => {
  const records = [
    { name: 'Ada', note: 'one, two' },
    { name: 'Žofie', note: null },
  ];
  const json = (body: unknown): RequestInit => raw(JSON.stringify(body), 'application/json');

  it.each([
    ['text/csv', raw(CSV)],
    ['text/csv with a charset', raw(CSV, 'text/csv; charset=UTF-8')],
    ['text/comma-separated-values', raw(CSV, 'text/comma-separated-values; header=present')],
    ['application/octet-stream', raw(CSV, 'application/octet-stream')],
    ['a form', { method: 'POST', body: form({}) }],
    ['JSON records', json({ records })],
    ['a plain array of records', json(records)],
  ])('sent as %s gives the same run', async (_form, init) => {
    const server = await serve();
    const { status, body } = await server.json(RUNS, init);
    expect([status, body]).toMatchObject([201, { task: 'names/upper' }]);
    expect(await outputOf(server, body.id)).toBe(OUTPUT);
    expect(server.errors).toEqual([]);
  });

  it.each([
    ['application/gzip', raw(gzipSync(CSV), 'application/gzip')],
    [
      'packed for the way',
      {
        ...raw(gzipSync(CSV)),
        headers: { 'content-type': 'text/csv', 'content-encoding': 'gzip' },
      },
    ],
    [
      'another charset',
      raw(
        Buffer.from('name,note\nAda,"one, two"\n\u008eofie,\n', 'latin1'),
        'text/csv; charset=windows-1250',
      ),
    ],
  ])('sent as %s gives the same rows', async (_form, init) => {
    const server = await serve();
    const { body } = await server.json(RUNS, init);
    expect(await outputOf(server, body.id)).toBe(OUTPUT);
  });

  it('keeps the name it has in a form, with all its letters, unless the query says another', async () => {
    const server = await serve();
    const named = await server.json(RUNS, { method: 'POST', body: form({}, CSV, 'jména 名.csv') });
    expect(named.body['file_name']).toBe('jména 名.csv');
    const other = await server.json(`${RUNS}?file_name=b.csv`, {
      method: 'POST',
      body: form({ file_name: 'a.csv' }),
    });
    expect(other.body['file_name']).toBe('b.csv');
  });

  it('made of records has all their keys for a header, in the order of first appearance', async () => {
    const server = await serve();
    const { body } = await server.json(
      RUNS,
      json([{ name: 'a' }, { extra: true, name: 'b' }, { name: 'c', note: { x: 1 } }]),
    );
    expect(await outputOf(server, body.id)).toBe(
      'name,extra,note,upper,error\na,,,A,\nb,true,,B,\nc,,"{""x"":1}",C,\n',
    );
  });

  it('is carried out with the options of the query, of the form, and of JSON', async () => {
    const server = await serve();
    const asked = [
      await server.json(`${RUNS}?limit=1`, raw(CSV)),
      await server.json(RUNS, { method: 'POST', body: form({ options: '{"limit":1}' }) }),
      await server.json(RUNS, json({ records, options: { limit: 1 } })),
      // The query has the last word.
      await server.json(`${RUNS}?limit=1`, {
        method: 'POST',
        body: form({ options: '{"limit":2}' }),
      }),
    ];
    for (const { body } of asked) {
      expect(await endedRun(server, body.id)).toMatchObject({ succeeded: 1 });
    }
  });
});

describe('an upload that is refused', () => {
  it.each([
    ['another type', raw('<a/>', 'text/xml'), 415, /text\/xml.*text\/csv/],
    ['no type', { method: 'POST', body: new Uint8Array(3) }, 415, /without content-type/],
    [
      'another packing',
      { ...raw('x'), headers: { 'content-type': 'text/csv', 'content-encoding': 'br' } },
      415,
      /content-encoding br/,
    ],
    ['JSON that is none', raw('{', 'application/json'), 400, /the body is not JSON/],
    [
      'records that are none',
      raw('{"records":[1]}', 'application/json'),
      400,
      /records\.0 is no object: 1/,
    ],
    ['no records', raw('{"records":[]}', 'application/json'), 400, /no record with a column/],
    ['no file', raw('{}', 'application/json'), 400, /has no file/],
    ['an unknown field', { method: 'POST', body: form({ colour: 'red' }) }, 400, /colour/],
    [
      'an option that is none',
      { method: 'POST', body: form({ options: '{"limt":1}' }) },
      400,
      /limt/,
    ],
    [
      'a wrong option',
      { method: 'POST', body: form({ options: '{"limit":0}' }) },
      400,
      /body\.options\.limit/,
    ],
    [
      'options that are no JSON',
      { method: 'POST', body: form({ options: 'limit' }) },
      400,
      /body\.options is not JSON/,
    ],
    [
      'arguments nobody takes',
      { method: 'POST', body: form({ arguments: '{"a":1}' }) },
      422,
      /takes no arguments/,
    ],
    [
      'a header without the column',
      raw('m\n1\n'),
      422,
      /the file: mandatory column "name" is missing/,
    ],
    ['no CSV', raw(Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0])), 422, /the file/],
  ])('for %s says so and leaves nothing behind', async (_why, init, status, detail) => {
    const server = await serve();
    const refused = await server.json(RUNS, init);
    expect([refused.status, refused.body['detail']]).toEqual([
      status,
      expect.stringMatching(detail) as unknown,
    ]);
    expect(await uploaded(server)).toEqual([]);
    expect((await server.json('/v1/runs')).body).toEqual({ data: [], next: null });
    expect(server.errors).toEqual([]);
  });

  it('names the parameter of the query that is none', async () => {
    const server = await serve();
    const { status, body } = await server.json(`${RUNS}?limt=1`, raw(CSV));
    expect([status, body['detail']]).toEqual([400, expect.stringContaining('limt') as unknown]);
  });

  it('for two files in a form says that one is expected', async () => {
    const server = await serve();
    const data = form({});
    data.append('second', new Blob(['x']), 'b.csv');
    const { status, body } = await server.json(RUNS, { method: 'POST', body: data });
    expect([status, body['detail']]).toEqual([
      400,
      expect.stringContaining('more than one file') as unknown,
    ]);
    await nothingLeft(server);
  });

  it('for its length is refused before it is read', async () => {
    const server = await serve({ maxUploadBytes: 1_000 });
    const call = begin(server, { 'content-length': '2000' });
    call.flushHeaders();
    expect((await answered(call)).status).toBe(413);
    call.destroy();
    expect(await uploaded(server)).toEqual([]);
  });

  it.each([
    ['raw', 'text/csv', ''],
    [
      'in a form',
      'multipart/form-data; boundary=X',
      '--X\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n',
    ],
  ])('%s for what comes after all is refused while it comes', async (_form, type, head) => {
    const server = await serve({ maxUploadBytes: 200_000 });
    const call = begin(server, { 'content-type': type });
    call.on('error', () => undefined);
    call.write(head);
    const answer = answered(call);
    const timer = setInterval(() => call.write('x'.repeat(50_000)), 1);
    expect(await answer).toMatchObject({ status: 413, code: expect.stringMatching(/too_large/) });
    clearInterval(timer);
    call.destroy();
    await nothingLeft(server);
  });

  it.each([
    ['raw', 'text/csv', ''],
    [
      'in a form',
      'multipart/form-data; boundary=X',
      '--X\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n',
    ],
  ])('%s because it was cut leaves nothing behind', async (_form, type, head) => {
    const server = await serve();
    const call = begin(server, { 'content-type': type });
    call.on('error', () => undefined);
    call.write(`${head}name\n${'x\n'.repeat(50_000)}`);
    for (let tries = 0; tries < 100 && (await uploaded(server)).length === 0; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await uploaded(server)).toHaveLength(1);
    call.destroy();
    await nothingLeft(server);
    expect((await server.json('/v1/runs')).body).toEqual({ data: [], next: null });
    expect(server.errors).toEqual([]);
  });
});

describe('a client that waits for leave to send (Expect: 100-continue)', () => {
  const head = (length: number): string =>
    [
      `POST ${RUNS} HTTP/1.1`,
      'Host: localhost',
      'Content-Type: text/csv',
      `Content-Length: ${length}`,
      'Expect: 100-continue',
      '',
      '',
    ].join('\r\n');

  it('is told to go on, and then has its run', async () => {
    const server = await serve();
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(head(Buffer.byteLength(CSV)));
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/^HTTP\/1\.1 100 Continue/);
    socket.write(CSV);
    const [second] = (await once(socket, 'data')) as [Buffer];
    expect(second.toString()).toMatch(/^HTTP\/1\.1 201 /);
    socket.destroy();
  });

  it('is refused at once what would be too long', async () => {
    const server = await serve({ maxUploadBytes: 1_000 });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(head(2_000));
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });
});

describe('a resumable upload (tus)', () => {
  const UPLOADS = '/v1/uploads';
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const LONG = `name,note\n${'Ada,1\n'.repeat(50_000)}`;

  function tus(
    server: TestServer,
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: string,
  ): Promise<Response> {
    return fetch(`${server.url}${path}`, {
      method,
      headers: { 'tus-resumable': '1.0.0', ...headers },
      ...(body === undefined ? {} : { body }),
    });
  }

  const chunk = (offset: number): Record<string, string> => ({
    'content-type': 'application/offset+octet-stream',
    'upload-offset': String(offset),
  });

  async function begun(server: TestServer, bytes: number): Promise<string> {
    const answer = await tus(server, 'POST', UPLOADS, {
      'upload-length': String(bytes),
      'upload-metadata': `filename ${base64('jména.csv')},task ${base64('names/upper')}`,
    });
    expect(answer.status).toBe(201);
    return answer.headers.get('location') ?? '';
  }

  it('by a tus client, in several pieces, gives the same run as any other', async () => {
    const server = await serve();
    const upload = await new Promise<Client>((resolve, reject) => {
      const client: Client = new Client(Buffer.from(CSV), {
        endpoint: `${server.url}${UPLOADS}`,
        chunkSize: 10,
        metadata: { filename: 'names.csv', task: 'names/upper' },
        onSuccess: () => resolve(client),
        onError: reject,
      });
      client.start();
    });
    const { body } = await server.json(new URL(upload.url ?? '').pathname);
    const draft = await server.json(`/v1/drafts/${String(body['draft'])}`);
    expect(draft.body).toMatchObject({
      task: 'names/upper',
      file_name: 'names.csv',
      sha256: createHash('sha256').update(CSV).digest('hex'),
    });
    const run = await server.json('/v1/runs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ draft: body['draft'] }),
    });
    expect(await outputOf(server, run.body.id)).toBe(OUTPUT);
    expect(server.errors).toEqual([]);
  });

  it('goes on where it was cut, after a restart too', async () => {
    const first = await startTestServer([upper]);
    const path = await begun(first, LONG.length);
    const sent = LONG.slice(0, 100_000);
    expect((await tus(first, 'PATCH', path, chunk(0), sent)).status).toBe(204);
    await first.stop();
    const server = await serve({ folder: first.folder });
    const head = await tus(server, 'HEAD', path);
    expect(head.headers.get('upload-offset')).toBe('100000');
    expect(head.headers.get('upload-length')).toBe(String(LONG.length));
    const rest = await tus(server, 'PATCH', path, chunk(100_000), LONG.slice(100_000));
    const draft = rest.headers.get('rowmill-draft');
    expect((await server.json(`/v1/drafts/${draft}`)).body).toMatchObject({ bytes: LONG.length });
    // Who missed the last answer asks, and is told.
    const again = await tus(server, 'HEAD', path);
    expect(again.headers.get('upload-offset')).toBe(String(LONG.length));
    expect(again.headers.get('rowmill-draft')).toBe(draft);
    expect(await readdir(join(server.folder, 'uploads', 'partial'))).toEqual([]);
  });

  it.each([
    ['too long', 'POST', UPLOADS, { 'upload-length': '100000000' }, 413],
    [
      'without the version of the protocol',
      'POST',
      UPLOADS,
      { 'tus-resumable': '', 'upload-length': '1' },
      412,
    ],
    ['without a length', 'POST', UPLOADS, {}, 400],
    [
      'of an unknown option',
      'POST',
      UPLOADS,
      { 'upload-length': '1', 'upload-metadata': `options ${base64('{"limt":1}')}` },
      400,
    ],
    [
      'not there',
      'PATCH',
      `${UPLOADS}/upl_x`,
      { 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
      404,
    ],
    ['a path', 'GET', `${UPLOADS}/..%2f..%2fserver.db`, {}, 404],
  ])('that is %s is refused', async (_why, method, path, headers, status) => {
    const server = await serve();
    expect((await tus(server, method, path, headers)).status).toBe(status);
    expect(server.errors).toEqual([]);
  });

  it('at the wrong place is refused, and stays as it was', async () => {
    const server = await serve();
    const path = await begun(server, 10);
    expect((await tus(server, 'PATCH', path, chunk(5), 'abcde')).status).toBe(409);
    expect((await server.json(path)).body).toMatchObject({ offset: 0, bytes: 10, draft: null });
  });

  it('that is given up leaves nothing behind', async () => {
    const server = await serve();
    const path = await begun(server, 10);
    await tus(server, 'PATCH', path, chunk(0), 'abcde');
    expect((await tus(server, 'DELETE', path)).status).toBe(204);
    expect((await tus(server, 'HEAD', path)).status).toBe(404);
    expect(await readdir(join(server.folder, 'uploads', 'partial'))).toEqual([]);
  });
});

describe('the run of one call', () => {
  it('answers with its output when it has ended in time', async () => {
    const server = await serve();
    const answer = await fetch(`${server.url}${RUNS}?wait=20`, raw(CSV));
    expect([answer.status, answer.headers.get('rowmill-status')]).toEqual([200, 'success']);
    expect(
      createHash('sha256')
        .update(await answer.text())
        .digest('hex'),
    ).toBe(createHash('sha256').update(OUTPUT).digest('hex'));
  });

  it('answers with the run where JSON is asked for', async () => {
    const server = await serve();
    const init = raw(CSV);
    const { status, body } = await server.json(`${RUNS}?wait=20`, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), accept: 'application/json' },
    });
    expect([status, body]).toMatchObject([200, { status: 'success', succeeded: 2 }]);
  });

  it('answers 202 with the run when it has not', async () => {
    const server = await serve();
    const { status, body } = await server.json(`${RUNS}?wait=0`, raw(CSV));
    expect([status, typeof body.id]).toEqual([202, 'string']);
    await endedRun(server, body.id);
  });

  it('is due at the time it is given', async () => {
    const server = await serve();
    const { body } = await server.json(`${RUNS}?start_at=2040-01-01T00:00:00Z`, raw(CSV));
    expect(body).toMatchObject({ status: 'pending', due_at: '2040-01-01T00:00:00.000Z' });
  });
});

function begin(server: TestServer, headers: Readonly<Record<string, string>>): ClientRequest {
  return request(`${server.url}${RUNS}`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', ...headers },
  });
}

async function answered(call: ClientRequest): Promise<{ status: number; code: string }> {
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  const { code } = JSON.parse(Buffer.concat(chunks).toString()) as { readonly code: string };
  return { status: answer.statusCode ?? 0, code };
}
