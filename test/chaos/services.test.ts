import type { ServerResponse } from 'node:http';
import { mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDatabase } from '../contract/sql-worlds.ts';
import { sendJson, startServer, type LocalServer } from '../tasks/local-server.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { ChaosFolder, pause, prepareBuild, until, type Begun } from './chaos-folder.ts';
import { tidyUp } from './tidy-up.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());
beforeAll(prepareBuild, 120_000);
const { folders, alive } = tidyUp();

/** A service that is at work on a call until the test says otherwise, whoever waits for its reply. */
const underWay: ServerResponse[] = [];
let calls = 0;
let fake: LocalServer;
beforeAll(async () => {
  fake = await startServer((_, response) => {
    calls += 1;
    underWay.push(response);
  });
});
afterAll(() => fake.close());
function answer(): void {
  for (const response of underWay.splice(0)) sendJson(response, { code: 'success', message: 'ok' });
}

type Json = Readonly<Record<string, unknown>>;
async function ask(url: string, body?: Json): Promise<{ readonly status: number } & Json> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const json = (await response.json()) as Json;
  return { ...json, status: response.status };
}
async function recordsOf(url: string, job: string): Promise<readonly Json[]> {
  return (await ask(`${url}/v1/jobs/${job}/runs`))['data'] as readonly Json[];
}

describe.skipIf(postgres === undefined)('a service of two servers with one database', () => {
  it('is called once at a time, and not again by who takes over a call of one that is killed', async () => {
    if (postgres === undefined) throw new Error(NOT_RUN);
    const database = await makeDatabase(postgres);
    const folder = await ChaosFolder.make();
    folders.push(folder);
    await mkdir(folder.at('files'));
    const a = await serve(folder, 'a', database);
    const b = await serve(folder, 'b', database);
    const made = await ask(`${a.url}/v1/services`, {
      name: 'import_patients',
      endpoint: `${fake.origin}/import_patients`,
      timeout: 25,
      execution_plan: {
        period: 'interval',
        intervals: { on_success: 3_600, on_timeout: 1, on_idle: 1, on_error: 1 },
      },
      paused: true,
    });
    expect(made.status).toBe(201);
    const job = String(made['id']);
    // Both begin a call at the same moment: one is there.
    for (let round = 1; round <= 5; round += 1) {
      const both = await Promise.all(
        [a, b].map(({ url }) => ask(`${url}/v1/jobs/${job}/runs`, {})),
      );
      expect(both.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([201, 409]);
      await until('the call is made', () => calls === round);
      answer();
      await until('it has ended', async () => {
        await pause(50);
        return (await recordsOf(b.url, job))[0]?.['status'] === 'success';
      });
    }
    // By its plan it is called at once, then when the timeout of the call that broke off is over.
    await fetch(`${a.url}/v1/services/${job}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ paused: false }),
    });
    await until('it is called by its plan', () => calls === 6);
    // Whichever has made the call: both were killed but one, which is begun anew.
    a.begun.child.kill('SIGKILL');
    b.begun.child.kill('SIGKILL');
    await Promise.all([a.begun.ended, b.begun.ended]);
    const c = await serve(folder, 'c', database);
    const refused = await ask(`${c.url}/v1/jobs/${job}/runs`, {});
    expect(refused.status).toBe(409);
    await until(
      'the call has ended',
      async () => {
        await pause(100);
        const [last] = await recordsOf(c.url, job);
        // While the service works on it is not called again.
        if (last?.['result_code'] === null) expect(calls).toBe(6);
        return last?.['result_code'] === 'timeout' || (await recordsOf(c.url, job)).length > 6;
      },
      120_000,
    );
    const ended = (await recordsOf(c.url, job)).find(({ result_code: code }) => code === 'timeout');
    expect(ended).toMatchObject({ trigger: 'schedule', status: 'failure' });
    expect(ended?.['message']).toContain('it was called by a server that has gone');
    await until('it is called again, by its plan', () => calls === 7, 120_000);
    answer();
    await until('that has ended well', async () => {
      await pause(100);
      return (await recordsOf(c.url, job))[0]?.['result_code'] === 'success';
    });
    expect(calls).toBe(7);
    c.begun.child.kill('SIGTERM');
    expect((await c.begun.ended).exitCode).toBe(0);
    alive.delete(c.begun);
  }, 300_000);
});

if (postgres === undefined) it.skip(NOT_RUN, () => undefined);

async function serve(
  folder: ChaosFolder,
  name: string,
  database: string,
): Promise<{ readonly begun: Begun; readonly url: string }> {
  const words = ['--data', folder.at(name), '--files-dir', folder.at('files')];
  const begun = folder.begin([
    'serve',
    '--port',
    '0',
    '--database',
    database,
    '--allow-addresses',
    '127.0.0.1',
    ...words,
  ]);
  alive.add(begun);
  let url: string | undefined;
  await until('the server listens', () => {
    url = /listening on (http\S+)/.exec(begun.stderr())?.[1];
    if (begun.isOver()) throw new Error(`it did not start: ${begun.stderr()}`);
    return url !== undefined;
  });
  return { begun, url: url ?? '' };
}
