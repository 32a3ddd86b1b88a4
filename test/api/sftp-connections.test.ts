import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  newHostKey,
  PASSWORD,
  readableKeys,
  startSftpServer,
  USER,
  type TestSftpServer,
} from '../files/sftp/sftp-server.ts';
import { startTestServer, type TestServer } from './test-server.ts';

const PASSPHRASE = 'opens the key';
const KEYS = readableKeys(
  () =>
    ssh2.utils.generateKeyPairSync('ed25519', {
      passphrase: PASSPHRASE,
      cipher: 'aes256-ctr',
      rounds: 1,
    }),
  PASSPHRASE,
);
let server: TestServer;
let sftp: TestSftpServer;
beforeAll(async () => {
  server = await startTestServer([], { allowAddresses: ['127.0.0.1'] });
  sftp = await startSftpServer({ publicKey: KEYS.public });
  for (const [name, value] of [
    ['PARTNER', PASSWORD],
    ['WRONG', 'is not the password'],
    ['KEY', KEYS.private],
    ['OPENS', PASSPHRASE],
  ]) {
    expect((await call('PUT', `/v1/secrets/${name}`, { value })).status).toBe(201);
  }
});
afterAll(async () => {
  await server.close();
  await sftp.close();
  expect(server.errors).toEqual([]);
});

