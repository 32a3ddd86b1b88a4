import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { defineTask, fail, ok, write } from '../../src/index.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

/** Undone rows, as they were undone. */
const undone: string[] = [];

const mails = defineTask({
  category: 'test',
  action: 'mails',
  description: 'Take each address',
  mandatory: { email: (text: string) => text.includes('@') || 'is no address' },
  optional: { name: () => true },
  output: ['domain'],
  row: ({ email }) => write({ domain: email.split('@')[1] ?? '' }),
  revert({ email }, written) {
    undone.push(`${email} ${JSON.stringify(written)}`);
    return email.startsWith('stuck') ? fail('does not come off') : ok();
  },
});

const sums = defineTask({
  category: 'test',
  action: 'sums',
  description: 'Add up',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['sum'],
  start: () => ({ sum: 0 }),
  row({ n }, state) {
    state.sum += Number(n);
    return write({ sum: String(state.sum) });
  },
});

/** Rows whose text says so wait for the test. */
let open: (() => void)[] = [];
let isOpen = true;
const waits = defineTask({
  category: 'test',
  action: 'waits',
  description: 'Wait for the test',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['twice'],
  async row({ n }) {
    if (!isOpen) await new Promise<void>((resolve) => open.push(resolve));
    return write({ twice: String(2 * Number(n)) });
  },
});

function letAll(): void {
  isOpen = true;
  for (const go of open.splice(0)) go();
}

const servers: TestServer[] = [];
afterEach(async () => {
  undone.length = 0;
  letAll();
  open = [];
  for (const server of servers.splice(0)) {
    await server.close();
    expect(server.errors).toEqual([]);
  }
});

async function serve(options: Parameters<typeof startTestServer>[1] = {}): Promise<TestServer> {
  const server = await startTestServer([mails, sums, waits], options);
  servers.push(server);
  return server;
}

const INPUT = [
  'email,name',
  'ada@example.com,Ada',
  'bob example.com,Bob',
  '"c ""d"" x","Cyd, ""the"" one"',
  'eve@example.org,Eve',
  'fay,Fay',
  '',
].join('\n');
const FIXED_INPUT = INPUT.replace('bob example.com', 'bob@example.com')
  .replace('"c ""d"" x"', 'cyd@example.com')
  .replace('\nfay,', '\nfay@example.net,');

interface Sent {
  readonly type?: string;
  readonly body?: NonNullable<RequestInit['body']>;
  readonly headers?: Readonly<Record<string, string>>;
}

