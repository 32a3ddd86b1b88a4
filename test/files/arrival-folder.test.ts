import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SftpConnections } from '../../src/engine/hosting/sftp-connections.ts';
import { LocalArrivalFolder } from '../../src/files/local/local-arrival-folder.ts';
import { SftpArrivalFolder } from '../../src/files/sftp/sftp-arrival-folder.ts';
import { describeArrivalFolder, type ArrivalWorld } from '../contract/arrival-folder.ts';
import { connectionsTo } from './sftp/connections-to.ts';
import { startSftpServer, type TestSftpServer } from './sftp/sftp-server.ts';

let root = '';
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'rowmill-folders-')));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const PLACE = { done: 'good', failed: 'bad' };

async function openLocal(): Promise<ArrivalWorld> {
  const path = await mkdtemp(join(root, 'local-'));
  return {
    path,
    open: (triggerId) => new LocalArrivalFolder({ ...PLACE, folder: path, triggerId }),
    reads: () => 0,
    close: async () => undefined,
  };
}

/** Each who opens it has a connection of its own, as servers have. */
async function openSftp(server: TestSftpServer): Promise<ArrivalWorld> {
  const path = await mkdtemp(join(server.folder, 'in-'));
  const folder = path.slice(server.folder.length + 1);
  const all: SftpConnections[] = [];
  return {
    path,
    open(triggerId) {
      const connections = connectionsTo(server);
      all.push(connections);
      const place = { ...PLACE, folder, triggerId, copies: join(root, 'copies') };
      return new SftpArrivalFolder(place, (work) => connections.use('acme', 'partner', work));
    },
    reads: () => server.requests.filter((name) => name === 'READ').length,
    async close() {
      for (const each of all) await each.close();
    },
  };
}

describeArrivalFolder('a folder of this machine', openLocal);

describe.each([
  ['an SFTP server', true],
  ['an SFTP server that cannot replace', false],
])('%s', (name, hasPosixRename) => {
  let server: TestSftpServer;
  beforeAll(async () => {
    server = await startSftpServer({ hasPosixRename });
  });
  afterAll(() => server.close());
  describeArrivalFolder(name, () => openSftp(server));
});

describe('a server that says that a file is smaller than it is', () => {
  it('is read no further than is allowed', async () => {
    const server = await startSftpServer();
    const world = await openSftp(server);
    const folder = world.open('sch_a');
    await writeFile(join(world.path, 'a.csv'), Buffer.alloc(8 * 1024 * 1024));
    await folder.claim('a.csv', 'fir_1');
    server.claimSizes(4);
    await expect(folder.fetch('fir_1', 100_000)).rejects.toMatchObject({ code: 'input_too_large' });
    expect(world.reads()).toBeLessThan(100);
    await world.close();
    await server.close();
  });
});

describe('a server that lists without end', () => {
  it.each([100, 1, 0])('is looked at for so long, with %i files at once', async (files) => {
    const server = await startSftpServer();
    const world = await openSftp(server);
    const folder = world.open('sch_a');
    server.listEndlessly(files);
    const listed = await folder.files();
    expect(listed.files).toHaveLength(files === 0 ? 0 : 10_000);
    const limit = files === 0 ? '100 answers without a name' : '10000 entries';
    expect(listed.leftOut).toMatch(
      new RegExp(
        `^the folder in-\\S+: it has more than .+ \\d+ entries were seen, and ${limit} are`,
      ),
    );
    expect(server.requests.filter((name) => name === 'READDIR').length).toBeLessThan(10_200);
    // Those that are files are no claims.
    await mkdir(join(world.path, '.rowmill', 'sch_a'), { recursive: true });
    expect(await folder.claims()).toEqual([]);
    await expect(folder.claims({ isWhole: true })).rejects.toMatchObject({
      code: 'input_too_large',
      message: expect.stringContaining('.rowmill/sch_a: it has more than can be listed') as string,
    });
    await world.close();
    await server.close();
  });
});

describe('a connection that is lost', () => {
  const rename = 'EXTENDED';
  it.each([
    ['while it is claimed', 'claim', rename, 'before'],
    ['once it is claimed', 'claim', rename, 'after'],
    ['while its folder is made', 'claim', 'MKDIR', 'after'],
    ['while it is read', 'fetch', 'READ', 'after'],
    ['while it is put away', 'putAway', 'RENAME', 'before'],
    ['once it is put away', 'putAway', 'RENAME', 'after'],
    ['while its claim is removed', 'putAway', 'RMDIR', 'after'],
  ] as const)('%s loses nothing, and nothing is there twice', async (_, step, request, when) => {
    const server = await startSftpServer();
    const world = await openSftp(server);
    await writeFile(join(world.path, 'a.csv'), 'n\n1\n');
    const folder = world.open('sch_a');
    const steps = {
      claim: () => folder.claim('a.csv', 'fir_1'),
      fetch: async () => (await folder.fetch('fir_1')).dispose(),
      putAway: () => folder.putAway('fir_1', 'done'),
    };
    if (step !== 'claim') await steps.claim();
    server.cutAt(request, when);
    await expect(steps[step]()).rejects.toMatchObject({ code: 'sftp_unreachable' });
    // Whoever looks next goes on, by what lies there.
    const [claim] = await folder.claims();
    if (claim?.file === undefined && step === 'claim') {
      if (claim !== undefined) await folder.putAway('fir_1', 'back');
      expect((await folder.files()).files.map((file) => file.name)).toEqual(['a.csv']);
      expect(await steps.claim()).toBe(true);
    }
    expect((await folder.files()).files).toEqual([]);
    if (step === 'fetch') await steps.fetch();
    await steps.putAway();
    expect(await readdir(join(world.path, 'good'))).toEqual(['a.csv']);
    expect(await readdir(world.path)).toEqual(['good']);
    await world.close();
    await server.close();
  });
});
