import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/api/routes.ts';
import { exportQuery } from '../../src/tasks/table/export.ts';
import { startTestServer, type TestServer } from './test-server.ts';

/** Folders of nobody else around that of the server. */
let home: string;
let server: TestServer;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rowmill-paths-'));
  server = await startTestServer([exportQuery], { folder: join(home, 'deep', 'data') });
});
afterAll(async () => {
  await server.close();
  await rm(home, { recursive: true });
});

/** What lies around the folder of the server. */
async function neighbours(): Promise<readonly string[]> {
  const paths = await readdir(home, { recursive: true });
  return paths.filter((path) => !path.startsWith(join('deep', 'data', '/'))).sort();
}

/** As it stands: fetch would resolve dots first. */
function answerTo(
  method: string,
  path: string,
): Promise<{ readonly status: number; readonly allow: string; readonly body: string }> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, agent: false }, async (response) => {
      const { statusCode: status = 0, headers } = response;
      const isJson = String(headers['content-type']).includes('json');
      // What is no JSON can be a stream without an end.
      const body = isJson ? await text(response) : '';
      response.destroy();
      resolve({ status, allow: headers.allow ?? '', body });
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function statusOf(method: string, path: string): Promise<number> {
  return (await answerTo(method, path)).status;
}

const TRICKS = [
  '..',
  '.',
  '../../x',
  '..%2f..%2fserver.db',
  '%2e%2e',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '%252e%252e%252f',
  '..%5c..%5cx',
  '%00',
  'run_x%00.csv',
  '%0d%0aX-Injected:%201',
  '%E0%A4%A',
  '%ff%fe',
  '~root',
  '%24%7Bx%7D',
  "'%20OR%20'1'%3D'1",
  'CON',
  '%F0%9F%92%A9',
  'a'.repeat(300),
  'a'.repeat(5_000),
  '__proto__',
  'constructor',
];

describe('a path', () => {
  const routes = ROUTES.filter(({ path }) => path.includes('{')).map(
    (route) => [`${route.method} ${route.path}`, route] as const,
  );

  it.each(routes)('%s with a trick in it is refused, and reaches no file', async (_, route) => {
    for (const trick of TRICKS) {
      const query = route.method === 'PUT' ? '?category=table&action=export' : '';
      const path = route.path.replaceAll(/\{\w+\}/g, trick) + query;
      const status = await statusOf(route.method, path);
      // A plain word may be an account that has nothing yet.
      const isAccount = !/\{(?!account_id)/.test(route.path) && /^\w{1,64}$/.test(trick);
      // What a plain word is the name of can be said of an event.
      const isEvent = route.path.includes('/catalogue/') && /^[A-Za-z]\w{0,63}$/.test(trick);
      expect([trick, (isAccount || isEvent || status >= 400) && status < 500]).toEqual([
        trick,
        true,
      ]);
    }
    expect(server.errors).toEqual([]);
    expect(await neighbours()).toEqual(['deep', join('deep', 'data')]);
  });

  it('of anything at all is answered, and never by 500', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 60 }), async (text) => {
        const part = encodeURIComponent(text);
        for (const path of [`/v1/runs/${part}`, `/v1/drafts/${part}`, `/v1/tasks/${part}/x`]) {
          expect(await statusOf('GET', path)).toBeLessThan(500);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a path of the API', () => {
  const paths = [...new Set(ROUTES.map(({ path }) => path))].map(
    (path) => [path, path.replaceAll(/\{\w+\}/g, 'some')] as const,
  );
  const methodsOf = (path: string): string[] =>
    ROUTES.filter((route) => route.path === path).flatMap(({ method }) =>
      method === 'GET' ? ['HEAD', 'GET'] : [method],
    );
  /** Who is asked for Kazoo answers as Kazoo, whatever it is. */
  const isRefusal = (path: string, status: number) =>
    path.startsWith('/v2')
      ? { status: 'error', error: String(status) }
      : { type: expect.stringMatching(/^urn:rowmill:problem:/), status };

  it.each(paths)('%s is refused with a method that it has not', async (path, sent) => {
    const allowed = methodsOf(path);
    const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(
      (method) => !allowed.includes(method),
    );
    for (const method of others) {
      const { status, allow, body } = await answerTo(method, sent);
      expect([method, status]).toEqual([method, 405]);
      expect(allow.split(', ').sort()).toEqual(allowed.sort());
      expect(JSON.parse(body)).toMatchObject(isRefusal(path, 405));
    }
  });

  it.each(paths)('%s is another one in capitals or with empty parts', async (path, sent) => {
    const [method = 'GET'] = methodsOf(path);
    const wrong = [`/${sent}`, sent.replace(/(?<=.)\//g, '//'), sent.toUpperCase()];
    for (const other of wrong.filter((each) => each !== sent)) {
      const { status, body } = await answerTo(method === 'HEAD' ? 'GET' : method, other);
      expect([other, status]).toEqual([other, 404]);
      expect(JSON.parse(body)).toMatchObject(isRefusal(other, 404));
    }
  });

  it.each(paths)('%s with a slash behind it is there for Kazoo only', async (path, sent) => {
    const method = methodsOf(path).at(-1) ?? 'GET';
    const plain = await answerTo(method, sent);
    const slashed = await answerTo(method, `${sent}/`);
    if (path.startsWith('/v2')) expect(slashed.status).toBe(plain.status);
    else {
      expect(slashed.status).toBe(404);
      expect(JSON.parse(slashed.body)).toMatchObject({ code: 'not_found' });
    }
    // Neither can be made to name the list of its kind by an id that is empty.
    expect(await statusOf('DELETE', `${sent}//`)).not.toBeLessThan(400);
  });

  it.each(['/v1/runs/..', '/v1/runs/%2e%2e/start', '/v1/nothing', '/', '/v2', '/v2x/tasks'])(
    '%s is none with any method',
    async (path) => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const { status, body } = await answerTo(method, path);
        expect([method, status]).toEqual([method, 404]);
        expect(JSON.parse(body)).toMatchObject(isRefusal(path === '/v2x/tasks' ? '/' : path, 404));
      }
    },
  );
});

describe('an argument that names a database of the machine', () => {
  const create = (database: string) =>
    server.json('/v1/runs', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ task: 'table/export', arguments: { database, query: 'SELECT 1' } }),
    });

  it.each(['server.db', '/etc/passwd', 'postgres://localhost/x', '{{secret:A}}/../server.db'])(
    'is refused where a caller wrote it: %s',
    async (database) => {
      const { status, body } = await create(database);
      expect([status, body]).toEqual([
        422,
        expect.objectContaining({ code: 'arguments_invalid', errors: [expect.anything()] }),
      ]);
    },
  );

  it('is taken from a secret of who runs the server', async () => {
    expect((await create('{{secret:SHOP}}')).status).toBe(201);
  });
});
