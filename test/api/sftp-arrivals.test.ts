import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptExecutor } from '../../src/engine/ports/script-executor.ts';
import { defineTask, fail, write } from '../../src/index.ts';
import { newHostKey, PASSWORD, startSftpServer, USER } from '../files/sftp/sftp-server.ts';
import { SCRIPT_OUTCOME } from './script-outcome.ts';
import { endedRun, startTestServer, type TestServer } from './test-server.ts';

const seen: string[] = [];
let openGate = (): void => undefined;
const gate = new Promise<void>((resolve) => {
  openGate = resolve;
});
/** Never reached: what it would be given is too large. */
const scripts: ScriptExecutor = {
  run: async () => SCRIPT_OUTCOME,
  runtimes: async () => [],
  isolation: async () => 'there is nothing to isolate',
};
const double = defineTask({
  category: 'demo',
  action: 'double',
  description: 'For a test',
  mandatory: { n: (text: string) => /^\d+$/.test(text) || 'is no number' },
  output: ['twice'],
  row: async ({ n }) => {
    seen.push(n);
    if (n === '99') await gate;
    return n === '13' ? fail('is unlucky') : write({ twice: String(2 * Number(n)) });
  },
});

const hostKeys = [newHostKey()];
let sftp: Awaited<ReturnType<typeof startSftpServer>>;
let server: TestServer;
beforeAll(async () => {
  sftp = await startSftpServer({ hostKeys });
  server = await startTestServer([double], { allowAddresses: ['127.0.0.1'], scripts });
  await call('PUT', '/v1/secrets/PARTNER', { value: PASSWORD });
  const connection = { host: '127.0.0.1', port: sftp.port, user: USER, password_secret: 'PARTNER' };
  const made = { name: 'partner', ...connection, host_key: sftp.fingerprints[0] };
  expect((await call('POST', '/v1/sftp-connections', made)).status).toBe(201);
});
afterAll(async () => {
  await server.close();
  await sftp.close();
});

const call: TestServer['send'] = (...sent) => server.send(...sent);

const trigger = (folder: string) => ({
  kind: 'file',
  sftp: 'partner',
  folder,
  glob: '*.csv',
  stable_seconds: 0,
  poll_seconds: 1,
});

async function watch(
  folder: string,
  work: Readonly<Record<string, unknown>> = { task: 'demo/double' },
): Promise<string> {
  await mkdir(join(sftp.folder, folder), { recursive: true });
  const schedule = {
    name: folder.replace('/', ' '),
    trigger: trigger(folder),
    ...work,
  };
  const { status, body } = await call('POST', '/v1/schedules', schedule);
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}

const namesIn = async (...below: string[]): Promise<readonly string[]> =>
  (await readdir(join(sftp.folder, ...below)).catch((): string[] => [])).sort();

