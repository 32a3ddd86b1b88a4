import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { readFields, parseResponseField } from '../../src/tasks/http/response-field.ts';
import { retryAfterMs } from '../../src/tasks/http/retry-after.ts';
import { request } from '../../src/tasks/http.ts';
import { startServer, sendJson, type LocalServer } from './local-server.ts';
import { openTask, outcomesOf, shown, type Row, type TestFacts } from './outcomes-of.ts';

const servers: LocalServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(...answer: Parameters<typeof startServer>): Promise<LocalServer> {
  const server = await startServer(...answer);
  servers.push(server);
  return server;
}

function call(
  rows: readonly Row[],
  given: Readonly<Record<string, unknown>>,
  facts: TestFacts = {},
): Promise<string[]> {
  return outcomesOf(request, rows, given, { fetch: globalThis.fetch, ...facts });
}

describe('http/request sends', () => {
  it('cells encoded for the place they stand in', async () => {
    const server = await serve((_seen, response) => sendJson(response, { ok: true }));
    const nasty = 'a/b?c=d&e=ü "\\\n';
    await call([{ id: nasty, 'Full Name': nasty, age: '42', zip: '007', gone: '' }], {
      url: `${server.origin}/users/{{id}}/x?q={{ full_name }}&empty={{gone}}`,
      method: 'post',
      body: '{"name": "{{Full Name}}", "age": {{age}}, "zip": {{zip}}, "gone": {{gone}}, "list": ["{{age}}"]}',
    });
    const [seen] = server.seen;
    const url = new URL(seen?.path ?? '', server.origin);
    expect(url.pathname).toBe(`/users/${encodeURIComponent(nasty)}/x`);
    expect(Object.fromEntries(url.searchParams)).toEqual({ q: nasty, empty: '' });
    expect(JSON.parse(seen?.body ?? '')).toEqual({
      name: nasty,
      age: 42,
      zip: '007',
      gone: null,
      list: ['42'],
    });
    expect(seen?.headers['content-type']).toBe('application/json');
  });

  it('a form, a text and a JSON value from a program', async () => {
    const server = await serve((_seen, response) => sendJson(response, {}));
    const post = { url: server.origin, method: 'POST' };
    const row = { name: 'Ä & "B"' };
    await call([row], {
      ...post,
      headers: 'Content-Type: application/x-www-form-urlencoded',
      body: 'name={{name}}&x=1',
    });
    await call([row], { ...post, body: 'Hello {{name}}' });
    await call([row], { ...post, body: { to: [{ name: '{{name}}' }] } });
    expect(server.seen.map(({ body }) => body)).toEqual([
      'name=%C3%84%20%26%20%22B%22&x=1',
      'Hello Ä & "B"',
      '{"to":[{"name":"Ä & \\"B\\""}]}',
    ]);
  });

  it("headers with secrets, and the row's key", async () => {
    const server = await serve((_seen, response) => sendJson(response, {}));
    await call(
      [{ id: '1' }, { id: '2' }],
      {
        url: server.origin,
        headers: 'Authorization: Bearer {{secret:TOKEN}}\nX-Row: n {{id}}',
      },
      { secrets: { TOKEN: 's3cret' } },
    );
    expect(server.seen.map(({ headers }) => headers)).toMatchObject([
      { authorization: 'Bearer s3cret', 'x-row': 'n 1', 'idempotency-key': 'key-1' },
      { authorization: 'Bearer s3cret', 'x-row': 'n 2', 'idempotency-key': 'key-2' },
    ]);
    await call([{ id: '1' }], { url: server.origin, idempotency_header: 'X-Request-Id' });
    expect(server.seen.at(-1)?.headers).toMatchObject({ 'x-request-id': 'key-1' });
    expect(server.seen.at(-1)?.headers).not.toHaveProperty('idempotency-key');
  });

  it('nothing for a cell that would make another call of it', async () => {
    const server = await serve((_seen, response) => sendJson(response, {}));
    const url = `${server.origin}/users/{{id}}`;
    const ids = ['', '.', '..', '%2e%2e', '../admin'];
    expect(
      await call(
        ids.map((id) => ({ id, other: 'x' })),
        { url, method: 'DELETE' },
      ),
    ).toEqual([
      'fail id: missing',
      'fail the URL would have . or .. as a part of its path',
      'fail the URL would have . or .. as a part of its path',
      'write {"http_status":"200"}',
      'write {"http_status":"200"}',
    ]);
    expect(server.seen.map(({ path }) => path)).toEqual(['/users/%252e%252e', '/users/..%2Fadmin']);
  });

  it('no header that a cell would begin, and says what is wrong without the secret', async () => {
    const server = await serve((_seen, response) => sendJson(response, {}));
    const given = {
      url: server.origin,
      headers: { 'X-Name': '{{name}}', 'X-Key': '{{secret:KEY}}' },
    };
    const facts = { secrets: { KEY: 'k' } };
    expect(await call([{ name: 'a\r\nX-Admin: 1' }, { name: '日本' }], given, facts)).toEqual([
      'fail name: "a\r\nX-Admin: 1" has a line break, which a header cannot carry',
      'fail name: "日本" has a character that a header cannot carry',
    ]);
    expect(await call([{ name: 'a' }], given, { secrets: { KEY: 's3cr\net' } })).toEqual([
      'fail KEY: has a line break, which a header cannot carry',
    ]);
    expect(server.seen).toEqual([]);
  });

  it('to the host of the template only, unless a cell is the whole address', async () => {
    const server = await serve((_seen, response) => sendJson(response, {}));
    const hosts = ['127.0.0.1', 'evil.example/x', 'a@evil.example', 'evil.example#', 'a:b'];
    const { port } = new URL(server.origin);
    const outcomes = await call(
      hosts.map((host) => ({ host })),
      { url: `http://{{host}}:${port}/x` },
    );
    expect(outcomes).toEqual([
      'write {"http_status":"200"}',
      ...hosts.slice(1).map(() => 'fail the URL is not a web address (https://…)'),
    ]);
    const links = [`${server.origin}/y?a=b`, 'file:///etc/passwd', 'http://u:p@127.0.0.1/', 'x'];
    expect(
      await call(
        links.map((link) => ({ link })),
        { url: '{{link}}' },
      ),
    ).toEqual([
      'write {"http_status":"200"}',
      'fail the URL is not a web address (https://…)',
      'fail the URL has a user name or password in it: use a header',
      'fail the URL is not a web address (https://…)',
    ]);
    expect(server.seen.map(({ path }) => path)).toEqual(['/x', '/y?a=b']);
  });
});

