import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FileArrivals, type Arrival } from '../../src/engine/automation/file-arrivals.ts';
import { readTrigger } from '../../src/engine/automation/read-trigger.ts';
import { StrayClaims } from '../../src/engine/automation/stray-claims.ts';
import type { SftpConnections } from '../../src/engine/hosting/sftp-connections.ts';
import type { ArrivalFolder, ArrivalFolders } from '../../src/engine/ports/arrival-folder.ts';
import type { StoredTrigger } from '../../src/engine/ports/trigger-store.ts';
import { FileRoots } from '../../src/files/local/file-roots.ts';
import { LocalArrivalFolder } from '../../src/files/local/local-arrival-folder.ts';
import { LocalArrivalFolders } from '../../src/files/local/local-arrival-folders.ts';
import { SftpArrivalFolders } from '../../src/files/sftp/sftp-arrival-folders.ts';
import { SqlFiringStore } from '../../src/stores/sql/sql-firing-store.ts';
import { openAutomationWorld } from '../contract/automation-world.ts';
import { addFileTrigger, storedTrigger } from '../contract/file-trigger.ts';
import { TestClock } from '../engine/automation/test-clock.ts';
import { connectionsTo } from './sftp/connections-to.ts';
import { startSftpServer, type TestSftpServer } from './sftp/sftp-server.ts';

const WENT_AWAY = 'the server went away';

let root = '';
let server: TestSftpServer;
let connections: SftpConnections;
beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'rowmill-moved-')));
  server = await startSftpServer({ hasPosixRename: true });
  connections = connectionsTo(server);
});
afterAll(async () => {
  await connections.close();
  await server.close();
  await rm(root, { recursive: true, force: true });
});

describe.each(['a folder of this machine', 'an SFTP server'] as const)('%s', (where) => {
  let world: Awaited<ReturnType<typeof openAutomationWorld>>;
  let path = '';
  let folders: ArrivalFolders;
  let definition: (name: string) => StoredTrigger['definition'];
  let trigger: StoredTrigger;
  beforeEach(async () => {
    world = await openAutomationWorld(undefined);
    const isHere = where === 'a folder of this machine';
    path = await mkdtemp(join(isHere ? root : server.folder, 'in-'));
    for (const name of ['old', 'new']) await mkdir(join(path, name));
    const local = new LocalArrivalFolders(new FileRoots([root]), 'here');
    const sftp = new SftpArrivalFolders(connections, join(root, 'copies'));
    folders = isHere ? local : sftp;
    definition = (name) =>
      readTrigger({
        kind: 'file',
        folder: isHere ? join(path, name) : `${path.slice(server.folder.length + 1)}/${name}`,
        ...(isHere ? {} : { sftp: 'partner' }),
        stable_seconds: 0,
      });
    trigger = await addFileTrigger(world.triggers, 'sch_a', definition('old'));
    await writeFile(join(path, 'old', 'a.csv'), 'n\n1\n');
  });
  afterEach(() => world.close());

  const stored = () => storedTrigger(world.triggers, 'sch_a');

  let ids = 0;
  const told: string[] = [];
  const ports = (of: ArrivalFolders) => ({
    triggers: world.triggers,
    firings: world.firings('a'),
    claims: world.claims,
    folders: of,
    place: 'here',
    clock: new TestClock(0),
    makeId: (prefix: string) => `${prefix}_${(ids += 1)}`,
    makeStop: () => new AbortController(),
    isArchived: async () => false,
    onArrival: ({ firingId }: Arrival) => void told.push(firingId),
    onWaiting: () => undefined,
    onError: (error: unknown) => {
      throw error;
    },
  });

  /** One server that looks, and what happens just before its claim, and just after it. */
  const lookWhile = async (before: () => Promise<void>, after = async () => undefined) => {
    const open: ArrivalFolders['open'] = async (which) => {
      const folder = await folders.open(which);
      if (folder === undefined) throw new Error('it watches no folder');
      const claim: ArrivalFolder['claim'] = async (name, claimId) => {
        await before();
        const claimed = await folder.claim(name, claimId);
        await after();
        return claimed;
      };
      return new Proxy(folder, {
        get: (target, name) => {
          if (name === 'claim') return claim;
          const found: unknown = Reflect.get(target, name);
          return typeof found === 'function' ? found.bind(target) : found;
        },
      });
    };
    const looking = { open, placeOf: folders.placeOf.bind(folders) };
    await new FileArrivals(ports(looking)).look(trigger);
  };
  /** As the API lets go of what it has claimed. */
  const letGo = async (): Promise<void> => {
    await world.triggers.update('sch_a', { isPaused: true });
    expect(await new FileArrivals(ports(folders)).release(trigger)).toBeUndefined();
  };
  const move = async (): Promise<void> => {
    await letGo();
    await world.triggers.update('sch_a', { definition: definition('new'), isPaused: false });
  };
  const remove = async (): Promise<void> => {
    await letGo();
    await world.triggers.delete('sch_a');
  };
  const goAway = () => Promise.reject(new Error(WENT_AWAY));
  const lying = async (name: string): Promise<readonly string[]> =>
    (await readdir(join(path, name), { recursive: true })).filter((each) => each.endsWith('.csv'));
  const sweepLater = async (): Promise<void> => {
    await world.database.db.updateTable('arrival_claims').set({ created_at: 1 }).execute();
    await new StrayClaims(ports(folders)).sweep();
  };

  it.each([
    ['removed', remove],
    ['moved', move],
  ])('is %s in the moment of a claim: the file goes back', async (_, change) => {
    await lookWhile(change);
    expect(await lying('old')).toEqual(['a.csv']);
    expect(await world.firings('a').page('sch_a', { limit: 10 })).toEqual([]);
  });

  it.each([
    ['removed', remove],
    ['moved', move],
  ])('is %s then, and who claimed it goes away: another puts it back', async (_, change) => {
    await expect(lookWhile(change, goAway)).rejects.toThrow(WENT_AWAY);
    expect(await lying('old')).not.toEqual(['a.csv']);
    await sweepLater();
    expect(await lying('old')).toEqual(['a.csv']);
    expect(await world.claims.get(`fir_${ids}`)).toBeUndefined();
  });

  it('is watched as before: the claim is left to who looks there', async () => {
    await expect(lookWhile(async () => undefined, goAway)).rejects.toThrow(WENT_AWAY);
    await world.triggers.update('sch_a', { overlap: 'allow' });
    await sweepLater();
    expect(await lying('old')).not.toEqual(['a.csv']);
    await new FileArrivals(ports(folders)).look(await stored());
    expect(await world.firings('a').page('sch_a', { limit: 10 })).toHaveLength(1);
  });

  it('is watched by two servers that take up one claim: its arrival is told once', async () => {
    told.length = 0;
    await lookWhile(
      async () => undefined,
      async () => {
        // Its clock is not the same.
        const later = { ...ports(folders), clock: new TestClock(5) };
        await new FileArrivals(later).look(await stored());
      },
    );
    const fired = await world.firings('a').page('sch_a', { limit: 10 });
    expect(fired).toMatchObject([{ dueMs: 5 }]);
    expect(told).toEqual(fired.map(({ id }) => id));
  });

  it('is paused between claim and firing: nothing begins before it is resumed', async () => {
    await lookWhile(
      async () => undefined,
      async () => {
        await world.triggers.update('sch_a', { isPaused: true });
      },
    );
    const look = async () => {
      await new FileArrivals(ports(folders)).look(await stored());
      return (await world.firings('a').page('sch_a', { limit: 10 })).length;
    };
    expect(await look()).toBe(0);
    await world.triggers.update('sch_a', { isPaused: false });
    expect(await look()).toBe(1);
  });
});

