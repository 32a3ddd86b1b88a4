import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineTask, ok, write } from '../../src/index.ts';
import { PASSWORD, startSftpServer, USER, type TestSftpServer } from '../files/sftp/sftp-server.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

/** Counts what it has ever seen, and looks each item up in a list that a partner keeps. */
const price = defineTask({
  category: 'partner',
  action: 'price',
  description: 'Take the price of each item from the list of the partner',
  mandatory: { item: (cell: string) => cell !== '' },
  output: ['price', 'seen'],
  async row({ item }, _state, run) {
    const { storage } = run;
    const partner = run.sftp('partner');
    const prices: unknown = JSON.parse(await partner.readText('prices.json'));
    const seen = (await storage.get('seen', 0)) + 1;
    await storage.set('seen', seen);
    await partner.write(`asked/${item}.txt`, `asked for ${item}`);
    return write({ price: (prices as Record<string, string>)[item], seen: String(seen) });
  },
});

const leak = defineTask({
  category: 'partner',
  action: 'leak',
  description: 'Keep what it was given',
  mandatory: { item: (cell: string) => cell !== '' },
  async row({ item }, _state, run) {
    await run.storage.set(item, `it is ${run.secrets.get('token')}`);
    return ok();
  },
});

let server: TestServer;
let sftp: TestSftpServer;
beforeAll(async () => {
  server = await startTestServer([price, leak], { allowAddresses: ['127.0.0.1'] });
  sftp = await startSftpServer();
  await server.send('PUT', '/v1/secrets/PARTNER', { value: PASSWORD });
  await server.send('PUT', '/v1/secrets/TOKEN', { value: 'a token of 20 letters' });
  await mkdir(join(sftp.folder, 'asked'));
  await writeFile(join(sftp.folder, 'prices.json'), '{"cup":"4","pot":"9"}');
  for (const name of ['partner', 'other']) {
    const { status } = await server.send('POST', '/v1/sftp-connections', {
      name,
      host: '127.0.0.1',
      port: sftp.port,
      user: USER,
      password_secret: 'PARTNER',
      host_key: sftp.fingerprints[0],
    });
    expect(status).toBe(201);
  }
});
afterAll(async () => {
  await server.close();
  await sftp.close();
});

async function makeJob(job: object): Promise<string> {
  const { status, body } = await server.send('POST', '/v1/jobs', job);
  expect([status, JSON.stringify(body)]).toEqual([201, expect.anything()]);
  return body.id;
}

/** A run over these items by a job, or of the task itself, when it has ended, with what it wrote. */
async function ran(task: string, items: readonly string[], job?: string) {
  const csv = { headers: { 'content-type': 'text/csv' }, body: ['item', ...items, ''].join('\n') };
  let started: Awaited<ReturnType<TestServer['json']>>;
  if (job === undefined) {
    started = await server.json(`/v1/tasks/${task}/runs`, { method: 'POST', ...csv });
  } else {
    const draft = await server.json(`/v1/drafts?task=${task}`, { method: 'POST', ...csv });
    started = await server.send('POST', `/v1/jobs/${job}/runs`, { draft: draft.body.id });
  }
  expect([started.status, JSON.stringify(started.body)]).toEqual([201, expect.anything()]);
  const run = await endedRun(server, started.body.id);
  const output = await fetch(`${server.url}/v1/runs/${run.id}/files/output.csv`);
  return { status: run['status'], output: await output.text() };
}

describe('a task', () => {
  it('has the storage of its job, and the SFTP servers that this names', async () => {
    const work = { task: 'partner/price', sftp: ['partner'] };
    const job = await makeJob({ name: 'prices', ...work });
    const apart = await makeJob({ name: 'apart', ...work });
    const rows = (...lines: string[]) =>
      ['item,price,seen,error', ...lines.map((line) => `${line},`), ''].join('\n');
    expect(await ran('partner/price', ['cup', 'pot'], job)).toEqual({
      status: 'success',
      output: rows('cup,4,1', 'pot,9,2'),
    });
    expect(await ran('partner/price', ['pot'], job)).toMatchObject({ output: rows('pot,9,3') });
    expect(await ran('partner/price', ['cup'], apart)).toMatchObject({ output: rows('cup,4,1') });
    const kept = await server.json(`/v1/jobs/${job}/storage/seen`);
    expect(kept.body['value']).toBe(3);
    expect((await readdir(join(sftp.folder, 'asked'))).sort()).toEqual(['cup.txt', 'pot.txt']);
  });

  it('of no job has a storage of its own, and the SFTP servers of its account', async () => {
    const own = await ran('partner/price', ['cup']);
    expect(own).toEqual({ status: 'success', output: 'item,price,seen,error\ncup,4,1,\n' });
  });

  it('may not use a server that its job does not name: the row says so', async () => {
    const job = await makeJob({ name: 'elsewhere', task: 'partner/price', sftp: ['other'] });
    const { status, output } = await ran('partner/price', ['cup'], job);
    expect(status).toBe('failure');
    expect(output).toContain('may not use the SFTP connection ""partner""; it may use: other');
  });

  it('keeps no secret in its storage', async () => {
    const job = await makeJob({ name: 'leak', task: 'partner/leak', secrets: { token: 'TOKEN' } });
    for (const place of [job, undefined]) {
      const { status, output } = await ran('partner/leak', ['kept'], place);
      expect([status, output]).toEqual([
        'failure',
        expect.stringContaining('has a secret of the run'),
      ]);
    }
    expect((await server.json(`/v1/jobs/${job}/storage`)).body['data']).toEqual([]);
  });
});