describe('http/request refuses before the first call', () => {
  const header = ['id', 'First name'];
  const url = 'https://api.example.com/{{id}}';
  it.each([
    [
      { url: `${url}/{{mail}}?{{phone}}` },
      'the file has no column "mail", "phone"; it has "id", "First name"',
    ],
    [{ url: 'ftp://x' }, 'url: must begin with https://'],
    [{ url: 'https://x/{{id' }, 'url: has {{ that no }} closes: "{{id"'],
    [{ url: 'https://x/{{}}' }, 'url: has {{}} without a name'],
    [{}, 'url: is missing'],
    [{ url, method: 'FETCH' }, 'method: must be one of GET, POST'],
    [{ url, body: '{"a": 1}' }, 'body: GET takes no body'],
    [{ url, method: 'POST', body: '{"a": {{id}}' }, 'body: is not JSON'],
    [{ url, headers: 'Nonsense' }, 'headers: has "Nonsense", which is no header'],
    [{ url, headers: { 'a b': 'x' } }, 'headers: has "a b", which is no header name'],
    [{ url, idempotency_header: 'a b' }, 'idempotency_header: is "a b", which is no header name'],
    [{ url, select: 'id' }, 'select: holds "id", which is no pair'],
    [{ url, select: 'id=a[x' }, 'select: has "a[x", which is no path'],
    [{ url, timeout_seconds: 'soon' }, 'timeout_seconds: must be a number from 0.01 to 3600'],
    [{ url, headers: { A: '{{secret:NOPE}}' } }, 'there is no secret NOPE'],
  ])('%j: %s', async (given, message) => {
    await expect(openTask(request, given, { header })).rejects.toThrow(message);
  });

  it.each(['Authorization', 'cookie', 'X-Api-Key', 'x-auth-token'])(
    'a secret in clear in %s, which would be kept with the run',
    async (name) => {
      const given = { url, headers: { [name]: 's3cret' } };
      await expect(openTask(request, given, { header })).rejects.toThrow(
        `headers: has ${name} in clear, and arguments are kept with the run: write {{secret:NAME}}`,
      );
    },
  );

  it('names the output columns in the order of the argument', async () => {
    const open = await openTask(request, { url, select: '2024=b, a=status' }, { header });
    expect(open.output).toEqual(['2024', 'a']);
  });
});