describe('a folder of one name on the disks of two servers', () => {
  it('has its files seen to where they lie, and no run loses its own', async () => {
    const world = await openAutomationWorld(undefined);
    const definition = readTrigger({ kind: 'file', folder: '/in', stable_seconds: 0 });
    await addFileTrigger(world.triggers, 'sch_a', definition);
    const trigger = () => storedTrigger(world.triggers, 'sch_a');
    let made = 0;
    const serverAt = async (place: string) => {
      const disk = await mkdtemp(join(root, `${place}-`));
      const folders: ArrivalFolders = {
        async open(watched) {
          const at = { folder: disk, triggerId: watched.id, done: 'done', failed: 'failed' };
          return new LocalArrivalFolder(at);
        },
        placeOf: () => place,
      };
      const firings = new SqlFiringStore(world.database, { holder: place, place });
      const arrivals = new FileArrivals({
        triggers: world.triggers,
        firings,
        claims: world.claims,
        folders,
        clock: new TestClock(0),
        makeId: (prefix) => `${prefix}_${(made += 1)}`,
        makeStop: () => new AbortController(),
        isArchived: async () => false,
        onArrival: ({ firingId }) => void world.claims.note(firingId, 'told'),
        onWaiting: () => undefined,
        onError: (error) => {
          throw error;
        },
      });
      return { disk, arrivals, firings };
    };
    const [here, there] = [await serverAt('here'), await serverAt('there')];
    try {
      await writeFile(join(there.disk, 'a.csv'), 'n\n1\n');
      await there.arrivals.look(await trigger());
      await here.arrivals.look(await trigger());
      expect(await world.claims.lying('sch_a')).toHaveLength(1);
      await expect(here.arrivals.release(await trigger())).rejects.toThrow(
        'on the disk of another server, there, which is not done with it',
      );
      const [firing] = await there.firings.claim(1);
      if (firing === undefined) throw new Error('nothing was claimed');
      await there.firings.settle(firing, { verdict: 'fired', runId: 'run_a' });
      expect(await here.arrivals.release(await trigger())).toBe(
        'run_a is at work with a.csv: wait, or stop it first',
      );
      expect(await there.arrivals.release(await trigger())).toBe(
        'run_a is at work with a.csv: wait, or stop it first',
      );
      const end = { endedAtMs: 1, outcome: 'success', rearm: undefined, followers: [] } as const;
      await there.firings.close(firing, end);
      await expect(here.arrivals.release(await trigger())).rejects.toThrow('is not done with it');
      await there.arrivals.look(await trigger());
      expect(await here.arrivals.release(await trigger())).toBeUndefined();
      expect(await readdir(join(there.disk, 'done'))).toEqual(['a.csv']);
      expect(await world.claims.lying('sch_a')).toEqual([]);
    } finally {
      await world.close();
    }
  });
});
