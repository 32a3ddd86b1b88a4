import { describe, expect, it } from 'vitest';
import { FileArrivals } from '../../../src/engine/automation/file-arrivals.ts';
import { readTrigger } from '../../../src/engine/automation/read-trigger.ts';
import type { ArrivalFolder, FoundFile } from '../../../src/engine/ports/arrival-folder.ts';
import type { Firing } from '../../../src/engine/ports/firing-store.ts';
import type { StoredTrigger } from '../../../src/engine/ports/trigger-store.ts';
import { TestClock } from './test-clock.ts';

const DAY_SECONDS = 24 * 60 * 60;
const NOT_DECIDED = {
  runId: undefined,
  createdAtMs: 0,
  decidedAtMs: undefined,
  endedAtMs: undefined,
  outcome: undefined,
} as const;

const NOTHING: string | undefined = undefined;

/** A folder of a server elsewhere with one file, and who looks for it. */
function openWorld({ poll, glob = '*' }: { readonly poll: number; readonly glob?: string }) {
  const given = { kind: 'file', folder: 'in', sftp: 'partner', glob, stable_seconds: 0 };
  const trigger: StoredTrigger = {
    id: 'sch_a',
    jobId: 'job_a',
    accountId: 'acme',
    definition: readTrigger({ ...given, poll_seconds: poll }),
    missed: 'once',
    missedWindowMs: 0,
    overlap: 'skip',
    isPaused: false,
    nextDueMs: undefined,
    revision: 1,
  };
  const file: FoundFile = { name: 'a.csv', bytes: 4, modifiedMs: 0 };
  const found = new Map([[file.name, file]]);
  const claims = new Map<string, FoundFile>();
  const away: string[] = [];
  const world = {
    isArchived: false,
    looks: 0,
    leftOut: NOTHING,
    unreadable: new Array<string>(),
    /** A look waits for this. */
    gate: Promise.resolve(),
  };
  const folder: ArrivalFolder = {
    files: async () => ({
      files: [...found.values()],
      unreadable: world.unreadable,
      leftOut: world.leftOut,
    }),
    async claims({ isWhole } = { isWhole: false }) {
      if (isWhole && world.leftOut !== undefined) throw new Error(world.leftOut);
      world.looks += 1;
      const lying = [...claims].map(([claimId, file]) => ({ claimId, file }));
      await world.gate;
      return lying;
    },
    async claim(name, claimId) {
      claims.set(claimId, file);
      return found.delete(name);
    },
    async claimAgain(claimId, newId) {
      claims.set(newId, file);
      return claims.delete(claimId);
    },
    async putAway(claimId, where) {
      if (claims.delete(claimId)) away.push(where);
    },
    removeEmpty: async () => undefined,
    fetch: async () => ({ path: '/x', name: 'a.csv', dispose: async () => undefined }),
    close: async () => undefined,
  };
  const firings = new Map<string, Firing>();
  const told: string[] = [];
  const errors: unknown[] = [];
  const clock = new TestClock(0);
  let ids = 0;
  const arrivals = new FileArrivals({
    triggers: { get: async () => trigger, listeningAnywhere: async () => [trigger] },
    firings: {
      get: async (id) => firings.get(id),
      getAll: async (ids) => [...firings.values()].filter(({ id }) => ids.includes(id)),
    },
    claims: {
      add: async () => true,
      async fire(firing) {
        firings.set(firing.id, { ...firing, ...NOT_DECIDED });
        return 'kept';
      },
      get: async () => undefined,
      remove: async () => undefined,
      lying: async () => [],
      note: async () => undefined,
    },
    folders: { open: async () => folder, placeOf: () => undefined },
    clock,
    makeId: (prefix) => `${prefix}_${(ids += 1)}`,
    makeStop: () => new AbortController(),
    isArchived: async () => world.isArchived,
    onArrival: ({ firingId }) => void told.push(firingId),
    onWaiting: () => undefined,
    onError: (error) => void errors.push(error),
  });
  return {
    world,
    found,
    trigger,
    arrivals,
    clock,
    firings,
    told,
    errors,
    away,
    /** What becomes of the firing that was added last. */
    decide: (what: Partial<Firing>): void => {
      const last = [...firings.values()].at(-1);
      if (last === undefined) throw new Error('there is no firing');
      firings.set(last.id, { ...last, ...what });
    },
  };
}

describe('a file whose job cannot be run now', () => {
  it('is told once, and claimed again with each look', async () => {
    const { arrivals, trigger, firings, told, decide } = openWorld({ poll: 1 });
    for (let looks = 0; looks < 4; looks += 1) {
      await arrivals.look(trigger);
      decide({ verdict: looks % 2 === 0 ? 'skipped_overlap' : 'too_many' });
    }
    expect([...firings.keys()]).toHaveLength(4);
    expect(told).toEqual([[...firings.keys()][0]]);
  });

  it('waits with its claim while the job is archived', async () => {
    const { arrivals, trigger, firings, told, decide, world } = openWorld({ poll: 1 });
    world.isArchived = true;
    await arrivals.look(trigger);
    decide({ verdict: 'skipped_archived' });
    for (let looks = 0; looks < 3; looks += 1) await arrivals.look(trigger);
    expect(firings.size).toBe(1);
    world.isArchived = false;
    await arrivals.look(trigger);
    expect(firings.size).toBe(2);
    expect(told).toHaveLength(1);
  });
});

