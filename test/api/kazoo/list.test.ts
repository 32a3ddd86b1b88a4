import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gregorianSeconds } from '../../../src/api/kazoo/gregorian-time.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { ACCOUNT, double, hello, KazooClient, type TaskBody } from './kazoo-client.ts';

let server: TestServer;
let client: KazooClient;
/** Newest first. */
const made: string[] = [];

beforeAll(async () => {
  server = await startTestServer([double, hello]);
  client = new KazooClient(server);
  for (let number = 1; number <= 5; number += 1) {
    const isHello = number === 3;
    const query = isHello ? 'category=greetings&action=hello' : 'category=numbers&action=double';
    const name = number === 5 ? '&file_name=five.csv' : '';
    made.unshift((await client.created(isHello ? '' : 'n\n1\n', query + name)).id);
  }
});
afterAll(() => server.close());

async function list(query: string) {
  const { body } = await client.call('GET', `/accounts/${ACCOUNT}/tasks?${query}`);
  const tasks = body.data as readonly TaskBody[]; // checked against the description of the API
  return { ids: tasks.map(({ id }) => id), ...body };
}

describe('the list of tasks', () => {
  it('has the newest first, on one page where they fit', async () => {
    const all = await list('_=1');
    expect(all.ids).toEqual(made);
    expect(all).toMatchObject({ page_size: 5 });
    expect(all).not.toHaveProperty('next_start_key');
    expect(all).not.toHaveProperty('start_key');
  });

  it('comes in pages, each with the key of the next', async () => {
    const first = await list('page_size=2');
    expect(first.ids).toEqual(made.slice(0, 2));
    const second = await list(`page_size=2&start_key=${first.next_start_key}`);
    expect(second.ids).toEqual(made.slice(2, 4));
    expect(second.start_key).toBe(first.next_start_key);
    const third = await list(`page_size=2&start_key=${second.next_start_key}`);
    expect(third.ids).toEqual(made.slice(4));
    expect(third).toMatchObject({ page_size: 1 });
    expect(third).not.toHaveProperty('next_start_key');
  });

  it('says of no next page where the last one is full', async () => {
    expect(await list('page_size=5')).not.toHaveProperty('next_start_key');
  });

  it('is whole without paging', async () => {
    expect((await list('paginate=false&page_size=1')).ids).toEqual(made);
  });

  it('can be of a time', async () => {
    const now = gregorianSeconds(Date.now());
    expect((await list(`created_from=${now - 600}&created_to=${now + 600}`)).ids).toEqual(made);
    expect((await list(`created_to=${now - 600}`)).ids).toEqual([]);
    expect((await list(`created_from=${now + 600}`)).ids).toEqual([]);
  });

  it.each([
    ['filter_category=numbers', [0, 1, 3, 4]],
    ['filter_not_category=numbers', [2]],
    ['filter_action=hello&filter_status=pending', [2]],
    ['filter_status=success', []],
    ['filter_total_count=1', [0, 1, 3, 4]],
    ['has_value=file_name', [0]],
    ['missing_value=csvs', [2]],
    ['has_key=total_count', [0, 1, 3, 4]],
    ['key_missing=file_name&key_missing=total_count', [2]],
    ['filter_constructor=x', []],
  ])('can be filtered: %s', async (query, expected) => {
    expect((await list(query)).ids).toEqual(expected.map((index) => made[index]));
  });

  it('fills the pages of a filter', async () => {
    const first = await list('filter_category=numbers&page_size=3');
    expect(first.ids).toEqual([made[0], made[1], made[3]]);
    const second = await list(
      `filter_category=numbers&page_size=3&start_key=${first.next_start_key}`,
    );
    expect(second.ids).toEqual([made[4]]);
  });

  it('is that of the account alone', async () => {
    const { body } = await client.call('GET', '/accounts/other/tasks');
    expect(body.data).toEqual([]);
  });
});
