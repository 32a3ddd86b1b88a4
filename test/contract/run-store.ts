import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostedRunStore, RunFilter } from '../../src/engine/ports/hosted-run-store.ts';
import type { RunBin } from '../../src/engine/ports/run-bin.ts';
import type { RunStore, StoredCheckpoint } from '../../src/engine/ports/run-store.ts';
import type { RunRecord } from '../../src/engine/run/run-record.ts';

/** A store of its own for each test. */
export interface RunStoreWorld<Store extends RunStore> {
  /** The store as another process (or server) sees it, over the same place. */
  store(process: string): Store;
  close(): Promise<void>;
}

/** One that many servers share. */
export interface HostedWorld extends RunStoreWorld<HostedRunStore> {
  /** The store as a server sees it that has other files. */
  elsewhere(process: string): HostedRunStore;
  /** Deleted runs as a server sees them. */
  bin(process: string): RunBin;
  /** Lets the claims of all servers end, as time would. */
  expireClaims(): Promise<void>;
  /** Lets an earlier process of a server go. */
  releaseAll(process: string): Promise<void>;
  /** How many rows all tables hold of a run. */
  rowsOf(runId: string): Promise<number>;
}

export const CHECKPOINT: StoredCheckpoint = {
  position: { byte: 9_000_000_000, number: 12, line: 14 },
  outputBytes: 5_000_000_000,
  errorsBytes: 77,
  succeeded: 10,
  failed: 1,
  causes: [
    { column: 'n', code: 'c', message: 'ü "x"\n\u2028', count: 1, firstRow: 3, exampleValue: '💥' },
  ],
  state: new Uint8Array(Array.from({ length: 256 }, (_, byte) => byte)),
  elapsedMs: 1234,
  tailSha256: 'tail',
  outputTailSha256: undefined,
};

export function recordOf(runId: string, parts: Partial<RunRecord> = {}): RunRecord {
  // A store keeps a record as it is and looks at a few fields of it.
  return { formatVersion: 1, runId, task: 'a/b', createdAtMs: 1, ...parts } as RunRecord;
}

