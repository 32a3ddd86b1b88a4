import { afterAll, describe, expect, it } from 'vitest';
import { defineNoinputTask, stop, write } from '../../src/index.ts';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const greet = defineNoinputTask({
  category: 'demo',
  action: 'greet',
  description: 'Greet',
  output: ['said'],
  start: () => undefined,
  step: () => stop(write({ said: 'hello' })),
});

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

type Body = Readonly<Record<string, unknown>> & { readonly id: string };

async function call(server: TestServer, method: string, path: string, body?: unknown) {
  const answer = await server.send(method, path, body);
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  return answer.body;
}

describe.skipIf(postgres === undefined)('a thousand identical events at two servers', () => {
  it('are one run and 999 dropped_dup', { timeout: 180_000 }, async () => {
    if (postgres === undefined) throw new Error(NOT_RUN);
    const database = await makeDatabase(postgres);
    const servers = [
      await startTestServer([greet], { database }),
      await startTestServer([greet], { database }),
    ] as const;
    const [first] = servers;
    // None may lie so far apart that the one before is forgotten.
    const dedupe = { window_s: 3_600 };
    const job = await call(first, 'POST', '/v1/jobs', { name: 'a', task: 'demo/greet', dedupe });
    await call(first, 'PUT', `/v1/jobs/${job.id}/events/thing/happen`, {});
    const event = { object: 'thing', event: 'happen', payload: { same: true } };
    const verdicts: string[] = [];
    const send = async (server: TestServer): Promise<void> => {
      for (let count = 0; count < 250; count += 1) {
        const { deliveries } = await call(server, 'POST', '/v1/events', event);
        verdicts.push(...(deliveries as readonly { verdict: string }[]).map((one) => one.verdict));
      }
    };
    await Promise.all([...servers, ...servers].map(send));
    expect(verdicts.filter((verdict) => verdict === 'dropped_dup').length).toBe(999);
    expect(verdicts.length).toBe(1_000);
    for (let tries = 0; ; tries += 1) {
      const { data } = await call(first, 'GET', `/v1/jobs/${job.id}/runs`);
      const runs = data as readonly Body[];
      expect(runs.length).toBeLessThanOrEqual(1);
      if (runs[0]?.['status'] === 'success') break;
      if (tries === 400) throw new Error(`it did not run: ${JSON.stringify(runs)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    for (const server of servers) {
      expect(server.errors).toEqual([]);
      await server.close();
    }
  });
});

if (postgres === undefined) it.skip(NOT_RUN, () => undefined);