describe('a folder with more than can be listed', () => {
  it('is told once, as long as it is so', async () => {
    const { arrivals, trigger, world, errors } = openWorld({ poll: 1 });
    const looked = async (leftOut: string | undefined): Promise<number> => {
      world.leftOut = leftOut;
      await arrivals.look(trigger);
      return errors.length;
    };
    expect([await looked('10100 entries'), await looked('10200 entries')]).toEqual([1, 1]);
    expect([await looked(undefined), await looked('10100 entries')]).toEqual([1, 2]);
    expect(String(errors[0])).toContain('10100 entries');
  });

  it('keeps its claims where they cannot all be let go of', async () => {
    const { arrivals, trigger, world, away, decide } = openWorld({ poll: 1 });
    await arrivals.look(trigger);
    decide({ verdict: 'skipped_archived' });
    world.leftOut = '10100 entries';
    await expect(arrivals.release(trigger)).rejects.toThrow('10100 entries');
    expect(away).toEqual([]);
    world.leftOut = undefined;
    expect(await arrivals.release(trigger)).toBeUndefined();
    expect(away).toEqual(['back']);
  });
});

describe('a file whose name is no UTF-8', () => {
  it('is told once, also of a folder that has more, and keeps no other waiting', async () => {
    const { arrivals, trigger, world, away, errors, firings, clock } = openWorld({ poll: 1 });
    world.leftOut = '10100 entries';
    for (const unreadable of [[], ['caf\uFFFD.csv', 'caf\uFFFD.txt'], ['caf\uFFFD.txt']]) {
      world.unreadable = unreadable;
      await arrivals.look(trigger);
      await clock.pass(1_000);
    }
    expect(errors).toMatchObject([
      { code: 'input_too_large' },
      {
        code: 'input_unreadable',
        message: expect.stringContaining('"caf\uFFFD.csv" is no UTF-8: the file stays') as string,
      },
    ]);
    expect([away, firings.size]).toEqual([[], 1]);
  });

  it('is told nothing of where the pattern does not mean it', async () => {
    const { arrivals, trigger, world, errors } = openWorld({ poll: 1, glob: '*.csv' });
    world.unreadable = ['caf\uFFFD.txt'];
    await arrivals.look(trigger);
    expect(errors).toEqual([]);
    world.unreadable = ['caf\uFFFD.txt', 'caf\uFFFD.csv'];
    await arrivals.look(trigger);
    expect(errors.map(String)).toEqual([expect.stringContaining('"caf\uFFFD.csv" is no UTF-8')]);
  });
});

describe('a run that ends', () => {
  it('has the folder of its file looked at before its time, and no other', async () => {
    const { arrivals, trigger, clock, world, away, decide, errors } = openWorld({
      poll: DAY_SECONDS,
    });
    await arrivals.sweep();
    await clock.pass(1_000);
    const { looks } = world;
    decide({ verdict: 'fired', endedAtMs: 1, outcome: 'success' });
    arrivals.wake('sch_other');
    await arrivals.sweep();
    await clock.pass(1_000);
    expect([world.looks, away]).toEqual([looks, []]);
    arrivals.wake(trigger.id);
    await arrivals.sweep();
    await clock.pass(1_000);
    expect([world.looks, away, errors]).toEqual([looks + 1, ['done'], []]);
    await arrivals.close();
  });
});

describe('a run that ends while its folder elsewhere is looked at', () => {
  it('has its file put away with the next look, which does not wait for its time', async () => {
    const opened = openWorld({ poll: DAY_SECONDS });
    const { arrivals, trigger, clock, world, away, decide, errors } = opened;
    await arrivals.sweep();
    await clock.pass(1_000);
    expect(opened.told).toHaveLength(1);
    let answer = (): void => undefined;
    world.gate = new Promise((resolve) => {
      answer = resolve;
    });
    // The look that another end brings about: it does not see this one.
    arrivals.wake(trigger.id);
    await arrivals.sweep();
    await clock.pass(1_000);
    const looks = world.looks;
    arrivals.wake(trigger.id);
    await arrivals.sweep();
    answer();
    await clock.pass(1_000);
    expect([world.looks, away]).toEqual([looks, []]);
    decide({ verdict: 'fired', endedAtMs: 1, outcome: 'success' });
    await arrivals.sweep();
    await clock.pass(1_000);
    expect(away).toEqual(['done']);
    await arrivals.sweep();
    await clock.pass(1_000);
    expect(world.looks).toBe(looks + 1);
    expect(errors).toEqual([]);
    await arrivals.close();
  });
});
