import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newFiring } from '../../../src/engine/automation/new-firing.ts';
import { Scheduler } from '../../../src/engine/automation/scheduler.ts';
import { NOT_RUN, startPostgres } from '../../tasks/postgres-cluster.ts';
import { openSchedulers } from './automation-world.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

const SECOND = 1_000;
type World = Awaited<ReturnType<typeof openSchedulers>>;

/** Numbers that look random and are the same each time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * A scheduler that can be killed: from one call of the store on nothing it asks for is answered any more,
 * not even what is on its way, and it does nothing further.
 */
function mortal(
  world: World,
  server: string,
): { scheduler: Scheduler; dieAfter(calls: number): void } {
  let callsLeft = Number.POSITIVE_INFINITY;
  const never = new Promise<never>(() => undefined);
  const guarded = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return async (...words: readonly unknown[]) => {
          callsLeft -= 1;
          if (callsLeft < 0) return never;
          const answer: unknown = await Reflect.apply(method, target, words);
          return callsLeft < 0 ? never : answer;
        };
      },
    });
  const ports = world.portsOf(server);
  const scheduler = new Scheduler({
    ...ports,
    triggers: guarded(ports.triggers),
    firings: guarded(ports.firings),
    jobs: guarded(ports.jobs),
  });
  return {
    scheduler,
    dieAfter(calls) {
      callsLeft = calls;
    },
  };
}

const STORES = [
  ['SQLite', undefined, 1_000],
  ['PostgreSQL', postgres, 10_000],
] as const;

describe.each(STORES)('two schedulers on one %s', (name, server, wanted) => {
  if (name === 'PostgreSQL' && server === undefined) {
    it.skip(NOT_RUN, () => undefined);
    return;
  }
  let world: World;
  beforeEach(async () => {
    world = await openSchedulers(server);
  });
  afterEach(() => world.close());

  it(
    `fire each of ${wanted} due times once, whichever is killed`,
    { timeout: 300_000 },
    async () => {
      const random = randomFrom(7);
      const start = world.now();
      const periods = [1, 2, 3, 5, 7, 10, 1, 1, 2, 4];
      const triggers = [];
      for (const seconds of periods) {
        const nextDueMs = (Math.floor(start / (seconds * SECOND)) + 1) * seconds * SECOND;
        const day = 24 * 60 * 60 * SECOND;
        const more = { nextDueMs, overlap: 'allow', missed: 'all', missedWindowMs: day } as const;
        triggers.push({ seconds, ...(await world.trigger({ kind: 'interval', seconds }, more)) });
      }
      let servers = ['a', 'b'].map((each) => mortal(world, each));
      let kills = 0;
      for (let round = 0; world.started.size < wanted; round += 1) {
        world.pass(Math.ceil(random() * 60) * SECOND);
        const victim = servers[round % 2];
        const dies = round % 4 === 1;
        if (dies) victim?.dieAfter(Math.floor(random() * 120));
        const survivors = servers.filter((each) => !dies || each !== victim);
        if (dies) void victim?.scheduler.sweep();
        await Promise.all(survivors.map(({ scheduler }) => scheduler.sweep()));
        if (dies) {
          kills += 1;
          victim?.dieAfter(0);
          servers = servers.map((each) => (each === victim ? mortal(world, `c${kills}`) : each));
        }
        // Time passes for the claims too: also those of the living are lost now and then.
        if (round % 4 === 2) await world.expireClaims();
      }
      await world.expireClaims();
      for (const { scheduler } of servers) await scheduler.sweep();
      expect(world.errors).toEqual([]);
      expect(kills).toBeGreaterThan(wanted / 2_000);

      const rows = await world.database.db
        .selectFrom('firings')
        .select(['trigger_id', 'due_at', 'verdict', 'run_id'])
        .execute();
      expect(new Set(rows.map(({ verdict }) => verdict))).toEqual(new Set(['fired']));
      expect(new Set(rows.map((row) => row.run_id)).size).toBe(rows.length);
      const kept = await world.database.db.selectFrom('runs').select('id').execute();
      expect(kept.length).toBe(rows.length);
      expect(world.started.size).toBe(rows.length);
      for (const { id, seconds } of triggers) {
        const due = rows.filter((row) => row.trigger_id === id).map((row) => row.due_at);
        const first = (Math.floor(start / (seconds * SECOND)) + 1) * seconds * SECOND;
        const count = Math.floor((world.now() - first) / (seconds * SECOND)) + 1;
        const all = Array.from({ length: count }, (_, at) => first + at * seconds * SECOND);
        expect(due.sort((a, b) => a - b)).toEqual(all);
      }
    },
  );

  it('start one run for 1,000 equal events, and drop 999', { timeout: 120_000 }, async () => {
    const trigger = await world.trigger({ kind: 'event', object: 'appointment', event: 'create' });
    const payload = { id: 1, attributes: { 'first-name': 'Ada' } };
    const servers = ['a', 'b'].map((each) => new Scheduler(world.portsOf(each)));
    for (let batch = 0; batch < 20; batch += 1) {
      const told = Array.from({ length: 50 }, (_, at) =>
        world.tell(at % 2 === 0 ? 'a' : 'b', payload),
      );
      await Promise.all([...told, ...servers.map((scheduler) => scheduler.sweep())]);
    }
    await Promise.all(servers.map((scheduler) => scheduler.sweep()));
    const firings = await world.firings('a').page(trigger.id, { limit: 2_000 });
    const count = (word: string): number =>
      firings.filter(({ verdict }) => verdict === word).length;
    expect([firings.length, count('fired'), count('dropped_dup')]).toEqual([1_000, 1, 999]);
    expect(world.started.size).toBe(1);
    expect(world.errors).toEqual([]);
  });

  it('never run one job twice at a time', { timeout: 120_000 }, async () => {
    const trigger = await world.trigger({ kind: 'interval' }, { overlap: 'queue' });
    const { makeId } = world.portsOf('a');
    const firings = Array.from({ length: 60 }, (_, at) =>
      newFiring(trigger, makeId, { dueMs: at }),
    );
    await world.firings('a').add(firings);
    const servers = ['a', 'b', 'c'].map((each) => new Scheduler(world.portsOf(each)));
    for (let round = 1; round <= firings.length; round += 1) {
      await Promise.all(servers.map((scheduler) => scheduler.sweep()));
      expect(world.started.size).toBe(round);
      const [run] = [...world.started.keys()].slice(-1);
      await world.end(run ?? '');
    }
    expect([...world.started.values()].map(({ dueMs }) => dueMs)).toEqual(
      firings.map(({ dueMs }) => dueMs),
    );
  });
});
