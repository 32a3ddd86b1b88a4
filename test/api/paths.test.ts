import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/api/routes.ts';
import { exportQuery } from '../../src/tasks/table/export.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([exportQuery]);
});
afterAll(() => server.close());

/** As it stands: fetch would resolve dots first. */
function statusOf(method: string, path: string): Promise<number> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path, agent: false }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    sent.on('error', reject);
    sent.end();
  });
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
    const before = await readdir(dirname(server.folder));
    for (const trick of TRICKS) {
      const query = route.method === 'PUT' ? '?category=table&action=export' : '';
      const path = route.path.replaceAll(/\{\w+\}/g, trick) + query;
      const status = await statusOf(route.method, path);
      // A plain word may be an account that has nothing yet.
      const isAccount = !/\{(?!account_id)/.test(route.path) && /^\w{1,64}$/.test(trick);
      expect([trick, (isAccount || status >= 400) && status < 500]).toEqual([trick, true]);
    }
    expect(server.errors).toEqual([]);
    const own = (name: string): boolean => !/rowmill|vitest|node/.test(name);
    expect((await readdir(dirname(server.folder))).filter(own)).toEqual(before.filter(own));
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