describe('http/request reads', () => {
  const answer = (text: string) => ({
    status: 200,
    headers: new Headers({ 'X-Rate': '9' }),
    text,
    isCut: false,
  });
  it.each([
    ['status', '200'],
    ['headers.x-rate', '9'],
    ['headers.x-none', ''],
    ['data.id', '12345678901234567890'],
    ['$.data.id', '12345678901234567890'],
    ['data.items[1].name', 'b'],
    ["data['odd.name']", 'yes'],
    ['data["odd.name"]', 'yes'],
    ['data.items', '[{"name":"a"},{"name":"b"}]'],
    ['data.none.deeper', ''],
    ['data.nothing', ''],
    ['data.isOn', 'false'],
    ['data.price', '0.1234567890123456789'],
    ['$.status', 'inner'],
    ['constructor', ''],
    ['data.items.length', '2'],
  ])('%s', (path, cell) => {
    const text =
      '{"status":"inner","data":{"id":12345678901234567890,"items":[{"name":"a"},{"name":"b"}],"odd.name":"yes","nothing":null,"isOn":false,"price":0.1234567890123456789}}';
    const expected = path === 'data.price' ? '0.12345678901234568' : cell;
    expect(readFields([['x', parseResponseField(path)]], answer(text))).toEqual({ x: expected });
  });

  it('the whole text with body, a top-level list with $[0], and no JSON as undefined', () => {
    expect(readFields([['x', parseResponseField('body')]], answer('héllo'))).toEqual({
      x: 'héllo',
    });
    expect(readFields([['x', parseResponseField('$[0]')]], answer('["a"]'))).toEqual({ x: 'a' });
    expect(readFields([['x', parseResponseField('a')]], answer('<html>'))).toBeUndefined();
    expect(readFields([['x', parseResponseField('a')]], answer(''))).toEqual({ x: '' });
    const quoted = answer('{"a":"text 12345678901234567890 \\" 12345678901234567890"}');
    expect(readFields([['x', parseResponseField('a')]], quoted)).toEqual({
      x: 'text 12345678901234567890 " 12345678901234567890',
    });
  });
});

describe('http/request says', () => {
  it('the status and the beginning of the answer for a refusal, without the secret', async () => {
    const server = await serve((seen, response) => {
      response
        .writeHead(422, { 'content-type': 'text/html' })
        .end(
          `<h1>No\n way</h1><script>x</script> ${seen.headers.authorization} ${'x'.repeat(500)}`,
        );
    });
    const [outcome] = await call(
      [{ id: '1' }],
      { url: server.origin, headers: { Authorization: 'Bearer {{secret:TOKEN}}' } },
      { secrets: { TOKEN: 's3cret' } },
    );
    expect(outcome).toMatch(/^fail HTTP 422: No way Bearer \*\*\* x{1,200}…$/);
  });

  it('no secret in a cell either, when the service sends it back', async () => {
    const server = await serve((seen, response) =>
      sendJson(response, { got: seen.headers.authorization }),
    );
    const given = {
      url: server.origin,
      headers: { Authorization: 'Bearer {{secret:TOKEN}}' },
      select: 'got=got, all=body',
    };
    expect(await call([{ id: '1' }], given, { secrets: { TOKEN: 's3cret' } })).toEqual([
      'write {"got":"Bearer ***","all":"{\\"got\\":\\"Bearer ***\\"}"}',
    ]);
  });

  it('that other statuses are welcome when told so', async () => {
    const server = await serve((_seen, response) => sendJson(response, {}, 404));
    expect(await call([{ id: '1' }], { url: server.origin, ok_status: '404, 409' })).toEqual([
      'write {"http_status":"404"}',
    ]);
    expect(await call([{ id: '1' }], { url: server.origin })).toEqual(['fail HTTP 404: {}']);
  });

  it.each([429, 502, 503, 504])('try again for %d, when the server says', async (status) => {
    const server = await serve((_seen, response) => {
      response.writeHead(status, { 'retry-after': '7' }).end('busy');
    });
    expect(await call([{ id: '1' }], { url: server.origin })).toEqual([
      `retry HTTP ${status}: busy after 7000`,
    ]);
  });

  it('fail for 500, which would be done twice', async () => {
    const server = await serve((_seen, response) => {
      response.writeHead(500).end();
    });
    expect(await call([{ id: '1' }], { url: server.origin })).toEqual(['fail HTTP 500']);
  });

  it('try again for a refused and a broken connection and a timeout', async () => {
    const server = await serve((seen, response) => {
      if (seen.path === '/broken') response.destroy();
      if (seen.path === '/stalled') response.writeHead(200).write('begin');
    });
    expect((await call([{ id: '1' }], { url: `${server.origin}/broken` }))[0]).toMatch(
      /^retry no answer: UND_ERR_SOCKET .+ after undefined$/,
    );
    for (const path of ['silent', 'stalled']) {
      expect(
        await call([{ id: '1' }], { url: `${server.origin}/${path}`, timeout_seconds: '0.1' }),
      ).toEqual(['retry no answer within 0.1 s after undefined']);
    }
    const gone = await serve(() => undefined);
    await gone.close();
    expect((await call([{ id: '1' }], { url: gone.origin }))[0]).toMatch(
      /^retry no answer: ECONNREFUSED/,
    );
  });

  it('fail for an answer that is no JSON or longer than the limit', async () => {
    const server = await serve((seen, response) => {
      response.writeHead(200).end(seen.path === '/long' ? 'x'.repeat(100_000) : 'hello');
    });
    expect(await call([{ id: '1' }], { url: server.origin, select: 'a=a' })).toEqual([
      'fail HTTP 200, but the answer is not JSON: hello',
    ]);
    const limited = { url: `${server.origin}/long`, max_response_bytes: 1000 };
    expect(await call([{ id: '1' }], { ...limited, select: 'a=body' })).toEqual([
      'fail the answer is longer than 1000 bytes (max_response_bytes)',
    ]);
    expect(await call([{ id: '1' }], limited)).toEqual(['write {"http_status":"200"}']);
  });

  it('nothing when the run ends: it throws what the run was aborted with', async () => {
    const server = await serve(() => undefined);
    const abort = new AbortController();
    const open = await openTask(
      request,
      { url: server.origin },
      { fetch: globalThis.fetch, signal: abort.signal, header: ['id'] },
    );
    const pending = open.row({ id: '1' });
    abort.abort(new Error('the run ends'));
    await expect(pending).rejects.toThrow('the run ends');
  });
});