/** What every store of runs promises. */
export function describeRunStore(name: string, open: () => Promise<RunStoreWorld<RunStore>>): void {
  describe(`runs in ${name}`, () => {
    let world: RunStoreWorld<RunStore>;
    let store: RunStore;
    beforeEach(async () => {
      world = await open();
      store = world.store('a');
    });
    afterEach(() => world.close());

    it('are pending and held when they are made, and held by one at a time', async () => {
      const held = await store.create(recordOf('run_a'));
      const stored = await store.get('run_a');
      expect(stored).toMatchObject({ isHeld: true, state: { status: 'pending' } });
      expect(held.checkpoint).toBeUndefined();
      for (const other of [world.store('b'), store]) {
        await expect(other.hold('run_a')).rejects.toMatchObject({ code: 'run_busy' });
        await expect(other.delete('run_a')).rejects.toMatchObject({ code: 'run_busy' });
      }
      await held.release();
      expect((await world.store('b').get('run_a')).isHeld).toBe(false);
      await (await world.store('b').hold('run_a')).release();
    });

    it('are held by exactly one of many who want to at once', async () => {
      await (await store.create(recordOf('run_a'))).release();
      const others = Array.from({ length: 8 }, (_, index) => world.store(`p${index}`));
      const claims = await Promise.allSettled(others.map((other) => other.hold('run_a')));
      const won = claims.filter(({ status }) => status === 'fulfilled');
      expect(won).toHaveLength(1);
      for (const claim of claims) if (claim.status === 'fulfilled') await claim.value.release();
    });

    it('give back a checkpoint as it was: state bytes, numbers beyond 4 GiB, any text', async () => {
      const held = await store.create(recordOf('run_a'));
      await held.setStatus('executing', {});
      await held.saveCheckpoint(CHECKPOINT);
      await held.saveCheckpoint({ ...CHECKPOINT, succeeded: 11 });
      await held.release();
      const again = await world.store('b').hold('run_a');
      expect(again.checkpoint).toEqual({ ...CHECKPOINT, succeeded: 11 });
      expect((await store.get('run_a')).state).toMatchObject({
        status: 'executing',
        succeeded: 11,
        failed: 1,
        causes: CHECKPOINT.causes,
        position: CHECKPOINT.position,
        outputBytes: CHECKPOINT.outputBytes,
      });
      await again.saveCheckpoint({ ...CHECKPOINT, state: undefined });
      await again.release();
      const third = await store.hold('run_a');
      expect(third.checkpoint?.state).toBeUndefined();
      await third.release();
    });

    it('change status and checkpoint in one commit, along the table, and no more behind their end', async () => {
      const held = await store.create(recordOf('run_a'));
      await expect(held.setStatus('success', {})).rejects.toMatchObject({
        code: 'transition_refused',
      });
      await held.setStatus('executing', {});
      await held.setStatus('partial', { message: 'm', checkpoint: CHECKPOINT });
      await expect(held.saveCheckpoint({ ...CHECKPOINT, succeeded: 99 })).rejects.toThrow(
        'has ended',
      );
      await held.release();
      const { state } = await store.get('run_a');
      expect(state).toMatchObject({ status: 'partial', message: 'm', succeeded: 10, failed: 1 });
      expect(state.startedAtMs).toBeLessThanOrEqual(state.finishedAtMs ?? 0);
    });

    it('hear what is asked of them once, the last word only, and who holds them next hears nothing', async () => {
      const held = await store.create(recordOf('run_a'));
      const heard: string[] = [];
      await held.setStatus('executing', {});
      await store.ask('run_a', 'stop');
      await store.ask('run_a', 'pause');
      expect((await store.get('run_a')).state.asked).toBe('pause');
      await held.setStatus('paused', {});
      await held.release();
      const next = await world.store('b').hold('run_a');
      next.onAsked((asked) => heard.push(asked));
      await next.setStatus('executing', {});
      expect((await store.get('run_a')).state.asked).toBeUndefined();
      expect(heard).toEqual([]);
      await next.release();
    });

    it('keep their hashes, long values and any text of their record', async () => {
      const long = '𝔘ñ"\\\n\t—'.repeat(20_000);
      const record = recordOf('run_a', { arguments: { long, deep: [{ null: null }] } });
      const held = await store.create(record);
      const hashes = { inputSha256: undefined, outputSha256: 'aa', hashedAtMs: 7 };
      await held.saveHashes(hashes);
      await held.release();
      expect((await store.get('run_a')).record).toEqual(record);
      expect((await store.get('run_a')).state.hashes).toEqual(hashes);
    });

    it('are listed with the newest first, and are gone when they were deleted', async () => {
      for (const [id, createdAtMs] of [
        ['run_a', 1],
        ['run_b', 3],
        ['run_c', 2],
      ] as const) {
        await (await store.create(recordOf(id, { createdAtMs }))).release();
      }
      const ids = async (): Promise<string[]> =>
        (await store.list()).map(({ record }) => record.runId);
      expect(await ids()).toEqual(['run_b', 'run_c', 'run_a']);
      expect((await store.records()).map(({ runId }) => runId)).toEqual(await ids());
      await store.delete('run_c');
      expect(await ids()).toEqual(['run_b', 'run_a']);
      // Each is begun when it is waited for: what nobody waits for yet must not fail.
      for (const ask of ['get', 'hold', 'delete'] as const) {
        await expect(store[ask]('run_c')).rejects.toMatchObject({ code: 'run_not_found' });
      }
    });

    it('are found by the first of their line, the oldest first', async () => {
      const line = (id: string, parentId: string, rootId = 'run_a'): Partial<RunRecord> => ({
        parent: { runId: parentId, rootId, kind: id === 'run_r' ? 'revert' : 'retry' },
        createdAtMs: { run_b: 2, run_c: 3, run_r: 4 }[id] ?? 5,
      });
      for (const [id, parts] of [
        ['run_a', {}],
        ['run_o', {}],
        ['run_b', line('run_b', 'run_a')],
        ['run_c', line('run_c', 'run_b')],
        ['run_r', line('run_r', 'run_a')],
        ['run_p', line('run_p', 'run_o', 'run_o')],
      ] as const) {
        await (await store.create(recordOf(id, parts))).release();
      }
      const ids = (await world.store('b').line('run_a')).map(({ runId }) => runId);
      expect(ids).toEqual(['run_b', 'run_c', 'run_r']);
      expect(await store.line('run_b')).toEqual([]);
      expect(await store.line('run_x')).toEqual([]);
    });

    it('are not deleted while others that came from them are there', async () => {
      await (await store.create(recordOf('run_a'))).release();
      for (const [id, parentId] of [
        ['run_b', 'run_a'],
        ['run_c', 'run_b'],
      ] as const) {
        const parent = { runId: parentId, rootId: 'run_a', kind: 'retry' } as const;
        await (await store.create(recordOf(id, { parent, createdAtMs: 2 }))).release();
      }
      for (const [id, child] of [
        ['run_a', 'run_b'],
        ['run_b', 'run_c'],
      ] as const) {
        await expect(world.store('b').delete(id)).rejects.toMatchObject({
          code: 'run_has_children',
          message: `run ${id} is needed by ${child}, which did its rows again or undid them: delete those first`,
        });
      }
      // What was refused has changed nothing.
      expect((await store.get('run_a')).isHeld).toBe(false);
      for (const id of ['run_c', 'run_b', 'run_a']) await store.delete(id);
      expect(await store.list()).toEqual([]);
    });
  });
}

