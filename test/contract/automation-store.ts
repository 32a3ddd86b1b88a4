import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newFiring } from '../../src/engine/automation/new-firing.ts';
import { readTrigger } from '../../src/engine/automation/read-trigger.ts';
import type { FiringStore, NewFiring } from '../../src/engine/ports/firing-store.ts';
import type { StoredTrigger, TriggerStore } from '../../src/engine/ports/trigger-store.ts';

/** A store of its own for each test, as several servers see it. */
export interface AutomationWorld {
  readonly triggers: TriggerStore;
  /** The firings, as the server of that name has them. */
  firings(server: string): FiringStore;
  /** The claims of servers that have gone end. */
  expireClaims(): Promise<void>;
  /** The windows of payloads that were seen end, and with them what firings wait for. */
  expireWindows(): Promise<void>;
  /** Keeps a run with this status. */
  addRun(runId: string, status: string): Promise<void>;
  setStatus(runId: string, status: string): Promise<void>;
  close(): Promise<void>;
}

const BASE = { missed: 'once', missedWindowMs: 0, overlap: 'skip', isPaused: false } as const;
let ids = 0;
const makeId = (prefix: string): string => `${prefix}_${String((ids += 1)).padStart(6, '0')}`;

/** What every store of triggers and firings promises. */
export function describeAutomationStore(name: string, open: () => Promise<AutomationWorld>): void {
  describe(`triggers and firings in ${name}`, () => {
    let world: AutomationWorld;
    let store: FiringStore;
    beforeEach(async () => {
      world = await open();
      store = world.firings('a');
    });
    afterEach(() => world.close());

    const trigger = async (
      more: Partial<StoredTrigger> = {},
      given: unknown = { kind: 'interval' },
    ): Promise<StoredTrigger> => {
      const id = makeId('trg');
      const all = { ...BASE, id, jobId: `job_of_${id}`, accountId: 'acme', nextDueMs: 60_000 };
      await world.triggers.create({ ...all, definition: readTrigger(given), ...more });
      return found(id);
    };
    const found = async (id: string): Promise<StoredTrigger> => {
      const stored = await world.triggers.get(id);
      if (stored === undefined) throw new Error(`${id} is not there`);
      return stored;
    };
    const firing = (of: StoredTrigger, dueMs: number, more: Partial<NewFiring> = {}): NewFiring =>
      newFiring(of, makeId, { dueMs, ...more });
    const idsOf = (firings: readonly { readonly id: string }[]): string[] =>
      firings.map(({ id }) => id);

    it('tells of triggers of all accounts that wait for the same, paused ones too', async () => {
      const given = { kind: 'file', folder: '/in' };
      const mine = await trigger({ nextDueMs: undefined }, given);
      const theirs = await trigger({ accountId: 'other', isPaused: true }, given);
      await trigger();
      const found = await world.triggers.listeningAnywhere('files');
      expect(idsOf(found)).toEqual([mine.id, theirs.id]);
    });

    it('lets a firing be decided only where its file is', async () => {
      const of = await trigger({ overlap: 'allow' });
      const here = firing(of, 1, { place: 'a' });
      await store.add([here, firing(of, 2, { place: 'elsewhere' })]);
      expect(idsOf(await store.claim(9))).toEqual([here.id]);
      expect((await store.get(here.id))?.place).toBe('a');
    });

    it('gives back a trigger as it was kept', async () => {
      const definition = { kind: 'event', object: 'a', event: 'b', filter: { n: { $gt: 1 } } };
      const more = { overlap: 'queue', missed: 'all', missedWindowMs: 5 } as const;
      const stored = await trigger({ ...more, nextDueMs: undefined }, definition);
      expect(stored).toMatchObject({ ...more, revision: 1, isPaused: false, accountId: 'acme' });
      expect(stored.definition).toEqual(definition);
      expect(await world.triggers.ofJob(stored.jobId)).toEqual([stored]);
      expect(await world.triggers.get('trg_nix')).toBeUndefined();
    });

    it('tells which triggers are due, the longest first, and none that is paused', async () => {
      const late = await trigger({ nextDueMs: 2_000 });
      const first = await trigger({ nextDueMs: 1_000 });
      const paused = await trigger({ nextDueMs: 500, isPaused: true });
      await trigger({ nextDueMs: 9_000 });
      expect(idsOf(await world.triggers.due(2_000, 10))).toEqual([first.id, late.id]);
      expect(idsOf(await world.triggers.due(2_000, 1))).toEqual([first.id]);
      expect(await world.triggers.earliestDueMs()).toBe(1_000);
      await world.triggers.update(paused.id, { isPaused: false });
      expect(await world.triggers.earliestDueMs()).toBe(500);
      expect((await found(paused.id)).revision).toBe(2);
    });

    it('tells who listens, of one account', async () => {
      const event = { kind: 'event', object: 'a', event: 'b' };
      const mine = await trigger({ nextDueMs: undefined }, event);
      await trigger({ nextDueMs: undefined, accountId: 'other' }, event);
      await trigger({ nextDueMs: undefined, isPaused: true }, event);
      const after = await trigger({ nextDueMs: undefined }, { kind: 'after_run', of: 'sch_x' });
      expect(idsOf(await world.triggers.listening('acme', 'event:a:b'))).toEqual([mine.id]);
      expect(idsOf(await world.triggers.listening('acme', 'run:sch_x'))).toEqual([after.id]);
      expect(await world.triggers.isHeard('event:a:b')).toBe(true);
      expect(await world.triggers.isHeard('event:a:c')).toBe(false);
    });

    it('advances a trigger once, whoever is faster', async () => {
      const of = await trigger();
      const tries = await Promise.all(
        Array.from({ length: 8 }, () =>
          world.triggers.advance(of, { nextDueMs: 120_000, firings: [firing(of, 60_000)] }),
        ),
      );
      expect(tries.filter(Boolean)).toEqual([true]);
      expect((await store.page(of.id, { limit: 100 })).length).toBe(1);
      expect((await found(of.id)).nextDueMs).toBe(120_000);
    });

    it('does not advance a trigger that was changed or paused since', async () => {
      const changed = await trigger();
      await world.triggers.update(changed.id, { missed: 'skip' });
      const paused = await trigger();
      await world.triggers.update(paused.id, { isPaused: true });
      for (const of of [changed, paused]) {
        const next = { nextDueMs: 120_000, firings: [firing(of, 60_000)] };
        expect(await world.triggers.advance(of, next)).toBe(false);
        expect(await store.page(of.id, { limit: 100 })).toEqual([]);
      }
    });

    it('keeps one firing of a trigger, a due time and an item', async () => {
      const of = await trigger();
      expect(await store.add([firing(of, 1), firing(of, 1, { item: 'x' }), firing(of, 2)])).toBe(3);
      expect(await store.add([firing(of, 1), firing(of, 3)])).toBe(1);
    });

    it('keeps more firings at once than a statement holds, and lists them in pages', async () => {
      const of = await trigger();
      const all = Array.from({ length: 1_203 }, (_, at) => firing(of, at, { verdict: 'error' }));
      expect(await store.add(all)).toBe(1_203);
      const first = await store.page(of.id, { limit: 200 });
      expect(first[0]).toMatchObject({ dueMs: 1_202, verdict: 'error' });
      const after = first.at(-1);
      const second = await store.page(of.id, { limit: 200, after });
      expect(second[0]?.dueMs).toBe(1_002);
      expect(await store.page(of.id, { limit: 1, verdict: ['fired'] })).toEqual([]);
    });

    it('claims what waits, oldest first, and each for one server', async () => {
      const of = await trigger({ overlap: 'allow' });
      const added = [3, 1, 2].map((dueMs) => firing(of, dueMs, { payload: { n: dueMs } }));
      await store.add([...added, firing(of, 9, { verdict: 'skipped_missed' })]);
      const claims = await Promise.all(
        ['a', 'b', 'c'].map((server) => world.firings(server).claim(10)),
      );
      const claimed = claims.flat();
      expect(claimed.map(({ dueMs }) => dueMs).sort((a, b) => a - b)).toEqual([1, 2, 3]);
      expect(claimed.find(({ dueMs }) => dueMs === 2)?.payload).toEqual({ n: 2 });
      expect(await store.claim(10)).toEqual([]);
    });

    it('hears only the last who claimed a firing', async () => {
      const of = await trigger();
      await store.add([firing(of, 1)]);
      const [mine] = await store.claim(1);
      await world.expireClaims();
      const [theirs] = await world.firings('b').claim(1);
      if (mine === undefined || theirs === undefined) throw new Error('nothing was claimed');
      expect(theirs.fence).toBeGreaterThan(mine.fence);
      expect(await store.settle(mine, { verdict: 'error', message: 'too late' })).toBe(false);
      const fired = { verdict: 'fired', runId: 'run_a' } as const;
      expect(await world.firings('b').settle(theirs, fired)).toBe(true);
      expect(await world.firings('b').settle(theirs, fired)).toBe(false);
      expect(await store.get(mine.id)).toMatchObject({ verdict: 'fired', runId: 'run_a' });
    });

    it.each(['skip', 'queue', 'allow'] as const)('overlap %s is kept to', async (overlap) => {
      const of = await trigger({ overlap });
      await store.add([firing(of, 1), firing(of, 2), firing(of, 3)]);
      const [first, ...others] = await store.claim(10);
      if (first === undefined) throw new Error('nothing was claimed');
      expect([first.isOverlapped, others.length]).toEqual([false, overlap === 'allow' ? 2 : 0]);
      await world.addRun('run_1', 'executing');
      await store.settle(first, { verdict: 'fired', runId: 'run_1' });
      const then = await store.claim(10);
      // What is skipped is skipped one by one, for each is decided behind the one before.
      expect(then.map(({ isOverlapped }) => isOverlapped)).toEqual(
        overlap === 'skip' ? [true] : [],
      );
      expect(await store.ended(10)).toEqual([]);
      await world.setStatus('run_1', 'success');
      const [end] = await store.ended(10);
      expect(end).toMatchObject({ firing: { id: first.id }, run: { status: 'success' } });
      const ended = { endedAtMs: 5, outcome: 'success', rearm: undefined, followers: [] } as const;
      expect(await store.close(first, ended)).toBe(true);
      expect(await world.firings('b').close(first, ended)).toBe(false);
      expect(await store.get(first.id)).toMatchObject({ endedAtMs: 5, outcome: 'success' });
      expect((await store.claim(10)).map(({ dueMs }) => dueMs)).toEqual(
        overlap === 'queue' ? [2] : [],
      );
    });

    it('gives a line to one job after another', async () => {
      const [one, two] = [await trigger(), await trigger()];
      await store.add([firing(one, 1, { line: 'x' }), firing(two, 1, { line: 'x' })]);
      const [first, ...others] = await store.claim(10);
      if (first === undefined) throw new Error('nothing was claimed');
      expect([first.jobId, others]).toEqual([one.jobId, []]);
      expect(await world.firings('b').claim(10)).toEqual([]);
      // An error ends the turn too.
      await store.settle(first, { verdict: 'error', message: 'no' });
      const [second] = await world.firings('b').claim(10);
      expect(second).toMatchObject({ jobId: two.jobId, isOverlapped: false });
    });

    it('ends the turn of a run that is gone', async () => {
      const of = await trigger();
      await store.add([firing(of, 1)]);
      const [first] = await store.claim(1);
      if (first === undefined) throw new Error('nothing was claimed');
      await store.settle(first, { verdict: 'fired', runId: 'run_nix' });
      expect(await store.ended(10)).toMatchObject([{ firing: { id: first.id }, run: undefined }]);
    });

    it('keeps the end of a run with what it brings about', async () => {
      const definition = { kind: 'after_outcome', on_success: 5 };
      const of = await trigger({ nextDueMs: undefined }, definition);
      const follower = await trigger({ nextDueMs: undefined }, { kind: 'after_run', of: of.jobId });
      await store.add([firing(of, 1)]);
      const [first] = await store.claim(1);
      if (first === undefined) throw new Error('nothing was claimed');
      await store.settle(first, { verdict: 'fired', runId: 'run_nix' });
      await store.close(first, {
        endedAtMs: 10,
        outcome: 'success',
        rearm: { triggerId: of.id, nextDueMs: 5_010 },
        followers: [firing(follower, 10, { item: 'run_nix' })],
      });
      expect((await found(of.id)).nextDueMs).toBe(5_010);
      expect(await store.page(follower.id, { limit: 9 })).toMatchObject([{ item: 'run_nix' }]);
      // A person has said otherwise meanwhile.
      await world.triggers.update(of.id, { nextDueMs: 77 });
      await store.add([firing(of, 2)]);
      const [second] = await store.claim(1);
      if (second === undefined) throw new Error('nothing was claimed');
      const rearm = { triggerId: of.id, nextDueMs: 9 };
      await store.settle(second, { verdict: 'error', rearm });
      expect((await found(of.id)).nextDueMs).toBe(77);
    });

    it('drops equal payloads within the window, also when they come at once', async () => {
      const of = await trigger({ overlap: 'allow' });
      const tell = async (server: string, hash: string, item: string) => {
        const payload = { hash, windowMs: 60_000 };
        return (await world.firings(server).addUnlessEqual(firing(of, 1, { item }), payload))
          .verdict;
      };
      const verdicts = await Promise.all(
        Array.from({ length: 20 }, (_, at) => tell(at % 2 === 0 ? 'a' : 'b', 'h', `e${at}`)),
      );
      expect(verdicts.filter((verdict) => verdict === 'waiting').length).toBe(1);
      expect(verdicts.filter((verdict) => verdict === 'dropped_dup').length).toBe(19);
      expect(await tell('a', 'other', 'x')).toBe('waiting');
      await world.expireWindows();
      expect(await tell('a', 'h', 'y')).toBe('waiting');
      expect(await tell('b', 'h', 'z')).toBe('dropped_dup');
    });

    it.each(['throttle', 'debounce'] as const)(
      'adds an event once that two servers tell, and each is given what is there: %s',
      async (mode) => {
        const of = await trigger({ overlap: 'allow' });
        const told = await Promise.all(
          ['a', 'b'].map((server) =>
            world
              .firings(server)
              .addUnlessEqual(
                { ...firing(of, 1, { item: 'evt_1' }), id: `fir_of_${server}` },
                { hash: 'h', windowMs: 60_000, mode },
              ),
          ),
        );
        const kept = await store.page(of.id, { limit: 9 });
        expect(kept).toHaveLength(1);
        const there = { id: kept[0]?.id, verdict: 'waiting' };
        expect(told).toEqual([there, there]);
      },
    );

    it.each(['throttle', 'debounce'] as const)(
      'lets an event that is told once more change nothing: %s',
      async (mode) => {
        const of = await trigger({ overlap: 'allow' });
        const tell = (server: string, item: string) =>
          world
            .firings(server)
            .addUnlessEqual(firing(of, 1, { item }), { hash: 'h', windowMs: 60_000, mode });
        const [first, second] = [await tell('a', 'e1'), await tell('a', 'e2')];
        const before = await store.page(of.id, { limit: 9 });
        // By another server, which has heard of both a moment later.
        expect(await tell('b', 'e1')).toEqual({
          id: first.id,
          verdict: mode === 'debounce' ? 'dropped_dup' : 'waiting',
        });
        expect(await tell('b', 'e2')).toEqual(second);
        expect(await store.page(of.id, { limit: 9 })).toEqual(before);
        expect(before.map(({ verdict }) => verdict).sort()).toEqual(['dropped_dup', 'waiting']);
        // Nor does it begin the time anew in which others are equal.
        await world.expireWindows();
        await tell('b', 'e1');
        expect(await tell('b', 'e3')).toMatchObject({ verdict: 'waiting' });
      },
    );

    it('drops the payloads before the last, where that is wanted, and lets the last wait', async () => {
      const of = await trigger({ overlap: 'allow' });
      const payload = { hash: 'h', windowMs: 60_000, mode: 'debounce' } as const;
      const items = ['e0', 'e1', 'e2', 'e3'];
      await Promise.all(
        items.map((item, at) =>
          world.firings(at % 2 === 0 ? 'a' : 'b').addUnlessEqual(firing(of, 1, { item }), payload),
        ),
      );
      const kept = await store.page(of.id, { limit: 9 });
      expect(kept.map(({ verdict }) => verdict).sort()).toEqual([
        'dropped_dup',
        'dropped_dup',
        'dropped_dup',
        'waiting',
      ]);
      expect(await store.claim(9)).toEqual([]);
      await world.expireWindows();
      const [last] = await store.claim(9);
      expect(last).toMatchObject({ verdict: 'waiting' });
      // What is begun gives way to no other.
      await store.addUnlessEqual(firing(of, 1, { item: 'e4' }), payload);
      expect(await store.getAll([last?.id ?? '', 'fir_nix'])).toMatchObject([
        { id: last?.id, verdict: 'waiting' },
      ]);
    });

    it('keeps a claim that is renewed, and none that was lost or given up', async () => {
      const of = await trigger({ overlap: 'allow' });
      await store.add([firing(of, 1), firing(of, 2), firing(of, 3)]);
      const [kept, lost, given] = await store.claim(3);
      if (kept === undefined || lost === undefined || given === undefined) throw new Error('none');
      await world.expireClaims();
      expect(await store.renew(kept)).toBe(true);
      await store.postpone(given, 0);
      expect(await store.renew(given)).toBe(false);
      expect(idsOf(await world.firings('b').claim(9))).toEqual([lost.id, given.id]);
      expect(await store.renew(lost)).toBe(false);
      expect(await store.settle(kept, { verdict: 'fired', runId: 'run_nix' })).toBe(true);
      expect(await store.renew(kept)).toBe(false);
    });

    it('leaves files of jobs, all or those elsewhere, and nothing else of them', async () => {
      const one = await trigger({ overlap: 'allow' });
      const other = await trigger({ overlap: 'allow', jobId: 'job_other' });
      const claimOf = (of: StoredTrigger, dueMs: number, place?: string): NewFiring => {
        const id = makeId('fir');
        return firing(of, dueMs, { id, item: id, place });
      };
      const [near, far, time] = [claimOf(one, 1, 'a'), claimOf(one, 2), firing(one, 3)];
      const [theirs, elsewhere] = [claimOf(other, 4, 'a'), claimOf(other, 5)];
      await store.add([near, far, time, theirs, elsewhere]);
      const claimed = async (
        jobs: readonly string[],
        jobsElsewhere: readonly string[],
      ): Promise<string[]> => {
        const left = { jobs: new Set(jobs), jobsElsewhere: new Set(jobsElsewhere) };
        const found = await store.claim(9, left);
        for (const each of found) await store.postpone(each, 0);
        return idsOf(found);
      };
      const all = idsOf([near, far, time, theirs, elsewhere]);
      expect(await claimed([], [])).toEqual(all);
      expect(await claimed(['nobody'], ['nobody'])).toEqual(all);
      expect(await claimed([one.jobId], [])).toEqual(idsOf([time, theirs, elsewhere]));
      expect(await claimed([], [one.jobId, other.jobId])).toEqual(idsOf([near, time, theirs]));
      expect(await claimed([one.jobId], [other.jobId])).toEqual(idsOf([time, theirs]));
      // More than a statement may have values of.
      const many = Array.from({ length: 40_000 }, (_, index) => `job_${index}`);
      expect(await claimed([one.jobId, ...many], many)).toEqual(idsOf([time, theirs, elsewhere]));
    });

    it('lets a firing wait for a while, in its place', async () => {
      const of = await trigger({ overlap: 'queue' });
      await store.add([firing(of, 1), firing(of, 2)]);
      const [first] = await store.claim(1);
      if (first === undefined) throw new Error('nothing was claimed');
      await store.postpone(first, 60_000);
      expect(await world.firings('b').claim(9)).toEqual([]);
      await world.expireWindows();
      expect(idsOf(await world.firings('b').claim(9))).toEqual([first.id]);
    });

    it('lets other triggers of a job pass while a file of one cannot be fetched', async () => {
      const file = { kind: 'file', folder: 'in', sftp: 'partner' };
      const files = await trigger({ nextDueMs: undefined }, file);
      const clock = await trigger({ jobId: files.jobId });
      const [id, later] = [makeId('fir'), makeId('fir')];
      const nightly = firing(clock, 3);
      await store.add([
        firing(files, 1, { id, item: id }),
        firing(files, 2, { id: later, item: later }),
        nightly,
      ]);
      const [first] = await store.claim(1);
      if (first === undefined) throw new Error('nothing was claimed');
      expect(first.id).toBe(id);
      expect(await world.firings('b').claim(9)).toEqual([]);
      await store.putOff(first, 60_000);
      // Other files of it wait for the same server.
      const [passed, none] = await world.firings('b').claim(9);
      expect([passed?.id, passed?.isOverlapped, none]).toEqual([nightly.id, false, undefined]);
      if (passed !== undefined) await world.firings('b').settle(passed, { verdict: 'error' });
      expect(await world.firings('b').claim(9)).toEqual([]);
      await world.expireWindows();
      expect(idsOf(await world.firings('b').claim(9))).toEqual([id]);
    });

    it('removes a trigger with its firings', async () => {
      const of = await trigger();
      await store.add([firing(of, 1)]);
      await store.claim(1);
      await world.triggers.delete(of.id);
      expect(await store.page(of.id, { limit: 9 })).toEqual([]);
    });

    it('gives those of any number of ids', async () => {
      const of = await trigger();
      await store.add([firing(of, 1, { id: 'fir_first' }), firing(of, 2, { id: 'fir_last' })]);
      const others = Array.from({ length: 70_000 }, (_, number) => `fir_no_${number}`);
      expect(await store.getAll([])).toEqual([]);
      const found = await store.getAll(['fir_first', ...others, 'fir_last']);
      expect(idsOf(found)).toEqual(['fir_first', 'fir_last']);
    });

    it('prunes what is over, and nothing that is not', async () => {
      const of = await trigger({ overlap: 'allow' });
      await store.add([firing(of, 1), firing(of, 2), firing(of, 3, { verdict: 'skipped_missed' })]);
      const [first] = await store.claim(1);
      if (first === undefined) throw new Error('nothing was claimed');
      await store.settle(first, { verdict: 'fired', runId: 'run_nix' });
      expect(await store.prune(1_000)).toBe(1);
      expect((await store.page(of.id, { limit: 9 })).length).toBe(2);
    });
  });
}
