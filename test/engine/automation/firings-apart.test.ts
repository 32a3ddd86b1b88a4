import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newFiring } from '../../../src/engine/automation/new-firing.ts';
import { Scheduler } from '../../../src/engine/automation/scheduler.ts';
import { RowmillError } from '../../../src/engine/errors.ts';
import type { Firing } from '../../../src/engine/ports/firing-store.ts';
import { openSchedulers } from './automation-world.ts';
import { TestClock } from './test-clock.ts';

const SECOND = 1_000;
let world: Awaited<ReturnType<typeof openSchedulers>>;
let clock: TestClock;
/** Starts of firings whose file lies elsewhere, as long as they last. */
let fetching: { readonly id: string; readonly end: (error?: Error) => void }[];

beforeEach(async () => {
  world = await openSchedulers(undefined);
  clock = new TestClock(world.now());
  fetching = [];
});
afterEach(async () => {
  await world.close();
  expect(world.errors).toEqual([]);
});

function schedulerOf(server: string): Scheduler {
  const ports = world.portsOf(server);
  const start = async (firing: Firing) => {
    if (firing.item !== '') {
      await new Promise<void>((resolve, reject) => {
        const end = (error?: Error): void => (error === undefined ? resolve() : reject(error));
        fetching.push({ id: firing.id, end });
      });
    }
    return ports.jobs.start(firing);
  };
  return new Scheduler({ ...ports, clock, jobs: { start } });
}

/** A file on a server elsewhere that was claimed. */
async function arrived(jobId: string): Promise<Firing> {
  const given = { kind: 'file', folder: 'in', sftp: 'partner' };
  const trigger = await world.trigger(given, { jobId, overlap: 'allow' });
  const { makeId } = world.portsOf('a');
  const id = makeId('fir');
  await world.firings('a').add([newFiring(trigger, makeId, { id, item: id, dueMs: world.now() })]);
  const firing = await world.firings('a').get(id);
  if (firing === undefined) throw new Error(`${id} is not there`);
  return firing;
}

/** Waits for a state. Bounded: 1,000 turns. */
async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let turns = 0; turns < 1_000 && !(await isSo()); turns += 1) await clock.breathe();
  expect(await isSo()).toBe(true);
}

const verdictOf = async ({ id }: Firing): Promise<string | undefined> =>
  (await world.firings('a').get(id))?.verdict;

describe('a firing whose file lies on a server elsewhere', () => {
  it('keeps no other firing waiting', async () => {
    const scheduler = schedulerOf('a');
    const slow = await arrived('job_slow');
    await scheduler.sweep();
    await until(() => fetching.length === 1);
    const minutely = { kind: 'interval', seconds: 1 };
    const other = await world.trigger(minutely, { nextDueMs: world.now() });
    await scheduler.sweep();
    expect(await world.told(other, world.now())).toEqual(['0 fired']);
    expect(await verdictOf(slow)).toBe('waiting');
    fetching[0]?.end();
    await until(async () => (await verdictOf(slow)) === 'fired');
    await scheduler.close();
  });

  it('is left to who has claimed it for as long as it is fetched', async () => {
    const [mine, theirs] = [schedulerOf('a'), schedulerOf('b')];
    const slow = await arrived('job_slow');
    await mine.sweep();
    await until(() => fetching.length === 1);
    const leaseMs = async (): Promise<number> => {
      const query = world.database.db.selectFrom('firings').select('lease_until');
      return (await query.where('id', '=', slow.id).executeTakeFirstOrThrow()).lease_until;
    };
    for (let renewals = 0; renewals < 3; renewals += 1) {
      await world.expireClaims();
      await clock.pass(10 * SECOND);
      await until(async () => (await leaseMs()) > 1);
      await theirs.sweep();
    }
    fetching[0]?.end();
    await until(async () => (await verdictOf(slow)) === 'fired');
    expect(fetching.map(({ id }) => id)).toEqual([slow.id]);
    await mine.close();
    await theirs.close();
  });

  it('is left to other servers where many of its job are fetched one after another', async () => {
    const [mine, theirs] = [schedulerOf('a'), schedulerOf('b')];
    const files: Firing[] = [];
    for (let count = 0; count < 20; count += 1) files.push(await arrived('job_slow'));
    await mine.sweep();
    await until(() => fetching.length === 1);
    await theirs.sweep();
    await until(() => fetching.length === 2);
    expect(fetching.map(({ id }) => id)).toEqual([files[0]?.id, files[16]?.id]);
    for (let ended = 0; ended < files.length; ended += 1) {
      await until(() => fetching.length > ended);
      fetching[ended]?.end();
    }
    await until(() => world.started.size === files.length);
    await mine.close();
    await theirs.close();
  });

  it('is tried again more and more rarely, five minutes apart at last', async () => {
    const scheduler = schedulerOf('a');
    const { id } = await arrived('job_slow');
    // While its job was at work it was claimed often: that was no try.
    for (let asked = 0; asked < 5; asked += 1) {
      const [claimed] = await world.firings('a').claim(1);
      if (claimed === undefined) throw new Error('nothing was claimed');
      if (asked > 3) await world.firings('a').putOff(claimed, 0);
      else await world.firings('a').postpone(claimed, 0);
    }
    const error = new RowmillError('sftp_unreachable', 'the password is wrong');
    const waits: number[] = [];
    for (let tries = 1; tries <= 7; tries += 1) {
      await world.expireWindows();
      const beforeMs = Date.now();
      await scheduler.sweep();
      await until(() => fetching.length === tries);
      fetching[tries - 1]?.end(error);
      await until(() => world.errors.length === tries);
      const holdMs = async (): Promise<number> => {
        const query = world.database.db.selectFrom('firings').select('hold_until');
        return (await query.where('id', '=', id).executeTakeFirstOrThrow()).hold_until;
      };
      await until(async () => (await holdMs()) > 1);
      // What the test itself takes is less than the shortest of them.
      waits.push(Math.floor(((await holdMs()) - beforeMs) / (10 * SECOND)));
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30]);
    expect(world.errors.splice(0)).toEqual(Array.from({ length: 7 }, () => error));
    await scheduler.close();
  });

  it('is left to another server by one that closes', async () => {
    const [mine, theirs] = [schedulerOf('a'), schedulerOf('b')];
    const [first, second] = [await arrived('job_one'), await arrived('job_one')];
    await mine.sweep();
    await until(() => fetching.length === 1);
    const closed = mine.close();
    fetching[0]?.end(new RowmillError('sftp_unreachable', 'the server closes'));
    await closed;
    expect(world.started.size).toBe(0);
    await theirs.sweep();
    for (const [at, firing] of [first, second].entries()) {
      await until(() => fetching.length === at + 2);
      fetching[at + 1]?.end();
      await until(async () => (await verdictOf(firing)) === 'fired');
    }
    await theirs.close();
  });
});