/** What a store of a server promises beside that. */
export function describeHostedRunStore(name: string, open: () => Promise<HostedWorld>): void {
  describe(`runs of servers in ${name}`, () => {
    let world: HostedWorld;
    let store: HostedRunStore;
    beforeEach(async () => {
      world = await open();
      store = world.store('a');
    });
    afterEach(() => world.close());

    const make = async (runId: string, parts: Partial<RunRecord> = {}): Promise<void> => {
      await (await store.create(recordOf(runId, parts))).release();
    };
    const of = (accountId: string): Partial<RunRecord> => ({
      owner: { accountId, authAccountId: accountId },
    });
    const dueIds = async (from = store, perAccount = 10): Promise<string[]> =>
      (await from.due(perAccount)).map(({ runId }) => runId);

    it('are taken over when the claim has ended, and nothing counts that the old one writes', async () => {
      const old = await store.create(recordOf('run_a'));
      await old.setStatus('executing', {});
      await old.saveCheckpoint(CHECKPOINT);
      await expect(world.store('b').hold('run_a')).rejects.toMatchObject({ code: 'run_busy' });
      await world.expireClaims();
      const next = await world.store('b').hold('run_a');
      expect(next.checkpoint).toEqual(CHECKPOINT);
      const late = { ...CHECKPOINT, succeeded: 999 };
      await next.confirm();
      for (const write of [
        () => old.confirm(),
        () => old.saveCheckpoint(late),
        () => old.setStatus('success', { checkpoint: late, message: 'late' }),
        () => old.saveHashes({ inputSha256: 'x', outputSha256: 'x', hashedAtMs: 1 }),
      ]) {
        await expect(write()).rejects.toMatchObject({ code: 'run_busy' });
      }
      await old.release();
      // Its release let go of nothing.
      await expect(world.store('c').hold('run_a')).rejects.toMatchObject({ code: 'run_busy' });
      const { state } = await store.get('run_a');
      expect(state).toMatchObject({ status: 'executing', succeeded: 10, hashes: undefined });
      await next.saveCheckpoint({ ...CHECKPOINT, succeeded: 12 });
      await next.release();
      const third = await world.store('c').hold('run_a');
      expect(third.checkpoint).toMatchObject({ succeeded: 12 });
      await third.release();
    });

    it('are not taken from under their own process when it was too busy to renew its claim', async () => {
      const held = await store.create(recordOf('run_a'));
      await held.setStatus('executing', {});
      await world.expireClaims();
      await expect(store.hold('run_a')).rejects.toMatchObject({ code: 'run_busy' });
      await expect(store.delete('run_a')).rejects.toMatchObject({ code: 'run_busy' });
      expect((await store.get('run_a')).isHeld).toBe(true);
      expect(await dueIds()).toEqual([]);
      await held.saveCheckpoint(CHECKPOINT);
      await held.release();
    });

    it('are let go by a server at its start, its own and no others', async () => {
      for (const [id, process] of [
        ['run_a', 'a'],
        ['run_b', 'b'],
      ] as const) {
        const held = await world.store(process).create(recordOf(id));
        await held.setStatus('executing', {});
      }
      await world.releaseAll('a');
      expect(await dueIds(world.store('c'))).toEqual(['run_a']);
    });

    it('that were deleted are held by nobody, and go for good only while they are', async () => {
      await make('run_a');
      const bin = world.bin('a');
      await bin.discard(['run_a']);
      for (const process of ['a', 'b']) {
        const holding = world.store(process).hold('run_a');
        await expect(holding).rejects.toMatchObject({ code: 'run_not_found' });
      }
      expect(await bin.restore('run_a')).toEqual(['run_a']);
      // Who purges had looked a moment before.
      await expect(store.purge('run_a')).rejects.toMatchObject({ code: 'run_not_found' });
      expect(await store.get('run_a')).toMatchObject({ isHeld: false });
      await bin.discard(['run_a']);
      await store.purge('run_a');
      expect(await world.rowsOf('run_a')).toBe(0);
    });

    it('are deleted all or none', async () => {
      for (const id of ['run_a', 'run_b']) await make(id);
      const held = await world.store('b').hold('run_b');
      const bin = world.bin('a');
      const both = ['run_a', 'run_b'];
      await expect(bin.discard(both)).rejects.toMatchObject({ code: 'run_busy' });
      expect(await store.get('run_a')).toMatchObject({ isHeld: false });
      await held.release();
      await make('run_c', { parent: { runId: 'run_b', rootId: 'run_b', kind: 'retry' } });
      await expect(bin.discard(both)).rejects.toMatchObject({ code: 'run_has_children' });
      expect(await store.get('run_a')).toMatchObject({ isHeld: false });
      await bin.discard(['run_c', ...both]);
      await expect(store.get('run_a')).rejects.toMatchObject({ code: 'run_not_found' });
    });

    it('are due when their time has come or their server has gone, what was begun first', async () => {
      for (const id of ['run_a', 'run_b', 'run_c', 'run_d', 'run_e']) await make(id);
      await store.setFacts('run_a', { dueAtMs: 20 });
      await store.setFacts('run_b', { dueAtMs: 10 });
      await store.setFacts('run_c', { dueAtMs: Date.now() + 3_600_000 });
      const held = await world.store('b').hold('run_e');
      await held.setStatus('executing', {});
      expect(await dueIds()).toEqual(['run_b', 'run_a']);
      await world.expireClaims();
      expect(await dueIds()).toEqual(['run_e', 'run_b', 'run_a']);
      const claimed = await store.hold('run_b');
      expect(await dueIds(world.store('c'))).toEqual(['run_e', 'run_a']);
      await claimed.release();
      await store.setFacts('run_b', { dueAtMs: undefined });
      expect(await dueIds()).toEqual(['run_e', 'run_a']);
      await held.release();
    });

    it('are due in the order of their ids where nothing else tells, and so many of each account', async () => {
      for (const id of ['run_3', 'run_1', 'run_2']) await make(id, of('many'));
      await make('run_9', of('one'));
      for (const id of ['run_1', 'run_2', 'run_3', 'run_9']) {
        await store.setFacts(id, { dueAtMs: 10 });
      }
      expect(await dueIds()).toEqual(['run_1', 'run_2', 'run_3', 'run_9']);
      expect(await store.due(1)).toEqual([
        { runId: 'run_1', accountId: 'many' },
        { runId: 'run_9', accountId: 'one' },
      ]);
    });

    it('are due in the lane of their task: those that only wait are not among the others', async () => {
      await make('run_a');
      await make('run_b', { task: 'service/job_x@1' });
      for (const id of ['run_a', 'run_b']) await store.setFacts(id, { dueAtMs: 10 });
      expect(await dueIds()).toEqual(['run_a']);
      expect(await store.due(10, 'work')).toEqual(await store.due(10));
      expect((await store.due(10, 'calls')).map(({ runId }) => runId)).toEqual(['run_b']);
    });

    it('are due only where their files are', async () => {
      await make('run_a');
      await store.setFacts('run_a', { dueAtMs: 10 });
      expect(await dueIds(world.elsewhere('z'))).toEqual([]);
      expect(await dueIds(world.store('b'))).toEqual(['run_a']);
    });

    it('come in pages, none twice and none missing, also where many are of the same time', async () => {
      for (let number = 0; number < 25; number += 1) {
        const id = `run_${String((number * 7) % 25).padStart(2, '0')}`;
        await make(id, { createdAtMs: Math.floor(number / 10), ...of('mine') });
      }
      await make('run_x', of('other'));
      const all = (await store.page({ accountId: 'mine', limit: 100 })).runs.map(
        ({ record }) => record.runId,
      );
      expect(new Set(all).size).toBe(25);
      for (const limit of [1, 3, 10, 25]) {
        const seen: string[] = [];
        let after: { createdAtMs: number; runId: string } | undefined;
        for (let pages = 0; pages <= 25; pages += 1) {
          const { runs, hasMore } = await store.page({ accountId: 'mine', limit, after });
          seen.push(...runs.map(({ record }) => record.runId));
          after = runs.at(-1)?.record;
          if (!hasMore) break;
          // One that comes meanwhile is newer, and so in no page.
          if (pages === 2) await make(`run_new${limit}`, { createdAtMs: 99, ...of('mine') });
        }
        expect(seen.filter((id) => !id.startsWith('run_new'))).toEqual(all);
      }
    });

    it('are found by account, status and task', async () => {
      await make('run_a', of('mine'));
      await make('run_b', { ...of('mine'), task: 'c/d' });
      await make('run_c', of('other'));
      const held = await store.hold('run_a');
      await held.setStatus('executing', {});
      await held.release();
      const found = async (request: object): Promise<string[]> =>
        (await store.page({ accountId: undefined, limit: 9, ...request })).runs
          .map(({ record }) => record.runId)
          .sort();
      expect(await found({})).toEqual(['run_a', 'run_b', 'run_c']);
      expect(await found({ accountId: 'mine' })).toEqual(['run_a', 'run_b']);
      expect(await found({ status: ['executing', 'paused'] })).toEqual(['run_a']);
      expect(await found({ accountId: 'mine', task: 'c/d' })).toEqual(['run_b']);
    });

    it('are found by their name, their time and what they came from, and counted', async () => {
      for (const [runId, createdAtMs, fileName] of [
        ['run_a', 1, 'Orders 100%_done.CSV'],
        ['run_b', 2, 'orders.csv'],
        ['run_c', 3, 'ÄRZTE.csv'],
        ['run_d', 4, undefined],
        ['run_e', 4, 'orders.csv'],
      ] as const) {
        const parent = { runId: 'run_a', rootId: 'run_a', kind: 'retry' } as const;
        const isChild = runId === 'run_d' || runId === 'run_e';
        const other = runId === 'run_b' ? 'other' : 'acme';
        await make(runId, {
          createdAtMs,
          fileName,
          owner: { accountId: other, authAccountId: other },
          ...(isChild ? { parent } : {}),
        });
      }
      const found = async (filter: Partial<RunFilter>, limit = 9): Promise<string> => {
        const request = { accountId: undefined, ...filter };
        const { runs } = await store.page({ ...request, limit });
        expect(await store.count(request, 9)).toBe(runs.length);
        return runs.map(({ record }) => record.runId.slice(4)).join('');
      };
      expect(await found({})).toBe('edcba');
      expect(await found({ fileName: 'ORDERS' })).toBe('eba');
      expect(await found({ fileName: 'ORDERS', accountId: 'acme' })).toBe('ea');
      expect(await found({ fileName: 'ärzte' })).toBe('c');
      expect(await found({ fileName: '0%_d' })).toBe('a');
      expect(await found({ fileName: '%' })).toBe('a');
      expect(await found({ fileName: '_' })).toBe('a');
      expect(await found({ fileName: String.raw`\o` })).toBe('');
      expect(await found({ createdFromMs: 2, createdBeforeMs: 4 })).toBe('cb');
      expect(await found({ createdFromMs: 4 })).toBe('ed');
      expect(await found({ parentId: 'run_a' })).toBe('ed');
      expect(await found({ parentId: 'run_a', fileName: 'orders' })).toBe('e');
      expect(await found({ parentId: 'run_b' })).toBe('');
      expect(await store.count({ accountId: undefined }, 3)).toBe(3);
      const page = await store.page({
        accountId: undefined,
        parentId: 'run_a',
        limit: 1,
        after: { createdAtMs: 4, runId: 'run_e' },
      });
      expect(page.runs.map(({ record }) => record.runId)).toEqual(['run_d']);
      expect(page.hasMore).toBe(false);
    });

    it('leave nothing behind in any table when they are deleted', async () => {
      const held = await store.create(recordOf('run_a'));
      await held.setStatus('executing', {});
      await held.saveCheckpoint(CHECKPOINT);
      await held.setStatus('stopped', {});
      await held.release();
      expect(await world.rowsOf('run_a')).toBe(2);
      await store.delete('run_a');
      expect(await world.rowsOf('run_a')).toBe(0);
    });

    it('have an untold end until it is among their events', async () => {
      const held = await store.create(recordOf('run_a'));
      await held.setStatus('executing', {});
      expect(await store.untold()).toEqual([]);
      await held.setStatus('success', {});
      await held.release();
      expect(await store.untold()).toEqual(['run_a']);
      expect(await world.elsewhere('z').untold()).toEqual([]);
    });
  });
}
