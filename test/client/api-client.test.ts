import { afterEach, expect, it } from 'vitest';
import { ApiClient } from '../../src/client/api-client.ts';
import { sendJson, startServer, type LocalServer } from '../tasks/local-server.ts';

let fake: LocalServer | undefined;
let client: ApiClient | undefined;
afterEach(async () => {
  await client?.close();
  await fake?.close();
});

/** A client of a server that gives these answers, one after the other. */
async function clientOf(
  ...answers: readonly { readonly status: number; readonly headers?: Record<string, string> }[]
): Promise<ApiClient> {
  let asked = 0;
  fake = await startServer((_, response) => {
    const { status, headers = {} } = answers[asked] ?? { status: 500 };
    asked += 1;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    sendJson(response, { status }, status);
  });
  client = new ApiClient({ url: fake.origin, key: undefined, version: '0.0.0' });
  return client;
}

it('a request whose try before is not done yet is made again, with the same key', async () => {
  const asking = await clientOf(
    { status: 409, headers: { 'retry-after': '0' } },
    { status: 409, headers: { 'retry-after': '0' } },
    { status: 201 },
  );
  expect(await asking.json({ method: 'POST', path: '/v1/runs', json: {} })).toEqual({
    status: 201,
  });
  const keys = (fake?.seen ?? []).map(({ headers }) => headers['idempotency-key']);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
});

it('any other conflict is told at once', async () => {
  const asking = await clientOf({ status: 409 }, { status: 201 });
  await expect(asking.json({ method: 'POST', path: '/v1/runs', json: {} })).rejects.toThrow('409');
  expect(fake?.seen).toHaveLength(1);
});
