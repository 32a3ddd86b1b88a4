import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../test-server.ts';
import { ACCOUNT, double, KazooClient, readOnly } from './kazoo-client.ts';

let server: TestServer;
let client: KazooClient;
beforeAll(async () => {
  server = await startTestServer([double]);
  client = new KazooClient(server);
});
afterAll(() => server.close());

describe('unlike Kazoo', () => {
  it('has the output as soon as the status says that the task has ended', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id } = await client.created();
      await client.task('PATCH', id);
      for (let tries = 0; tries < 2_000; tries += 1) {
        const { status } = readOnly(await client.task('GET', id));
        if (status === 'success') break;
        expect(status).toBe('executing');
      }
      expect((await client.task('GET', id, '/output')).text).toBe('n,twice,error\n1,2,\n');
    }
  });

  it('lists the tasks that were created', async () => {
    const { id } = await client.created();
    const { body } = await client.call('GET', `/accounts/${ACCOUNT}/tasks`);
    expect(body.data).toContainEqual(expect.objectContaining({ id }));
  });

  it.each([
    ['a line end in a quoted cell', 'n,note\n1,"a\nb"\n', 1],
    ['a byte order mark', '\uFEFFn,note\n1,a\n', 1],
    ['a quote that is never closed', 'n,note\n1,a\n2,"b\n3,c\n', 3],
    ['semicolons', 'n;note\n1;a\n2;b\n', 2],
    ['tabs', 'n\tnote\n1\ta\n2\tb\n', 2],
    ['blank lines', 'n,note\n1,a\n\n2,b\n\n', 2],
    ['names in other letters', 'N,Note\n1,a\n', 1],
    ['columns that the task does not know', 'n,colour\n1,red\n', 1],
  ])('reads %s', async (_, csv, rows) => {
    const task = await client.created(csv);
    expect(task).toMatchObject({ total_count: rows });
    await client.task('PATCH', task.id);
    expect(await client.ended(task.id)).toMatchObject({ status: 'success', success_count: rows });
  });

  it('shows the tasks that were created otherwise, too', async () => {
    const { body } = await server.json('/v1/tasks/numbers/double/runs', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'n\n1\n2\n',
    });
    const listed = await client.call('GET', `/accounts/${ACCOUNT}/tasks?page_size=1`);
    const [{ id }] = listed.body.data as readonly [{ readonly id: string }];
    expect(await client.ended(id)).toMatchObject({ status: 'success', total_count: 2 });
    expect((await server.json(`/v1/runs/${body.id}`)).body).toMatchObject({ status: 'success' });
  });
});
