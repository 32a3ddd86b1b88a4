import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineTask, ok } from '../../src/index.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const keep = defineTask({
  category: 'demo',
  action: 'keep',
  description: 'For a test',
  mandatory: { n: () => true },
  row: () => ok(),
});
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([keep]);
});
afterAll(async () => {
  await server.close();
  expect(server.errors).toEqual([]);
});

const post = async (path: string, body: string, method = 'POST') => {
  const headers = { 'content-type': 'application/json' };
  const { status, body: answer } = await server.json(path, { method, headers, body });
  return [status, answer['detail']];
};
const list = (value: string, count: number): string =>
  `[${Array.from({ length: count }, () => value).join(',')}]`;
const event = (value: string): string => `{"object":"a","event":"b","payload":{"list":${value}}}`;
const RUNS = '/v1/tasks/demo/keep/runs?start=false';
const tooMany = (what: string, most: number) => [
  413,
  `${what} has more than ${most} values: send many rows as CSV, and much else in parts`,
];

describe('a body of many small values', () => {
  it.each(['0', '{}', '[]', '""'])('is refused before it is read: %s', async (value) => {
    expect(await post('/v1/events', event(list(value, 100_001)))).toEqual(
      tooMany('the body', 100_000),
    );
  });

  it('is taken where it has no more than may be, whatever its texts say', async () => {
    for (const value of [list('0', 99_000), JSON.stringify(',[{'.repeat(100_000))]) {
      const [status, detail] = await post('/v1/events', event(value));
      expect([status, detail]).not.toEqual([413, expect.anything()]);
    }
  });

  it('may have more of them as records', async () => {
    const records = (count: number): string => `{"records":${list('{"n":"1"}', count)}}`;
    expect(await post(RUNS, records(110_000))).toEqual([201, undefined]);
    expect(await post(RUNS, records(250_001))).toEqual(tooMany('the body', 500_000));
  });

  it('may have no more of them beside its records', async () => {
    const body = `{"records":[{"n":"1"}],"arguments":{"list":${list('0', 100_001)}}}`;
    expect(await post(RUNS, body)).toEqual(tooMany('the body beside its records', 100_000));
  });

  it('has no records that share no columns', async () => {
    const records = Array.from({ length: 3_000 }, (_, index) => ({ [`n${index}`]: '1' }));
    expect(await post(RUNS, JSON.stringify({ records }))).toEqual([
      413,
      'records has 3000 records with 3000 columns in all, which are more than 5000000 cells: records of one file have the same columns',
    ]);
  });
});