/** Waits for a state. Bounded: 60 s. */
async function until(look: () => Promise<readonly string[]>, wanted: readonly string[]) {
  for (let tries = 0; tries < 600; tries += 1) {
    if (JSON.stringify(await look()) === JSON.stringify(wanted)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(await look()).toEqual(wanted);
}

const runsOf = async (name: string): Promise<number> => {
  const { body } = await call('GET', `/v1/runs?file_name=${name}`);
  return (body['data'] as readonly unknown[]).length;
};

describe('a file that arrives on an SFTP server', () => {
  it('is the input of a run, and is put away there by how that has ended', async () => {
    const id = await watch('in/orders');
    await writeFile(join(sftp.folder, 'in', 'orders', 'good.csv'), 'n\n1\n2\n');
    await writeFile(join(sftp.folder, 'in', 'orders', 'bad.csv'), 'n\n13\n');
    await writeFile(join(sftp.folder, 'in', 'orders', 'notes.txt'), 'not meant');
    await until(() => namesIn('in', 'orders', 'done'), ['good.csv']);
    await until(() => namesIn('in', 'orders', 'failed'), ['bad.csv']);
    await until(() => namesIn('in', 'orders'), ['done', 'failed', 'notes.txt']);
    expect(await readFile(join(sftp.folder, 'in/orders/done/good.csv'), 'utf8')).toBe('n\n1\n2\n');
    const { body } = await call('GET', '/v1/runs?file_name=good.csv');
    expect(body['data']).toMatchObject([{ status: 'success', succeeded: 2 }]);
    // No copy of it stays.
    expect(await readdir(join(server.folder, 'arrived'))).toEqual([]);
    expect((await call('DELETE', '/v1/sftp-connections/partner')).status).toBe(409);
    expect((await call('DELETE', `/v1/schedules/${id}`)).status).toBe(204);
  });

  it('keeps the connection where it is while a schedule waits there', async () => {
    const id = await watch('in/kept');
    const place = '/v1/sftp-connections/partner';
    const deleted = await call('DELETE', place);
    const elsewhere = [
      { root: 'in' },
      { host: 'localhost' },
      { port: sftp.port + 1 },
      { user: 'other' },
    ];
    for (const change of elsewhere) {
      const { status, body } = await call('PATCH', place, change);
      expect([change, status, body['code'], body['detail']]).toEqual([
        change,
        409,
        'conflict',
        deleted.body['detail'],
      ]);
    }
    const { body: before } = await call('GET', place);
    const harmless = { port: sftp.port, user: USER, timeout_seconds: 29 };
    expect((await call('PATCH', place, harmless)).status).toBe(200);
    // As deleting is, it is for who has paused it to say.
    await call('PATCH', `/v1/schedules/${id}`, { paused: true });
    expect((await call('PATCH', place, { root: 'in' })).status).toBe(200);
    expect((await call('PATCH', place, { root: before['root'] })).status).toBe(200);
    expect((await call('DELETE', `/v1/schedules/${id}`)).status).toBe(204);
  });

  it('is read again where the connection is lost, and done once', async () => {
    const id = await watch('in/cut');
    sftp.cutAt('READ', 'after');
    await writeFile(join(sftp.folder, 'in', 'cut', 'once.csv'), 'n\n21\n');
    await until(() => namesIn('in', 'cut', 'done'), ['once.csv']);
    expect(await runsOf('once.csv')).toBe(1);
    expect(seen.filter((n) => n === '21')).toEqual(['21']);
    await call('DELETE', `/v1/schedules/${id}`);
  });

  it('waits while its server is away', async () => {
    const id = await watch('in/away');
    const { port, folder } = sftp;
    await sftp.stop();
    await writeFile(join(folder, 'in', 'away', 'late.csv'), 'n\n22\n');
    const told = (): boolean => server.errors.some((error) => String(error).includes('partner'));
    for (let tries = 0; tries < 600 && !told(); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(told()).toBe(true);
    // What it may have claimed there could not be put away.
    expect((await call('DELETE', `/v1/schedules/${id}`)).status).toBe(424);
    expect(await namesIn('in', 'away')).toEqual(['late.csv']);
    sftp = await startSftpServer({ port, folder, hostKeys });
    await until(() => namesIn('in', 'away', 'done'), ['late.csv']);
    expect(await runsOf('late.csv')).toBe(1);
    expect((await call('DELETE', `/v1/schedules/${id}`)).status).toBe(204);
  });

  it('is fetched once, when its run is certain', async () => {
    const job = await call('POST', '/v1/jobs', { name: 'one at a time', task: 'demo/double' });
    const draft = await server.json('/v1/drafts?task=demo/double', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'n\n99\n',
    });
    const other = await call('POST', `/v1/jobs/${job.body.id}/runs`, { draft: draft.body.id });
    const id = await watch('in/waits', { job: job.body.id, overlap: 'allow' });
    const reads = (): number => sftp.requests.filter((name) => name === 'OPEN').length;
    const before = reads();
    const names = ['a.csv', 'b.csv', 'c.csv'];
    const waiting = async (): Promise<readonly string[]> => {
      const { body } = await call('GET', `/v1/schedules/${id}/firings`);
      const found = body['data'] as readonly {
        readonly verdict: string;
        readonly payload: { readonly file: { readonly name: string } };
      }[];
      return found.map(({ verdict, payload }) => `${payload.file.name} ${verdict}`).sort();
    };
    // Each is found by a look that sees those before it waiting.
    for (const [index, name] of names.entries()) {
      await writeFile(join(sftp.folder, 'in', 'waits', name), 'n\n1\n');
      const seen = names.slice(0, index + 1).map((each) => `${each} waiting`);
      await until(waiting, seen);
    }
    expect(reads()).toBe(before);
    openGate();
    await endedRun(server, other.body.id);
    await until(() => namesIn('in', 'waits', 'done'), names);
    expect(reads()).toBe(before + 3);
    await call('DELETE', `/v1/schedules/${id}`);
  });

  it('is not fetched for a script that it is too large for', async () => {
    const files = [{ path: 'main.py', content: 'print(1)\n' }];
    const script = { language: 'python', entry: 'main.py', files };
    const job = await call('POST', '/v1/jobs', { name: 'reads', script });
    const id = await watch('in/large', { job: job.body.id });
    const reads = (): number => sftp.requests.filter((name) => name === 'OPEN').length;
    const before = reads();
    await writeFile(join(sftp.folder, 'in', 'staged'), Buffer.alloc(6 * 1024 * 1024 + 1));
    await rename(join(sftp.folder, 'in', 'staged'), join(sftp.folder, 'in', 'large', 'a.csv'));
    await until(() => namesIn('in', 'large', 'failed'), ['a.csv']);
    expect(reads()).toBe(before);
    await call('DELETE', `/v1/schedules/${id}`);
  });

  it('is left where its server is away for good, and its schedule goes by force', async () => {
    const id = await watch('in/lost', { task: 'demo/double', paused: true });
    await call('PATCH', '/v1/sftp-connections/partner', { host_key: `SHA256:${'A'.repeat(43)}` });
    expect((await call('DELETE', `/v1/schedules/${id}`)).status).toBe(424);
    const { status, body } = await call('DELETE', `/v1/schedules/${id}?force=true`);
    const claimed = `in/lost/.rowmill/${id}`;
    expect([status, body]).toMatchObject([
      200,
      { id, folder: 'in/lost', sftp: 'partner', claimed, files: [] },
    ]);
    expect(body['why']).toContain('SFTP partner');
    const { body: audit } = await call('GET', '/v1/audit?action=leaveFile');
    expect(audit['data']).toMatchObject([{ subject: `partner:${claimed}` }]);
    await call('PATCH', '/v1/sftp-connections/partner', { host_key: sftp.fingerprints[0] });
  });

  it.each([
    [{ sftp: 'nobody' }, 'body.trigger.sftp: there is no SFTP connection nobody'],
    [{ folder: '../up' }, 'body.trigger.folder'],
  ])('is not waited for with %j', async (more, said) => {
    const schedule = { name: 'no', task: 'demo/double', trigger: { ...trigger('in'), ...more } };
    const { status, body } = await call('POST', '/v1/schedules', schedule);
    expect([status, body['detail']]).toEqual([400, expect.stringContaining(said)]);
  });
});
