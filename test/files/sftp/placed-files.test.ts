import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SftpConnections } from '../../../src/engine/hosting/sftp-connections.ts';
import { sftpOfRun } from '../../../src/engine/hosting/sftp-of-run.ts';
import { connectionsTo } from './connections-to.ts';
import { RowmillError } from '../../../src/engine/errors.ts';
import { startSftpServer, type TestSftpServer } from './sftp-server.ts';

let server: TestSftpServer;
let connections: SftpConnections;
const names = async (): Promise<readonly string[]> => (await readdir(server.folder)).sort();
const text = (name: string): Promise<string> => readFile(join(server.folder, name), 'utf8');

async function start(hasPosixRename: boolean): Promise<void> {
  server = await startSftpServer({ hasPosixRename });
  connections = connectionsTo(server);
}
afterEach(async () => {
  await connections.close();
  await server.close();
});

function write(path: string, content: string, use = connections.use.bind(connections)) {
  const allowed = async () => ['partner'];
  const options = { accountId: 'acme', runId: 'run_1', allowed, connections: { use } };
  return sftpOfRun(options)('partner').write(path, Buffer.from(content));
}

const isPart = (path = ''): boolean => path.endsWith('.part');

describe('a file that is written where one cannot be replaced in one step', () => {
  beforeEach(async () => {
    await start(false);
    await writeFile(join(server.folder, 'a.csv'), 'old');
  });

  it('takes the place of the old one', async () => {
    await write('a.csv', 'new');
    expect([await names(), await text('a.csv')]).toEqual([['a.csv'], 'new']);
  });

  it('leaves the old one where the server refuses it', async () => {
    server.refuse((request, [from]) => request === 'RENAME' && isPart(from));
    await expect(write('a.csv', 'new')).rejects.toMatchObject({ code: 'sftp_failed' });
    expect([await names(), await text('a.csv')]).toEqual([['a.csv'], 'old']);
  });

  it('is kept with the old one where that cannot come back, and both are named', async () => {
    server.refuse((request, [, to]) => request === 'RENAME' && to === '/a.csv');
    const [part, old] = ['.rowmill-run_1-1.part', '.rowmill-a.csv.old'];
    await expect(write('a.csv', 'new')).rejects.toThrow(
      `the old one is ${old}, the new one ${part}`,
    );
    expect(await names()).toEqual([old, part]);
    expect([await text(old), await text(part)]).toEqual(['old', 'new']);
  });

  it('is no folder', async () => {
    await connections.use('acme', 'partner', (session) => session.makeFolder('in'));
    await expect(write('in', 'new')).rejects.toThrow('in: it is a folder');
    expect(await names()).toEqual(['a.csv', 'in']);
  });

  it.each([
    ['before', 1],
    ['after', 1],
    ['before', 2],
    ['after', 2],
  ] as const)('is there once where the connection is lost %s rename %i', async (when, which) => {
    server.cutAt('RENAME', when, which);
    await write('a.csv', 'new');
    expect([await names(), await text('a.csv')]).toEqual([['a.csv'], 'new']);
  });
});

describe('a file whose connection is lost for good while another takes its place', () => {
  const [part, old] = ['.rowmill-run_1-1.part', '.rowmill-a.csv.old'];
  /** Nobody can connect again. */
  const lose = async (when: 'before' | 'after', which: number): Promise<unknown> => {
    server.cutAt('RENAME', when, which);
    let uses = 0;
    return write('a.csv', 'new', (...asked) => {
      uses += 1;
      if (uses === 1) return connections.use(...asked);
      return Promise.reject(new RowmillError('sftp_unreachable', 'SFTP partner: it is away'));
    }).catch((error: unknown) => error);
  };
  beforeEach(async () => {
    await start(false);
    await writeFile(join(server.folder, 'a.csv'), 'old');
  });

  it.each([
    ['after', 1],
    ['before', 2],
  ] as const)('is named: %s rename %i', async (when, which) => {
    const error = await lose(when, which);
    expect(error).toMatchObject({ code: 'sftp_unreachable' });
    expect(String(error)).toContain(
      `SFTP partner: it is away; it was lost while a.csv was replaced: where that is not there, the old one is ${old}, the new one ${part}, until a.csv is written again`,
    );
    expect([await names(), await text(old), await text(part)]).toEqual([[old, part], 'old', 'new']);
  });

  it('is put right by the next write', async () => {
    await lose('before', 2);
    await write('a.csv', 'newer');
    expect([await names(), await text('a.csv')]).toEqual([['a.csv'], 'newer']);
  });

  it('comes back as it was where the next write is refused', async () => {
    await lose('before', 2);
    server.refuse((request, [from]) => request === 'RENAME' && isPart(from));
    await expect(write('a.csv', 'newer')).rejects.toMatchObject({ code: 'sftp_failed' });
    expect([await names(), await text('a.csv')]).toEqual([['a.csv'], 'old']);
  });

  it('is told of as ever where nothing gave way yet', async () => {
    const error = await lose('before', 1);
    expect(await text('a.csv')).toBe('old');
    await write('b.csv', 'new');
    expect(String(error)).toContain('it is away');
  });

  it('has a name that is as long as names may be', async () => {
    const name = `${'a'.repeat(251)}.csv`;
    await writeFile(join(server.folder, name), 'old');
    await write(name, 'new');
    expect([await names(), await text(name)]).toEqual([['a.csv', name], 'new']);
  });
});

describe('a file that is written while the connection is lost', () => {
  it.each([
    [true, 'EXTENDED'],
    [false, 'RENAME'],
  ])('is not written again where it was taken away (replaces: %s)', async (replaces, request) => {
    await start(replaces);
    server.cutAt(request, 'after');
    await write('a.csv', 'new', async (...asked) => {
      try {
        return await connections.use(...asked);
      } catch (error) {
        // The partner is quick.
        expect(await text('a.csv')).toBe('new');
        await unlink(join(server.folder, 'a.csv'));
        throw error;
      }
    });
    expect(await names()).toEqual([]);
  });

  it.each(['OPEN', 'WRITE', 'CLOSE'])(
    'is written again where it was not whole: %s',
    async (request) => {
      await start(true);
      server.cutAt(request, 'after');
      await write('a.csv', 'new');
      expect([await names(), await text('a.csv')]).toEqual([['a.csv'], 'new']);
    },
  );
});