function call(method: string, path: string, body?: unknown) {
  return server.json(path, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
}

const PLACE = '/v1/sftp-connections';
const withPassword = { host: '127.0.0.1', user: USER, password_secret: 'PARTNER' };

async function make(name: string, more: object = {}): Promise<void> {
  const sent = { name, ...withPassword, port: sftp.port, ...more };
  const { status, body } = await call('POST', PLACE, sent);
  expect([status, JSON.stringify(body)]).toEqual([201, expect.anything()]);
}

const tested = (name: string) => call('POST', `${PLACE}/${name}/test`);

/** What a file is asked by, and what comes. */
async function file(method: string, name: string, path: string, body?: string) {
  const url = `${server.url}${PLACE}/${name}/file?${new URLSearchParams({ path }).toString()}`;
  const headers = { 'content-type': 'application/octet-stream' };
  const answer = await fetch(url, { method, ...(body === undefined ? {} : { body, headers }) });
  return { status: answer.status, text: await answer.text() };
}

describe('an SFTP connection', () => {
  it('is made, shown, changed and forgotten, and shows no secret', async () => {
    await make('crud');
    const { body } = await call('GET', `${PLACE}/crud`);
    expect(body).toMatchObject({
      name: 'crud',
      port: sftp.port,
      root: '.',
      password_secret: 'PARTNER',
      private_key_secret: null,
      host_key: null,
      connect_timeout_seconds: 10,
    });
    expect((await call('POST', PLACE, { name: 'crud', ...withPassword })).status).toBe(409);
    const key = { private_key_secret: 'key', timeout_seconds: 5 };
    const changed = await call('PATCH', `${PLACE}/crud`, key);
    expect(changed.body).toMatchObject({
      password_secret: null,
      private_key_secret: 'KEY',
      timeout_seconds: 5,
      port: sftp.port,
    });
    await make('crud-2');
    const { body: page } = await call('GET', `${PLACE}?limit=1`);
    expect(page).toMatchObject({ data: [{ name: 'crud' }], next: 'crud' });
    expect((await call('DELETE', `${PLACE}/crud`)).status).toBe(204);
    expect((await call('GET', `${PLACE}/crud`)).status).toBe(404);
  });

  it('writes the key of its host down when it is tested first, and says what it saw', async () => {
    await mkdir(join(sftp.folder, 'in'));
    await writeFile(join(sftp.folder, 'a.csv'), 'n\n1\n');
    await make('first');
    const before = await call('GET', `${PLACE}/first/files`);
    expect([before.status, before.body['detail']]).toEqual([
      400,
      expect.stringContaining('rowmill sftp test first'),
    ]);
    const { status, body } = await tested('first');
    expect([status, body]).toEqual([
      200,
      {
        name: 'first',
        host_key: sftp.fingerprints[0],
        is_first: true,
        software: expect.stringMatching(/^ssh2js/) as string,
        root: '/',
        files: 1,
        folders: 1,
      },
    ]);
    expect((await call('GET', `${PLACE}/first`)).body['host_key']).toBe(sftp.fingerprints[0]);
    expect((await tested('first')).body['is_first']).toBe(false);
    const other = await call('PATCH', `${PLACE}/first`, { host: 'localhost' });
    expect(other.body['host_key']).toBeNull();
    const { body: audit } = await call('GET', '/v1/audit?action=useSecret');
    expect(audit['data']).toContainEqual(expect.objectContaining({ subject: 'PARTNER' }));
    const { body: tests } = await call('GET', '/v1/audit?action=testSftpConnection');
    expect(tests['data']).toContainEqual(expect.objectContaining({ subject: 'first' }));
  });

  it('refuses a host that shows another key, and names both', async () => {
    const known = `SHA256:${'A'.repeat(43)}`;
    await make('changed', { host_key: known });
    const used = sftp.requests.length;
    const { status, body } = await tested('changed');
    expect(status).toBe(424);
    expect(body['code']).toBe('sftp_unreachable');
    expect(body['detail']).toContain(known);
    expect(body['detail']).toContain(sftp.fingerprints[0]);
    // Nothing was asked of it, and no secret was given.
    expect(sftp.requests.length).toBe(used);
    await call('PATCH', `${PLACE}/changed`, { host_key: sftp.fingerprints[0] });
    expect((await tested('changed')).status).toBe(200);
  });

  it('finds the key that is written down among several of a host', async () => {
    const two = await startSftpServer({ hostKeys: [newHostKey('ed25519'), newHostKey('ecdsa')] });
    for (const [index, fingerprint] of two.fingerprints.entries()) {
      await make(`two-${index}`, { port: two.port, host_key: fingerprint });
      expect((await tested(`two-${index}`)).body['host_key']).toBe(fingerprint);
    }
    await two.close();
  });

  it('enters by a private key, and where a password is asked for', async () => {
    await make('by-key', {
      password_secret: null,
      private_key_secret: 'KEY',
      passphrase_secret: 'OPENS',
    });
    expect((await tested('by-key')).status).toBe(200);
    const asking = await startSftpServer({ asksForPassword: true });
    await make('asking', { port: asking.port });
    expect((await tested('asking')).status).toBe(200);
    await asking.close();
  });

  it.each([
    ['a wrong password', { password_secret: 'WRONG' }, 424, 'password (secret WRONG)'],
    ['another user', { user: 'nobody' }, 424, 'user nobody'],
    ['a secret that is not there', { password_secret: 'NOT_SET' }, 400, '"NOT_SET"'],
    [
      'a key that is none',
      { password_secret: null, private_key_secret: 'WRONG' },
      400,
      'secret WRONG is no private key',
    ],
    [
      'a key that stays shut',
      { password_secret: null, private_key_secret: 'KEY' },
      400,
      'secret KEY is no private key',
    ],
    ['a root that is not there', { root: '/nowhere' }, 404, 'no such file or folder'],
    ['a root that is a file', { root: '/root.txt' }, 400, 'it is no folder'],
  ])('says what is wrong: %s', async (what, more, status, said) => {
    await writeFile(join(sftp.folder, 'root.txt'), 'x');
    const name = what.replaceAll(' ', '-');
    await make(name, more);
    const answer = await tested(name);
    expect([answer.status, answer.body['detail']]).toEqual([status, expect.stringContaining(said)]);
    expect(JSON.stringify(answer.body)).not.toMatch(/is not the password|opens the key|BEGIN/);
    expect((await call('GET', `${PLACE}/${name}`)).body['host_key']).toBeNull();
  });

  it('says that nobody answers, or nothing that is SSH', async () => {
    const silent = createServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const port = Number(Object(silent.address()).port);
    await make('silent', { port, connect_timeout_seconds: 1 });
    const unanswered = await tested('silent');
    expect([unanswered.status, unanswered.body['detail']]).toEqual([
      424,
      expect.stringContaining(`127.0.0.1:${port} cannot be reached: Timed out`),
    ]);
    await new Promise((resolve) => void silent.close(resolve));
    const refused = await tested('silent');
    expect(refused.body['detail']).toContain('ECONNREFUSED');
  });

  it('says that a host lets it in and begins no SFTP, and the server can still end', async () => {
    const hung = await startSftpServer();
    hung.hangAt('SUBSYSTEM');
    const ending = await startTestServer([], { allowAddresses: ['127.0.0.1'] });
    await ending.send('PUT', '/v1/secrets/PARTNER', { value: PASSWORD });
    const made = {
      name: 'hung',
      ...withPassword,
      port: hung.port,
      host_key: hung.fingerprints[0],
      connect_timeout_seconds: 1,
    };
    expect((await ending.send('POST', PLACE, made)).status).toBe(201);
    const { status, body } = await ending.send('GET', `${PLACE}/hung/files`);
    expect([status, body['detail']]).toEqual([
      424,
      expect.stringContaining('cannot be reached: Timed out: it opened no session within 1 s'),
    ]);
    expect(hung.requests).toEqual([]);
    await ending.close();
    await hung.close();
  });

  it.each([
    ['an address that is not public', { host: '10.0.0.7' }, 'allowAddresses'],
    ['no host', { host: 'a host' }, 'body.host'],
    ['no way in', { password_secret: null }, 'body.password_secret'],
    ['two ways in', { private_key_secret: 'KEY' }, 'expected one'],
    ['a passphrase of nothing', { passphrase_secret: 'OPENS' }, 'body.passphrase_secret'],
    ['a fingerprint that is none', { host_key: 'MD5:00' }, 'body.host_key'],
  ])('is refused with %s', async (_, more, said) => {
    const { status, body } = await call('POST', PLACE, { name: 'no', ...withPassword, ...more });
    expect([status, body['detail']]).toEqual([400, expect.stringContaining(said)]);
  });

  it('connects to no address that its name stands for and that is not allowed', async () => {
    const guarded = await startTestServer([], { allowAddresses: ['127.0.0.2'] });
    const json = { 'content-type': 'application/json' };
    const post = (path: string, body: object) =>
      guarded.json(path, { method: 'POST', headers: json, body: JSON.stringify(body) });
    const made = { name: 'inner', ...withPassword, host: 'localhost', port: sftp.port };
    expect((await post(PLACE, made)).status).toBe(201);
    const before = sftp.connections;
    const { status, body } = await post(`${PLACE}/inner/test`, {});
    expect([status, body['detail']]).toEqual([424, expect.stringContaining('no public address')]);
    expect(sftp.connections).toBe(before);
    await guarded.close();
  });
});

describe('the files of an SFTP connection', () => {
  beforeAll(async () => {
    await mkdir(join(sftp.folder, 'box', 'in'), { recursive: true });
    await make('files', { root: '/box', host_key: sftp.fingerprints[0] });
  });

  it('are written whole, listed, read and removed', async () => {
    const text = `n\n${'12345\n'.repeat(200_000)}`;
    expect((await file('PUT', 'files', 'in/big.csv', text)).status).toBe(204);
    expect(await readFile(join(sftp.folder, 'box', 'in', 'big.csv'), 'utf8')).toBe(text);
    expect((await file('PUT', 'files', '/in/small.csv', 'n\n1\n')).status).toBe(204);
    expect((await file('PUT', 'files', 'in/small.csv', 'n\n2\n')).status).toBe(204);
    const { body } = await call('GET', `${PLACE}/files/files?folder=in`);
    expect(body['data']).toMatchObject([
      { name: 'big.csv', kind: 'file', bytes: text.length },
      { name: 'small.csv', kind: 'file', bytes: 4 },
    ]);
    expect(await file('GET', 'files', 'in/big.csv')).toEqual({ status: 200, text });
    expect(await file('GET', 'files', 'in/small.csv')).toEqual({ status: 200, text: 'n\n2\n' });
    expect((await file('PUT', 'files', 'in/empty', '')).status).toBe(204);
    expect(await file('GET', 'files', 'in/empty')).toEqual({ status: 200, text: '' });
    expect((await file('DELETE', 'files', 'in/small.csv')).status).toBe(204);
    expect((await file('DELETE', 'files', 'in/small.csv')).status).toBe(404);
    expect((await readdir(join(sftp.folder, 'box', 'in'))).sort()).toEqual(['big.csv', 'empty']);
  });

  it.each([
    ['GET', 'in/nothing.csv', 404, 'SFTP files: in/nothing.csv: there is no such file'],
    ['GET', '../a.csv', 400, 'below the root'],
    ['GET', 'in/', 400, 'the path of a file'],
    ['PUT', 'nowhere/a.csv', 404, 'SFTP files: nowhere/.rowmill-'],
    ['GET', 'in', 424, 'SFTP files: in: the server could not do it'],
  ])('are refused: %s %s', async (method, path, status, said) => {
    const answer = await file(method, 'files', path, method === 'PUT' ? 'x' : undefined);
    expect([answer.status, answer.text]).toEqual([status, expect.stringContaining(said)]);
  });

  it('are 16 MiB at most', async () => {
    const most = 16 * 1024 * 1024;
    await writeFile(join(sftp.folder, 'box', 'huge'), Buffer.alloc(most + 1));
    expect(await file('GET', 'files', 'huge')).toMatchObject({
      status: 413,
      text: expect.stringContaining(`more than ${most} bytes`) as string,
    });
    expect((await file('PUT', 'files', 'huge-2', 'x'.repeat(most + 1))).status).toBe(413);
  });

  it('are not listed where their server names them without end', async () => {
    const endless = await startSftpServer();
    await mkdir(join(endless.folder, 'in'));
    const [host_key] = endless.fingerprints;
    await make('endless', { port: endless.port, host_key });
    endless.listEndlessly(100);
    const { status, body } = await call('GET', `${PLACE}/endless/files?folder=in`);
    expect([status, body['detail']]).toEqual([
      413,
      'SFTP endless: in: it has more than can be listed: 10100 entries were seen, and 10000 entries are the limit',
    ]);
    expect((await tested('endless')).body).toMatchObject({ files: 10_000, folders: 0 });
    await endless.close();
  });

  it('share one connection, and come by another where that is lost', async () => {
    await file('GET', 'files', 'in/big.csv');
    const before = sftp.connections;
    await file('GET', 'files', 'in/big.csv');
    expect(sftp.connections).toBe(before);
    sftp.cutAt('READ', 'after');
    const lost = await file('GET', 'files', 'in/big.csv');
    expect([lost.status, lost.text]).toEqual([424, expect.stringContaining('is lost')]);
    expect((await file('GET', 'files', 'in/big.csv')).status).toBe(200);
    expect(sftp.connections).toBe(before + 1);
  });
});
