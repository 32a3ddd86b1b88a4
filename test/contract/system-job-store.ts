import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SystemClaim, SystemJobStore } from '../../src/engine/ports/system-job-store.ts';

export interface SystemJobWorld {
  /** The store as a server of this name has it. */
  readonly server: (name: string) => SystemJobStore & { releaseAll(): Promise<void> };
  /** The servers at work go away without a word. */
  expireClaims(): Promise<void>;
  close(): Promise<void>;
}

const KEY = { job: 'purge', place: '' };
const ENDED = { status: 'success', counts: {}, message: undefined, skipped: 0 } as const;

/** What every store of jobs of the system promises. */
export function describeSystemJobStore(name: string, open: () => Promise<SystemJobWorld>): void {
  describe(`jobs of the system in ${name}`, () => {
    let world: SystemJobWorld;
    let store: ReturnType<SystemJobWorld['server']>;
    beforeEach(async () => {
      world = await open();
      store = world.server('one');
    });
    afterEach(() => world.close());

    const arm = (more: Partial<Parameters<SystemJobStore['arm']>[1]> = {}) =>
      store.arm(KEY, { plan: 'every 5 s', nextDueMs: 1_000, isDueAtStart: false, ...more });
    const begin = (executionId: string, due?: { dueMs: number; nextDueMs: number }, by = store) =>
      by.begin(KEY, { executionId, due, startedAtMs: 1_001 });
    const begun = async (...words: Parameters<typeof begin>): Promise<SystemClaim> => {
      const claim = await begin(...words);
      if (claim === undefined) throw new Error('it was not begun');
      return claim;
    };

    it('are due as their plan says, anew where that is another, or at each start', async () => {
      await arm();
      await arm({ nextDueMs: 2_000 });
      expect(await store.state(KEY)).toEqual({ nextDueMs: 1_000, isExecuting: false });
      await arm({ plan: 'every 7 s', nextDueMs: 3_000 });
      expect((await store.state(KEY)).nextDueMs).toBe(3_000);
      await arm({ plan: 'every 7 s', nextDueMs: 500, isDueAtStart: true });
      expect((await store.state(KEY)).nextDueMs).toBe(500);
      await arm({ plan: 'on call', nextDueMs: undefined });
      expect((await store.state(KEY)).nextDueMs).toBeUndefined();
    });

    it('begin once for a due time, whichever server comes', async () => {
      await arm();
      const due = { dueMs: 1_000, nextDueMs: 2_000 };
      const servers = ['one', 'two', 'three', 'four'].map((server) => world.server(server));
      const claims = await Promise.all(
        servers.map((server, index) => begin(`sys_${index}`, due, server)),
      );
      const won = claims.findIndex((claim) => claim !== undefined);
      expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
      expect(await store.page('purge', { limit: 9 })).toMatchObject([
        { id: `sys_${won}`, status: 'executing', trigger: 'plan', dueMs: 1_000 },
      ]);
      expect(await store.state(KEY)).toEqual({ nextDueMs: 2_000, isExecuting: true });
    });

    it('begin no second time while they are at work, by plan or by call', async () => {
      await arm();
      const claim = await begun('sys_a', { dueMs: 1_000, nextDueMs: 2_000 });
      const other = world.server('two');
      expect(await begin('sys_b', undefined, other)).toBeUndefined();
      expect(await begin('sys_c', { dueMs: 2_000, nextDueMs: 3_000 }, other)).toBeUndefined();
      const end = { ...ENDED, counts: { removed: 2 }, skipped: 1 };
      expect(await store.finish(claim, { ...end, finishedAtMs: 2_500, nextDueMs: 3_000 })).toBe(
        true,
      );
      expect(await store.state(KEY)).toEqual({ nextDueMs: 3_000, isExecuting: false });
      expect(await store.get('sys_a')).toEqual({
        ...KEY,
        ...end,
        id: 'sys_a',
        server: 'one',
        trigger: 'plan',
        dueMs: 1_000,
        startedAtMs: 1_001,
        finishedAtMs: 2_500,
      });
      expect(await begin('sys_d', undefined, other)).toBeDefined();
      // A call changes nothing of the plan.
      expect((await store.state(KEY)).nextDueMs).toBe(3_000);
    });

    it('are taken over from a server that has gone, which is not heard any more', async () => {
      await arm();
      const claim = await begun('sys_a');
      expect(await store.renew(claim)).toBe(true);
      await world.expireClaims();
      const taken = await begun('sys_b', undefined, world.server('two'));
      expect(await store.renew(claim)).toBe(false);
      const end = { ...ENDED, finishedAtMs: 2_000, nextDueMs: undefined };
      expect(await store.finish(claim, end)).toBe(false);
      expect(await store.get('sys_a')).toMatchObject({
        status: 'interrupted',
        message: 'its server has gone',
        finishedAtMs: undefined,
      });
      expect(await world.server('two').finish(taken, end)).toBe(true);
    });

    it('are over at the next start of their server, and may begin at once', async () => {
      await arm();
      await begun('sys_a');
      await world.server('two').releaseAll();
      expect((await store.state(KEY)).isExecuting).toBe(true);
      await store.releaseAll();
      expect((await store.state(KEY)).isExecuting).toBe(false);
      expect(await store.get('sys_a')).toMatchObject({ status: 'interrupted' });
      expect(await begin('sys_b')).toBeDefined();
    });

    it('come in pages, the last first, and the last of each is told', async () => {
      await arm();
      await store.arm(
        { job: 'other', place: 'here' },
        { plan: 'x', nextDueMs: 1, isDueAtStart: false },
      );
      for (const [index, id] of ['sys_a', 'sys_b', 'sys_c'].entries()) {
        const startedAtMs = 1_000 + (index === 2 ? 1 : index);
        const claim = await store.begin(KEY, { executionId: id, due: undefined, startedAtMs });
        if (claim === undefined) throw new Error('it was not begun');
        await store.finish(claim, { ...ENDED, finishedAtMs: 2_000, nextDueMs: undefined });
      }
      const [first, second] = await store.page('purge', { limit: 2 });
      expect([first?.id, second?.id]).toEqual(['sys_c', 'sys_b']);
      const after = { startedAtMs: second?.startedAtMs ?? 0, id: second?.id ?? '' };
      expect((await store.page('purge', { limit: 2, after })).map(({ id }) => id)).toEqual([
        'sys_a',
      ]);
      expect((await store.latest()).map(({ id }) => id)).toEqual(['sys_c']);
    });

    it('are forgotten in time: what did nothing sooner, and never the last', async () => {
      await arm();
      const times = [
        ['old', 1_000, { removed: 1 }],
        ['idle', 5_000, { removed: 0 }],
        ['busy', 5_000, { removed: 1 }],
        ['last', 5_000, {}],
      ] as const;
      for (const [id, startedAtMs, counts] of times) {
        const claim = await store.begin(KEY, { executionId: id, due: undefined, startedAtMs });
        if (claim === undefined) throw new Error('it was not begun');
        await store.finish(claim, { ...ENDED, counts, finishedAtMs: 6_000, nextDueMs: undefined });
      }
      expect(await store.prune({ allMs: 2_000, idleMs: 6_000 })).toBe(2);
      const left = await store.page('purge', { limit: 9 });
      expect(left.map(({ id }) => id).toSorted()).toEqual(['busy', 'last']);
    });
  });
}