describe('http/request and redirects', () => {
  it('follows them on the same origin, as GET after a POST', async () => {
    const server = await serve((seen, response) => {
      if (seen.path === '/done') sendJson(response, { id: 5 });
      else response.writeHead(seen.path === '/see' ? 303 : 307, { location: '/done' }).end();
    });
    const given = { method: 'POST', body: '{"a":1}', select: 'id=id' };
    expect(await call([{ x: '1' }], { ...given, url: `${server.origin}/see` })).toEqual([
      'write {"id":"5"}',
    ]);
    expect(await call([{ x: '1' }], { ...given, url: `${server.origin}/keep` })).toEqual([
      'write {"id":"5"}',
    ]);
    expect(server.seen.map(({ method, path, body }) => `${method} ${path} ${body}`)).toEqual([
      'POST /see {"a":1}',
      'GET /done ',
      'POST /keep {"a":1}',
      'POST /done {"a":1}',
    ]);
  });

  it('goes to another origin only when told to, and without the headers', async () => {
    const other = await serve((_seen, response) => sendJson(response, {}));
    const server = await serve((_seen, response) => {
      response.writeHead(302, { location: `${other.origin}/x` }).end();
    });
    const given = { url: server.origin, headers: { 'X-Name': 'k' } };
    expect(await call([{ x: '1' }], given)).toEqual([
      `fail HTTP 302 to ${other.origin}/x (not followed)`,
    ]);
    expect(other.seen).toEqual([]);
    expect(await call([{ x: '1' }], { ...given, redirects: 'follow' })).toEqual([
      'write {"http_status":"200"}',
    ]);
    expect(other.seen[0]?.headers).not.toHaveProperty('x-name');
    expect(other.seen[0]?.headers).not.toHaveProperty('idempotency-key');
  });

  it('gives up on a circle', async () => {
    const server = await serve((_seen, response) => {
      response.writeHead(302, { location: '/' }).end();
    });
    expect(await call([{ x: '1' }], { url: server.origin })).toEqual([
      'fail HTTP 302 to / (not followed)',
    ]);
    expect(server.seen).toHaveLength(6);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-21T09:30:00Z');
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Sat, 21 Nov 2026 09:30:05 GMT', 5000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    [null, undefined],
  ])('%s is %s ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });
});

describe('http/request at 100 rows at once', () => {
  it('leaves nothing hanging on the run, and no warning', async () => {
    const warnings: unknown[] = [];
    process.on('warning', (warning) => warnings.push(warning));
    const server = await serve((seen, response) => {
      setTimeout(() => sendJson(response, { path: seen.path }), 5);
    });
    const open = await openTask(
      request,
      { url: `${server.origin}/{{id}}`, select: 'path=path' },
      { fetch: globalThis.fetch, header: ['id'] },
    );
    const ids = Array.from({ length: 100 }, (_, index) => String(index));
    const outcomes = await Promise.all(ids.map((id) => open.row({ id })));
    expect(outcomes.map(shown)).toEqual(ids.map((id) => `write {"path":"/${id}"}`));
    expect(getEventListeners(open.facts.signal, 'abort')).toEqual([]);
    expect(warnings).toEqual([]);
  });
});