function post(server: TestServer, path: string, { type, body, headers = {} }: Sent = {}) {
  return server.json(path, {
    method: 'POST',
    headers: { ...(type === undefined ? {} : { 'content-type': type }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
}

async function run(server: TestServer, body: string, task = 'mails', query = ''): Promise<string> {
  const path = `/v1/tasks/test/${task}/runs${query}`;
  const made = await post(server, path, { type: 'text/csv', body });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  if (query === '') await endedRun(server, made.body.id);
  return made.body.id;
}

async function file(server: TestServer, runId: string, name: string): Promise<string> {
  const response = await fetch(`${server.url}/v1/runs/${runId}/files/${name}.csv`);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
}

/** A retry that was taken, and has ended. */
async function retried(server: TestServer, runId: string, sent: Sent = {}, query = '') {
  const { status, body } = await post(server, `/v1/runs/${runId}/retry${query}`, sent);
  expect(status, JSON.stringify(body)).toBe(201);
  return endedRun(server, body.id);
}

/** What a text editor makes of failed.csv. */
function mended(failed: string): string {
  return failed
    .replace('bob example.com', 'bob@example.com')
    .replace('"c ""d"" x"', 'cyd@example.com')
    .replace('\nfay,', '\nfay@example.net,');
}

/** What was sent, and is no run's by now. */
function uploadsOf(server: TestServer): Promise<string[]> {
  return readdir(join(server.folder, 'uploads')).then(
    (names) => names.filter((name) => name.endsWith('.csv')),
    () => [],
  );
}

/** Looks until it is so. Bounded: 20 s. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not become so');
}

describe('rows of a run that are done again', () => {
  it('are those of failed.csv, fixed in a text editor: the merged output is that of the fixed input', async () => {
    const server = await serve();
    const id = await run(server, INPUT);
    const body = mended(await file(server, id, 'failed'));
    const child = await retried(server, id, { type: 'text/csv', body });
    expect(child).toMatchObject({
      status: 'success',
      kind: 'retry',
      parent_run_id: id,
      succeeded: 3,
      failed: 0,
      children: [],
    });
    const other = await run(server, FIXED_INPUT);
    expect(await file(server, id, 'merged')).toBe(await file(server, other, 'output'));
    expect((await server.json(`/v1/runs/${id}`)).body).toMatchObject({
      status: 'partial',
      kind: 'run',
      parent_run_id: null,
      succeeded: 2,
      failed: 3,
      children: [{ run_id: child.id, kind: 'retry', status: 'success' }],
      is_reverted: false,
      effective: {
        status: 'success',
        succeeded: 5,
        failed: 0,
        fixed_by: [{ run_id: child.id, rows: 3 }],
      },
    });
    const lineage = await server.json(`/v1/runs/${id}/rows/3/lineage`);
    expect(lineage.body).toEqual({
      row: 3,
      outcome: 'ok',
      results: [
        { run_id: id, outcome: 'failed', error: 'email: "c "d" x" is no address' },
        { run_id: child.id, outcome: 'ok', error: null },
      ],
    });
  });

  it.each<readonly [string, (failed: string) => Sent, string]>([
    [
      'semicolons, CRLF and a byte order mark',
      (failed) => ({
        type: 'text/csv',
        body: asTable(failed, { delimiter: ';', lineEnd: '\r\n', mark: true }),
      }),
      '',
    ],
    [
      'tabs in UTF-16',
      (failed) => {
        const text = `\ufeff${asTable(failed, { delimiter: '\t', lineEnd: '\r\n' })}`;
        return { type: 'text/csv; charset=utf-16le', body: Buffer.from(text, 'utf16le') };
      },
      '',
    ],
    [
      'other columns first, sorted, and one that is new',
      (failed) => ({ type: 'application/octet-stream', body: turned(failed) }),
      '',
    ],
    [
      'a form, with words beside it',
      (failed) => {
        const form = new FormData();
        form.append('file', new Blob([asTable(failed, { delimiter: '|' })]), 'mended.csv');
        form.append('options', '{"delimiter":"|"}');
        form.append('start', 'true');
        return { body: form };
      },
      '',
    ],
    [
      'a gzip file',
      (failed) => ({ type: 'application/gzip', body: gzipSync(Buffer.from(failed)) }),
      '',
    ],
    [
      'JSON records',
      (failed) => ({
        type: 'application/json',
        body: JSON.stringify({ records: recordsOf(failed), options: {} }),
      }),
      '',
    ],
    [
      'a plain array of them',
      (failed) => ({ type: 'application/json', body: JSON.stringify(recordsOf(failed)) }),
      '',
    ],
    [
      'a delimiter that the query names',
      (failed) => ({ type: 'text/csv', body: asTable(failed, { delimiter: '~' }) }),
      '?delimiter=~',
    ],
  ])('come back as %s, and nothing of it is left', async (_, form, query) => {
    const server = await serve();
    const id = await run(server, INPUT);
    const failed = await file(server, id, 'failed');
    const child = await retried(server, id, form(mended(failed)), query);
    expect(child).toMatchObject({ status: 'success', succeeded: 3 });
    const other = await run(server, FIXED_INPUT);
    expect(await file(server, id, 'merged')).toBe(await file(server, other, 'output'));
    expect(await uploadsOf(server)).toEqual([]);
    // Its input is what it did: the rows, under the columns of the first run.
    expect(await file(server, child.id, 'input')).toBe(
      'email,name\nbob@example.com,Bob\ncyd@example.com,"Cyd, ""the"" one"\nfay@example.net,Fay\n',
    );
  });

  it('come back as a draft, that was sent in one piece or by tus, read as it says', async () => {
    const server = await serve();
    const id = await run(server, INPUT);
    const text = asTable(mended(await file(server, id, 'failed')), { delimiter: '~' });
    const draft = await post(server, '/v1/drafts?delimiter=~', { type: 'text/csv', body: text });
    expect(draft.status, JSON.stringify(draft.body)).toBe(201);
    const tus = await fetch(`${server.url}/v1/uploads`, {
      method: 'POST',
      headers: {
        'tus-resumable': '1.0.0',
        'upload-length': String(Buffer.byteLength(text)),
        'upload-metadata': `options ${Buffer.from('{"delimiter":"~"}').toString('base64')}`,
      },
    });
    const patched = await fetch(new URL(tus.headers.get('location') ?? '', server.url), {
      method: 'PATCH',
      headers: {
        'tus-resumable': '1.0.0',
        'content-type': 'application/offset+octet-stream',
        'upload-offset': '0',
      },
      body: text,
    });
    expect(patched.status).toBe(204);
    for (const draftId of [draft.body.id, patched.headers.get('rowmill-draft')]) {
      const first = await run(server, INPUT);
      const body = JSON.stringify({ draft: draftId });
      const child = await retried(server, first, { type: 'application/json', body });
      expect(child).toMatchObject({ status: 'success', succeeded: 3 });
      expect((await server.json(`/v1/drafts/${draftId}`)).status).toBe(200);
    }
    const none = await post(server, `/v1/runs/${id}/retry?draft=drf_none`);
    expect(none).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('are those of output.csv where it is sent back, edited in its place', async () => {
    const server = await serve();
    const id = await run(server, INPUT);
    const body = mended(await file(server, id, 'output'));
    const child = await retried(server, id, { type: 'text/csv', body });
    expect(child).toMatchObject({ status: 'success', succeeded: 3, failed: 0 });
    const other = await run(server, FIXED_INPUT);
    expect(await file(server, id, 'merged')).toBe(await file(server, other, 'output'));
    const { body: lineage } = await server.json(`/v1/runs/${id}/rows/5/lineage`);
    expect(lineage['results']).toEqual([
      { run_id: id, outcome: 'failed', error: 'email: "fay" is no address' },
      { run_id: child.id, outcome: 'ok', error: null },
    ]);
    // Another run's output is no source of these rows.
    const foreign = await post(server, `/v1/runs/${id}/retry`, {
      type: 'text/csv',
      body: await file(server, await run(server, 'n\n1\n', 'sums'), 'output'),
    });
    expect(foreign).toMatchObject({ status: 422, body: { code: 'input_refused' } });
  });

  it('are fixed in several rounds; what is not in a file stays failed', async () => {
    const server = await serve();
    const id = await run(server, INPUT);
    const [header, bob, cyd] = (await file(server, id, 'failed')).split('\n');
    const first = await retried(server, id, {
      type: 'text/csv',
      body: [header, bob, cyd?.replace(/^"[^,]*"/, 'cyd@example.com'), ''].join('\n'),
    });
    expect(first).toMatchObject({ status: 'partial', succeeded: 1, failed: 1 });
    // Under the numbers of the first run, and merged from there too.
    expect(await file(server, first.id, 'failed')).toBe(
      'email,name,_row,error\nbob example.com,Bob,2,"email: ""bob example.com"" is no address"\n',
    );
    expect((await server.json(`/v1/runs/${id}`)).body['effective']).toMatchObject({
      status: 'partial',
      succeeded: 3,
      failed: 2,
    });
    const again = (await file(server, first.id, 'failed')).replace('bob ex', 'bob@ex');
    const second = await retried(server, first.id, { type: 'text/csv', body: again });
    expect(second).toMatchObject({ status: 'success', parent_run_id: first.id });
    const third = await post(server, `/v1/runs/${id}/retry`, {
      type: 'text/csv',
      body: mended(await file(server, id, 'failed')),
    });
    expect(third.body['message']).toBe(
      '2 rows of the file had been fixed before and were left alone',
    );
    expect(await endedRun(server, third.body.id)).toMatchObject({
      status: 'success',
      succeeded: 1,
    });
    const other = await run(server, FIXED_INPUT);
    expect(await file(server, id, 'merged')).toBe(await file(server, other, 'output'));
    const { body: nothing } = await post(server, `/v1/runs/${id}/retry`);
    expect(nothing).toMatchObject({ code: 'usage', detail: `run ${id} has no failed rows left` });
  });

  it('go in as they are: the failed ones, those whose turn never came, or both', async () => {
    const server = await serve();
    const limited = () => run(server, INPUT, 'mails', '?limit=3');
    const results: unknown[] = [];
    for (const rows of ['failed', 'unprocessed', 'both']) {
      const id = await limited();
      await endedRun(server, id);
      const body = JSON.stringify({ rows });
      const child = await retried(server, id, { type: 'application/json', body });
      const { body: after } = await server.json(`/v1/runs/${id}`);
      const { succeeded, failed } = child;
      results.push([rows, succeeded, failed, after['effective']]);
      expect(await file(server, child.id, 'input')).toBe(
        {
          failed: 'email,name\nbob example.com,Bob\n"c ""d"" x","Cyd, ""the"" one"\n',
          unprocessed: 'email,name\neve@example.org,Eve\nfay,Fay\n',
          both: INPUT.replace('ada@example.com,Ada\n', ''),
        }[rows],
      );
    }
    expect(results).toMatchObject([
      ['failed', 0, 2, { status: 'partial', succeeded: 1, failed: 2 }],
      ['unprocessed', 1, 1, { status: 'partial', succeeded: 2, failed: 3 }],
      ['both', 1, 3, { status: 'partial', succeeded: 2, failed: 3 }],
    ]);
    const id = await limited();
    await endedRun(server, id);
    // Without any body, and with words in the query.
    const child = await retried(server, id, {}, '?rows=both');
    expect(child).toMatchObject({ succeeded: 1, failed: 3 });
    expect(await file(server, id, 'merged')).toBe(
      await file(server, await run(server, INPUT), 'output'),
    );
  });

  it('go on with the state that the first run carried', async () => {
    const server = await serve();
    const id = await run(server, 'n\n1\nx\n3\n', 'sums');
    const body = (await file(server, id, 'failed')).replace('x', '10');
    await retried(server, id, { type: 'text/csv', body });
    expect(await file(server, id, 'merged')).toBe('n,sum,error\n1,1,\n10,14,\n3,4,\n');
  });

  it.each<readonly [string, string, Sent, number, string]>([
    ['a row that has not failed', '', csv('_row,email\n1,a@b.c\n'), 422, 'row 1 is no failed row'],
    ['a row that is not there', '', csv('_row,email\n99,a@b.c\n'), 422, 'row 99 is no failed row'],
    ['a row twice', '', csv('_row,email\n2,a@b.c\n2,a@b.d\n'), 422, 'row 2 is there twice'],
    ['a number that is none', '', csv('_row,email\nten,a@b.c\n'), 422, '_row is "ten"'],
    ['a file without numbers', '', csv('email\na@b.c\n'), 422, 'has no column _row'],
    [
      'a file and rows as they are',
      '?rows=both',
      csv('_row,email\n2,a@b.c\n'),
      400,
      'send no file',
    ],
    ['rows that do not exist', '?rows=all', {}, 400, 'query.rows'],
    ['a word that is none', '', json({ row: 'failed' }), 400, 'row'],
    ['a time that is none', '?start_at=tomorrow', {}, 400, 'query.start_at'],
    ['a file and a draft', '?draft=drf_x', csv('_row,email\n2,a@b.c\n'), 400, 'send one of them'],
    ['nothing unprocessed', '?rows=unprocessed', {}, 400, 'has no unprocessed rows left'],
    ['columns to be mapped', '', json({ options: { map: { a: 'b' } } }), 400, 'options'],
    ['another media type', '', { type: 'text/html', body: '<p>' }, 415, 'text/html'],
  ])('are refused with %s, and nothing is left of it', async (_, query, sent, status, text) => {
    const server = await serve();
    const id = await run(server, INPUT);
    const reply = await post(server, `/v1/runs/${id}/retry${query}`, sent);
    expect(reply.status, JSON.stringify(reply.body)).toBe(status);
    expect(JSON.stringify(reply.body)).toContain(JSON.stringify(text).slice(1, -1));
    // Neither a place of ours nor a word of the command line.
    const { detail, errors } = reply.body;
    expect(JSON.stringify({ detail, errors })).not.toMatch(/uploads|rowmill runs|--/);
    const { body: after } = await server.json(`/v1/runs/${id}`);
    expect(after['children']).toEqual([]);
    expect(await uploadsOf(server)).toEqual([]);
    expect(await readdir(join(server.folder, 'server-runs'))).toEqual([id]);
  });

  it('are made a run once where the request comes twice with one key', async () => {
    const server = await serve();
    const id = await run(server, INPUT);
    const sent = {
      type: 'text/csv',
      body: mended(await file(server, id, 'failed')),
      headers: { 'idempotency-key': 'may' },
    };
    const first = await post(server, `/v1/runs/${id}/retry`, sent);
    const second = await post(server, `/v1/runs/${id}/retry`, sent);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body.id).toBe(first.body.id);
    expect((await server.json(`/v1/runs?parent=${id}`)).body['data']).toHaveLength(1);
    const other = await post(server, `/v1/runs/${id}/retry`, { ...sent, body: `${sent.body}\n` });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_mismatch' } });
    await endedRun(server, first.body.id);
  });

  it('are made one run where several ask for them at once', async () => {
    const server = await serve();
    const id = await run(server, INPUT);
    const ask = () => post(server, `/v1/runs/${id}/retry?start=false`);
    const answers = await Promise.all([ask(), ask(), ask(), ask(), ask()]);
    const statuses = answers.map(({ status }) => status).sort((a, b) => a - b);
    expect(statuses).toEqual([201, 409, 409, 409, 409]);
    const made = answers.find(({ status }) => status === 201)?.body.id;
    const { body } = await server.json(`/v1/runs/${id}`);
    expect(body).toMatchObject({ is_live: false, children: [{ run_id: made }] });
  });

  it('wait for their time where that is said, and nobody else does them meanwhile', async () => {
    const server = await serve();
    const id = await run(server, INPUT);
    const at = '2099-01-01T00:00:00.000Z';
    const { body: later } = await post(server, `/v1/runs/${id}/retry?start_at=${at}`);
    expect(later).toMatchObject({ status: 'pending', due_at: at });
    const { body: busy, status } = await post(server, `/v1/runs/${id}/retry`);
    expect([status, busy['code']]).toEqual([409, 'wrong_status']);
    expect(busy['detail']).toBe(
      `run ${later.id} has not come to its end: go on with it, or stop it`,
    );
    expect((await server.json(`/v1/runs/${later.id}`, { method: 'DELETE' })).status).toBe(204);
    const { body: never } = await post(server, `/v1/runs/${id}/retry`, json({ start: false }));
    expect(never).toMatchObject({ status: 'pending', due_at: null });
    await post(server, `/v1/runs/${never.id}/start`, json({}));
    expect(await endedRun(server, never.id)).toMatchObject({ status: 'failure', failed: 3 });
  });

  it('keep to the code that the first run began with, unless other code is accepted', async () => {
    const first = await serve();
    const id = await run(first, INPUT);
    await first.stop();
    servers.splice(0);
    const server = await serve({
      folder: first.folder,
      tasks: {
        find: async () => ({ task: mails, codeHash: 'other', origin: 'the test' }),
        list: async () => [],
        problems: [],
      },
    });
    const refused = await post(server, `/v1/runs/${id}/retry`);
    expect(refused).toMatchObject({ status: 409, body: { code: 'code_changed' } });
    await retried(server, id, {}, '?accept_new_code=true');
  });
});

describe('a run of rows of another', () => {
  const ROWS = 'n\n1\nx\n3\ny\n5\nz\n7\nu\nv\n';

  /** The first run, and the fixed file. */
  async function begun(server: TestServer): Promise<{ id: string; body: string }> {
    const id = await run(server, ROWS, 'waits');
    let n = 100;
    const body = (await file(server, id, 'failed')).replaceAll(/^[xyzuv]/gm, () =>
      String((n += 1)),
    );
    return { id, body };
  }

  it('goes on where its server was ended, and its rows are those of a run that was not', async () => {
    const first = await serve();
    const { id, body } = await begun(first);
    isOpen = false;
    const made = await post(first, `/v1/runs/${id}/retry`, { type: 'text/csv', body });
    expect(made.status).toBe(201);
    // Two rows are done; the third is at work when the server ends.
    for (const _ of [1, 2]) {
      await until(() => open.length === 1);
      open.shift()?.();
    }
    await until(() => open.length === 1);
    const stopping = first.stop();
    // It ends when the row in flight is done.
    open.shift()?.();
    await stopping;
    servers.splice(0);
    letAll();
    const server = await serve({ folder: first.folder });
    expect(await endedRun(server, made.body.id)).toMatchObject({ status: 'success', succeeded: 5 });
    expect(await file(server, id, 'merged')).toBe(
      'n,twice,error\n1,2,\n101,202,\n3,6,\n102,204,\n5,10,\n103,206,\n7,14,\n104,208,\n105,210,\n',
    );
    const { body: lineage } = await server.json(`/v1/runs/${id}/rows/9/lineage`);
    expect(lineage).toMatchObject({ row: 9, outcome: 'ok' });
  });

  it('is taken up from its last checkpoint when its server was gone without a word', async () => {
    const first = await serve();
    const { id, body } = await begun(first);
    const made = await post(first, `/v1/runs/${id}/retry?start=false`, { type: 'text/csv', body });
    await first.stop();
    servers.splice(0);
    // As a kill leaves it: at work, held by a server that is no more.
    const { db } = await first.openStore();
    const gone = `status = 'executing', holder = 'gone', lease_until = 1`;
    await sql.raw(`update runs set ${gone} where id = '${made.body.id}'`).execute(db);
    await db.destroy();
    const server = await serve({ folder: first.folder });
    expect(await endedRun(server, made.body.id)).toMatchObject({ status: 'success', succeeded: 5 });
    expect(await file(server, id, 'merged')).toContain('\n105,210,\n');
  });

  it('is paused, resumed and stopped as any other; what it has done counts at once', async () => {
    const server = await serve();
    const { id, body } = await begun(server);
    const before = await fetch(`${server.url}/v1/runs/${id}/files/merged.csv`);
    expect(await before.text()).toBe(await file(server, id, 'output'));
    isOpen = false;
    const made = await post(server, `/v1/runs/${id}/retry`, { type: 'text/csv', body });
    const childId = made.body.id;
    await until(() => open.length === 1);
    // Neither it nor its parent goes now, nor are the rows done by anybody else.
    for (const path of [`/v1/runs/${id}?with_children=true`, `/v1/runs/${childId}`]) {
      const reply = await server.json(path, { method: 'DELETE' });
      expect(reply).toMatchObject({ status: 409, body: { code: 'run_busy' } });
    }
    const other = await post(server, `/v1/runs/${id}/retry`, { type: 'text/csv', body });
    expect(other).toMatchObject({ status: 409, body: { code: 'run_busy' } });
    const pausing = post(server, `/v1/runs/${childId}/pause`, json({}));
    await until(async () => (await server.json(`/v1/runs/${childId}`)).body['asked'] === 'pause');
    open.shift()?.();
    expect((await pausing).body['status']).toBe('paused');
    const half = await fetch(`${server.url}/v1/runs/${id}/files/merged.csv`);
    expect(await half.text()).toContain('\n1,2,\n101,202,\n3,6,\ny,,');
    expect(half.headers.get('etag')).not.toBe(before.headers.get('etag'));
    expect((await server.json(`/v1/runs/${id}`)).body).toMatchObject({
      children: [{ run_id: childId, status: 'paused' }],
      effective: { status: 'partial', succeeded: 5, failed: 4 },
    });
    letAll();
    expect((await post(server, `/v1/runs/${childId}/resume`, json({}))).status).toBe(202);
    await until(async () => {
      const { body: after } = await server.json(`/v1/runs/${childId}`);
      return after['status'] === 'success';
    });
    const whole = await fetch(`${server.url}/v1/runs/${id}/files/merged.csv`);
    const text = await whole.text();
    expect(text).toContain('\n105,210,\n');
    expect(whole.headers.get('etag')).not.toBe(half.headers.get('etag'));
    // The same bytes have the same tag, whole or in part.
    const etag = whole.headers.get('etag') ?? '';
    const part = await fetch(`${server.url}/v1/runs/${id}/files/merged.csv`, {
      headers: { range: 'bytes=2-8', 'if-range': etag, 'accept-encoding': 'identity' },
    });
    expect([part.status, await part.text()]).toEqual([206, text.slice(2, 9)]);
    const head = await fetch(`${server.url}/v1/runs/${id}/files/merged.csv`, { method: 'HEAD' });
    expect([head.status, head.headers.get('etag')]).toEqual([200, etag]);
    expect(head.headers.get('content-disposition')).toContain('.merged.csv');
  });

  it('is shown with its parent also where its files are gone, without what became of the rows', async () => {
    const server = await serve();
    const { id, body } = await begun(server);
    const child = await retried(server, id, { type: 'text/csv', body });
    await rename(
      join(server.folder, 'server-runs', child.id),
      join(server.folder, 'server-runs', 'elsewhere'),
    );
    const { status, body: shown } = await server.json(`/v1/runs/${id}`);
    expect(status).toBe(200);
    expect(shown).toMatchObject({ children: [{ run_id: child.id }], effective: null });
    expect(await server.json(`/v1/runs/${id}/files/merged.csv`)).toMatchObject({
      status: 404,
      body: {
        code: 'input_not_found',
        detail: 'a file that merged.csv is made of is not on this server',
      },
    });
  });

  it('has no merged output of its own', async () => {
    const server = await serve();
    const { id, body } = await begun(server);
    const child = await retried(server, id, { type: 'text/csv', body });
    const { status, body: said } = await server.json(`/v1/runs/${child.id}/files/merged.csv`);
    expect([status, said['detail']]).toEqual([
      404,
      `run ${child.id} did rows of run ${id}, whose merged.csv has them all`,
    ]);
  });

  it('is needed by its parent no more than the parent by it: they go together, or the child first', async () => {
    const server = await serve();
    const { id, body } = await begun(server);
    const child = await retried(server, id, { type: 'text/csv', body });
    const gone = (path: string) => {
      const query = path.includes('?') ? '&purge=true' : '?purge=true';
      return server.json(`/v1/runs/${path}${query}`, { method: 'DELETE' });
    };
    expect(await gone(id)).toMatchObject({
      status: 409,
      body: {
        code: 'run_has_children',
        detail: `run ${id} is needed by ${child.id}, which did its rows again or undid them: delete those first`,
      },
    });
    expect((await gone(child.id)).status).toBe(204);
    // What it had fixed is failed again.
    expect(await file(server, id, 'merged')).toBe(await file(server, id, 'output'));
    expect((await server.json(`/v1/runs/${id}`)).body).toMatchObject({
      children: [],
      effective: null,
    });
    const second = await retried(server, id);
    await retried(server, second.id);
    expect((await gone(`${id}?with_children=true`)).status).toBe(204);
    expect((await server.json('/v1/runs')).body['data']).toEqual([]);
    expect(await readdir(join(server.folder, 'server-runs'))).toEqual([]);
  });
});

describe('the lineage of a row', () => {
  it('is not found for a row that is not there, and empty for one whose turn never came', async () => {
    const server = await serve();
    const id = await run(server, INPUT);
    for (const row of ['6', '99999999']) {
      expect(await server.json(`/v1/runs/${id}/rows/${row}/lineage`)).toMatchObject({
        status: 404,
        body: { code: 'not_found', detail: `run ${id} has no row ${row}` },
      });
    }
    for (const row of ['0', '-1', '1.5', 'x']) {
      expect((await server.json(`/v1/runs/${id}/rows/${row}/lineage`)).status).toBe(400);
    }
    const limited = await run(server, INPUT, 'mails', '?limit=2');
    await endedRun(server, limited);
    expect((await server.json(`/v1/runs/${limited}/rows/3/lineage`)).body).toEqual({
      row: 3,
      outcome: 'unprocessed',
      results: [],
    });
  });
});

describe('a revert', () => {
  it('undoes what succeeded, the last row first, what was done again before it', async () => {
    const server = await serve();
    const id = await run(server, INPUT);
    const body = (await file(server, id, 'failed')).replace('bob ex', 'bob@ex');
    const child = await retried(server, id, { type: 'text/csv', body });
    const early = await post(server, `/v1/runs/${id}/revert`);
    expect(early).toMatchObject({
      status: 400,
      body: { code: 'usage', detail: `run ${child.id} did rows of run ${id} again: undo it first` },
    });
    for (const runId of [child.id, id]) {
      const made = await post(server, `/v1/runs/${runId}/revert`, json({}));
      expect(made).toMatchObject({ status: 201, body: { kind: 'revert', parent_run_id: runId } });
      expect(await endedRun(server, made.body.id)).toMatchObject({ status: 'success', failed: 0 });
    }
    expect(undone).toEqual([
      'bob@example.com [{"email":"bob@example.com","name":"Bob","domain":"example.com"}]',
      'eve@example.org [{"email":"eve@example.org","name":"Eve","domain":"example.org"}]',
      'ada@example.com [{"email":"ada@example.com","name":"Ada","domain":"example.com"}]',
    ]);
    expect((await server.json(`/v1/runs/${id}`)).body).toMatchObject({ is_reverted: true });
    const again = await post(server, `/v1/runs/${id}/revert`);
    expect(again).toMatchObject({ status: 400, body: { code: 'usage' } });
  });

  it('is refused for a task that does not say how', async () => {
    const server = await serve();
    const id = await run(server, 'n\n1\n', 'sums');
    const { status, body } = await post(server, `/v1/runs/${id}/revert`);
    expect([status, body['code']]).toEqual([400, 'usage']);
    expect(body['detail']).toContain('does not say how it is undone');
  });
});

describe('a list of runs', () => {
  it('is of a name, a time or a parent, in pages, and counted where that is asked for', async () => {
    const server = await serve();
    const named = (name: string) => run(server, 'n\n1\n', 'sums', `?start=false&file_name=${name}`);
    const ids: string[] = [];
    for (const name of ['Orders-May.csv', 'orders_june.csv', 'stock.csv'])
      ids.push(await named(name));
    const [may, june, stock] = ids;
    const list = async (query: string) => {
      const { status, body } = await server.json(`/v1/runs?${query}`);
      expect(status, JSON.stringify(body)).toBe(200);
      const data = body['data'] as readonly { readonly id: string }[];
      return { ids: data.map(({ id }) => id), next: body['next'], count: body['count'] };
    };
    expect((await list('file_name=ORDERS')).ids).toEqual([june, may]);
    expect((await list('file_name=s_j')).ids).toEqual([june]);
    const { body } = await server.json(`/v1/runs/${june}`);
    const at = String(body['created_at']);
    expect((await list(`created_after=${at}&file_name=orders`)).ids).toEqual([june]);
    expect((await list(`created_before=${at}`)).ids).toEqual([may]);
    expect((await list(`created_after=2099-01-01T00:00:00%2B02:00`)).ids).toEqual([]);
    const first = await list('count=capped&limit=2');
    expect(first).toMatchObject({ ids: [stock, june], count: { value: 3, is_capped: false } });
    const second = await list(`count=capped&limit=2&after=${String(first.next)}`);
    expect(second).toMatchObject({ ids: [may], next: null, count: { value: 3, is_capped: false } });
    expect((await list('')).count).toBeUndefined();
    expect((await list(`parent=${may}`)).ids).toEqual([]);
    for (const query of ['created_after=yesterday', 'count=all', 'file_name=']) {
      expect((await server.json(`/v1/runs?${query}`)).status).toBe(400);
    }
  });
});

describe('a canary', () => {
  it('is done and looked at before the rest, and the output is that of a run without', async () => {
    const server = await serve();
    const id = await run(server, INPUT, 'mails', '?canary=2');
    await until(async () => (await server.json(`/v1/runs/${id}`)).body['status'] === 'paused');
    const { body: looked } = await server.json(`/v1/runs/${id}`);
    expect(looked).toMatchObject({ succeeded: 1, failed: 1, is_live: false });
    expect(await file(server, id, 'output')).toBe(
      'email,name,domain,error\nada@example.com,Ada,example.com,\nbob example.com,Bob,,"email: ""bob example.com"" is no address"\n',
    );
    expect(await file(server, id, 'unprocessed')).toContain('eve@example.org');
    expect((await post(server, `/v1/runs/${id}/resume`, json({}))).status).toBe(202);
    await until(async () => (await server.json(`/v1/runs/${id}`)).body['status'] === 'partial');
    const other = await run(server, INPUT);
    for (const name of ['output', 'failed', 'errors']) {
      expect(await file(server, id, name)).toBe(await file(server, other, name));
    }
  });
});

function csv(body: string): Sent {
  return { type: 'text/csv', body };
}

function json(body: unknown): Sent {
  return { type: 'application/json', body: JSON.stringify(body) };
}

function cellsOf(text: string): string[][] {
  return parse(text);
}

function asTable(
  text: string,
  {
    delimiter = ',',
    lineEnd = '\n',
    mark = false,
  }: { readonly delimiter?: string; readonly lineEnd?: string; readonly mark?: boolean } = {},
): string {
  return stringify(cellsOf(text), { delimiter, record_delimiter: lineEnd, bom: mark });
}

/** The last column first, the last row too, and a column of somebody's own. */
function turned(text: string): string {
  const [header = [], ...rows] = cellsOf(text);
  header.push('note');
  for (const cells of rows) cells.push('seen');
  return stringify([header, ...rows.reverse()].map((cells) => cells.reverse()));
}

function recordsOf(text: string): unknown {
  return parse(text, { columns: true });
}
