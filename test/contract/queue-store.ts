import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobRunStore } from '../../src/engine/ports/job-run-store.ts';
import type {
  ClaimedEntry,
  EntryEnd,
  NewQueue,
  Queue,
  QueueStore,
} from '../../src/engine/ports/queue-store.ts';
import type { RunStatus } from '../../src/engine/run/status.ts';

/** Queues of their own for each test, as several servers see them. */
export interface QueueWorld {
  /** `releaseAll`: at the start of a server. */
  queues(server: string): QueueStore & { releaseAll(): Promise<void> };
  readonly jobRuns: JobRunStore;
  /** A run that waits. */
  addRun(runId: string): Promise<void>;
  endRun(runId: string, status: RunStatus): Promise<void>;
  removeRun(runId: string): Promise<void>;
  /** Deletes a run as a person does: so that it can be restored, or for good. */
  discard(runId: string): Promise<void>;
  delete(runId: string): Promise<void>;
  /** Ends the leases of all claims. */
  expireClaims(): Promise<void>;
  /** Puts all starts and holds so long back. */
  age(ms: number): Promise<void>;
  close(): Promise<void>;
}

const QUEUE: NewQueue = {
  id: 'que_a',
  accountId: 'acme',
  name: 'line',
  jobId: 'job_a',
  description: 'a line',
  workerCount: 1,
  order: 'fifo',
  runsPerMinute: undefined,
  rowsPerSecond: undefined,
  isPaused: false,
};

/** What every store of queues promises. */
export function describeQueueStore(name: string, open: () => Promise<QueueWorld>): void {
  describe(`queues in ${name}`, () => {
    let world: QueueWorld;
    let queues: ReturnType<QueueWorld['queues']>;
    beforeEach(async () => {
      world = await open();
      queues = world.queues('north');
    });
    afterEach(() => world.close());

    const entry = (id: string, priority = 0) => ({
      id: `ent_${id}`,
      runId: `run_${id}`,
      jobId: 'job_a',
      authAccountId: 'boss',
      keyId: undefined,
      arguments: { name: id },
      priority,
    });
    /** A queue with entries that wait. */
    const line = async (ids: string, queue: Partial<NewQueue> = {}) => {
      await queues.create({ ...QUEUE, ...queue });
      await queues.add(
        queue.id ?? 'que_a',
        ids.split(' ').map((id) => entry(id)),
      );
    };
    const idsOf = (entries: readonly { readonly id: string }[]) =>
      entries.map(({ id }) => id.slice('ent_'.length)).join(' ');
    const claim = async (store: QueueStore = queues, limit = 16) => store.claim(limit, []);
    /** As a server does with a claim. */
    const begin = async (claimed: readonly ClaimedEntry[]) => {
      for (const { id, fence, runId, jobId } of claimed) {
        await world.addRun(runId);
        await world.jobRuns.admit(
          {
            runId,
            jobId,
            accountId: 'acme',
            version: 1,
            trigger: 'queue',
            startedBy: { authAccountId: 'boss', keyId: undefined },
            input: {},
          },
          { runsPerMinute: undefined, refusesOverlap: false, entry: { id, fence } },
        );
      }
      return claimed;
    };
    /** The only one that was claimed. */
    const one = async (claims: Promise<readonly ClaimedEntry[]>): Promise<ClaimedEntry> => {
      const claimed = await claims;
      const [first] = claimed;
      expect(claimed).toHaveLength(1);
      if (first === undefined) throw new Error('nothing was claimed');
      return first;
    };
    const closed = ({ entry: { id, queueId } }: EntryEnd) => ({
      id,
      queueId,
      endedAtMs: 7,
      outcome: 'success' as const,
    });
    /** Closes what has ended and claims, in one. */
    const goOn = async (store: QueueStore = queues) => {
      const ended = await store.ended(100);
      return store.claim(16, ended.map(closed));
    };

    it('are given back as they were made, with the counts of their entries', async () => {
      const made = await queues.create({ ...QUEUE, runsPerMinute: 3, rowsPerSecond: 0.5 });
      const counts = { waiting: 0, starting: 0, working: 0, ended: 0, refused: 0 };
      expect(made).toMatchObject({ ...QUEUE, runsPerMinute: 3, rowsPerSecond: 0.5, counts });
      expect(await queues.find('que_a')).toEqual(made);
      expect(await queues.named('acme', 'line')).toEqual(made);
      expect(await queues.named('other', 'line')).toBeUndefined();
      expect(await queues.create({ ...QUEUE, id: 'que_b' })).toBeUndefined();
      expect(await queues.create({ ...QUEUE, name: 'other name' })).toEqual(made);
      await queues.add('que_a', [entry('a'), entry('b')]);
      await queues.update('que_a', { workerCount: 4, order: 'lifo', runsPerMinute: undefined });
      const changed: Partial<Queue> = { workerCount: 4, order: 'lifo', runsPerMinute: undefined };
      expect(await queues.find('que_a')).toEqual({
        ...made,
        ...changed,
        counts: { ...counts, waiting: 2 },
      });
      await queues.delete('que_a');
      expect(await queues.find('que_a')).toBeUndefined();
      expect(await queues.entry('ent_a')).toBeUndefined();
    });

    it('have entries behind those that are there, once each, all or none', async () => {
      await line('a b');
      await queues.add('que_a', [{ ...entry('b'), priority: 9 }, entry('c')]);
      const entries = await queues.entries({ queueId: 'que_a', limit: 9 });
      expect(idsOf(entries)).toBe('a b c');
      expect(entries.map(({ priority }) => priority)).toEqual([0, 0, 0]);
      const [first] = entries;
      const rest = { queueId: 'que_a', limit: 1, after: first?.position };
      expect(idsOf(await queues.entries(rest))).toBe('b');
      expect(idsOf(await queues.ofRuns(['run_c', 'run_nix']))).toBe('c');
      const bad = { ...entry('e'), priority: Number.NaN };
      await expect(queues.add('que_a', [entry('d'), bad])).rejects.toThrow();
      expect(await queues.entry('ent_d')).toBeUndefined();
      await expect(queues.add('que_nix', [entry('d')])).rejects.toThrow('que_nix');
    });

    it.each([
      ['fifo', 'a b c d'],
      ['lifo', 'd c b a'],
      ['priority', 'b d a c'],
    ] as const)('are claimed from by %s', async (order, expected) => {
      await queues.create({ ...QUEUE, order, workerCount: 9 });
      await queues.add('que_a', [entry('a'), entry('b', 5), entry('c', -1), entry('d', 5)]);
      const [first, ...others] = expected.split(' ');
      expect(idsOf(await claim(queues, 1))).toBe(first);
      expect(idsOf(await claim())).toBe(others.join(' '));
    });

    it('with one worker give one entry after another, the next with the end of the one before', async () => {
      await line('a b c');
      expect(idsOf(await begin(await claim()))).toBe('a');
      expect(await claim()).toEqual([]);
      expect(await goOn()).toEqual([]);
      await world.endRun('run_a', 'failure');
      expect(await queues.ended(9)).toMatchObject([
        { entry: { id: 'ent_a' }, run: { status: 'failure' } },
      ]);
      expect(idsOf(await goOn())).toBe('b');
      expect(await queues.entry('ent_a')).toMatchObject({
        status: 'ended',
        outcome: 'success',
        endedAtMs: 7,
      });
      expect(await queues.find('que_a')).toMatchObject({
        counts: { waiting: 1, starting: 1, working: 0, ended: 1 },
      });
    });

    it('close an entry once, and whatever is claimed or not', async () => {
      await line('a b');
      await begin(await claim());
      await world.endRun('run_a', 'success');
      const ends = (await queues.ended(9)).map(closed);
      expect(await queues.claim(0, ends)).toEqual([]);
      const late = ends.map(({ id, queueId }) => ({
        id,
        queueId,
        endedAtMs: 8,
        outcome: 'error' as const,
      }));
      expect(idsOf(await world.queues('south').claim(9, late))).toBe('b');
      expect(await queues.entry('ent_a')).toMatchObject({ outcome: 'success', endedAtMs: 7 });
    });

    it('end with a run that is gone', async () => {
      await line('a');
      await begin(await claim());
      expect(await queues.ended(9)).toEqual([]);
      await world.removeRun('run_a');
      expect(await queues.ended(9)).toMatchObject([{ entry: { id: 'ent_a' }, run: undefined }]);
    });

    it('have no more at work than workers, whoever claims at once, and no entry twice', async () => {
      await line('a b c d e f g h', { workerCount: 3 });
      const servers = ['north', 'south', 'north', 'south', 'north', 'south'];
      const claims = async () =>
        (await Promise.all(servers.map((server) => claim(world.queues(server))))).flat();
      const first = await claims();
      expect(idsOf(first).split(' ').sort().join(' ')).toBe('a b c');
      await begin(first);
      expect(await claims()).toEqual([]);
      for (const id of ['run_a', 'run_c']) await world.endRun(id, 'success');
      const next = (await Promise.all(servers.map((server) => goOn(world.queues(server))))).flat();
      expect(idsOf(next).split(' ').sort().join(' ')).toBe('d e');
    });

    it('do not wait for one another', async () => {
      await line('a b');
      await line('c d', { id: 'que_b', name: 'other', isPaused: true });
      await line('e f', { id: 'que_c', name: 'third' });
      expect(idsOf(await claim())).toBe('a e');
      await queues.update('que_b', { isPaused: false });
      expect(idsOf(await claim())).toBe('c');
    });

    it('start so many in any minute', async () => {
      await line('a b c d', { workerCount: 9, runsPerMinute: 2 });
      expect(idsOf(await claim())).toBe('a b');
      expect(await claim()).toEqual([]);
      await world.age(60_000);
      expect(idsOf(await claim())).toBe('c d');
    });

    it('begin nothing while they are paused, but what a server had begun to start', async () => {
      await line('a b', { workerCount: 9 });
      await claim(queues, 1);
      await queues.update('que_a', { isPaused: true });
      expect(await claim()).toEqual([]);
      await world.expireClaims();
      expect(idsOf(await claim())).toBe('a');
    });

    it('wait with an entry that is held, and with all behind it', async () => {
      await line('a b');
      const first = await one(claim());
      expect(await queues.settle(first, { status: 'waiting', holdMs: 60_000 })).toBe(true);
      expect(await queues.entry('ent_a')).toMatchObject({
        status: 'waiting',
        startedAtMs: undefined,
      });
      expect(await claim()).toEqual([]);
      await world.age(60_001);
      expect(idsOf(await claim())).toBe('a');
    });

    it('go on behind an entry that is refused', async () => {
      await line('a b');
      const first = await one(claim());
      await queues.settle(first, { status: 'refused', message: 'no such patient' });
      expect(await queues.entry('ent_a')).toMatchObject({
        status: 'refused',
        message: 'no such patient',
      });
      expect(idsOf(await claim())).toBe('b');
    });

    it('have entries moved among those that wait', async () => {
      await line('a b c d e');
      const move = (id: string, to: 'first' | 'last' | { before: string } | { after: string }) =>
        queues.change(`ent_${id}`, { move: to });
      expect(await move('e', 'first')).toBe(true);
      expect(await move('a', 'last')).toBe(true);
      expect(await move('d', { before: 'ent_b' })).toBe(true);
      expect(await move('c', { after: 'ent_e' })).toBe(true);
      const order = async () => idsOf(await queues.entries({ queueId: 'que_a', limit: 9 }));
      expect(await order()).toBe('e c d b a');
      expect(await move('b', { before: 'ent_nix' })).toBe(false);
      expect(await queues.change('ent_b', { priority: 3 })).toBe(true);
      expect(await queues.entry('ent_b')).toMatchObject({ priority: 3 });
      expect(idsOf(await claim())).toBe('e');
      expect([await move('e', 'last'), await move('b', { after: 'ent_e' })]).toEqual([
        false,
        false,
      ]);
      expect(await move('nix', 'first')).toBe(false);
      expect(await order()).toBe('e c d b a');
    });

    it('have entries moved while others are claimed', async () => {
      const ids = Array.from({ length: 12 }, (_, at) => `n${at}`);
      await line(ids.join(' '), { workerCount: 100 });
      const [north, south] = [world.queues('north'), world.queues('south')];
      const claimed: string[] = [];
      for (let round = 0; round < 12; round += 1) {
        const moves = ids.map((id, at) =>
          (at % 2 === 0 ? north : south).change(`ent_${id}`, {
            move: at % 3 === 0 ? 'first' : 'last',
          }),
        );
        const next = claim(round % 2 === 0 ? south : north, 1);
        await Promise.all(moves);
        claimed.push(...(await next).map(({ id }) => id));
      }
      expect(new Set(claimed).size).toBe(12);
    });

    it('have entries removed that are not at work', async () => {
      await line('a b c');
      await begin(await claim());
      expect([await queues.remove('ent_a'), await queues.remove('ent_b')]).toEqual([false, true]);
      await world.endRun('run_a', 'success');
      expect(idsOf(await goOn())).toBe('c');
      expect(await queues.remove('ent_a')).toBe(true);
      expect(await queues.remove('ent_a')).toBe(false);
    });

    it('let another server start what one had begun to start, when its lease is over', async () => {
      await line('a b');
      const south = world.queues('south');
      const old = await one(claim());
      expect(await claim(south)).toEqual([]);
      await world.expireClaims();
      const taken = await one(claim(south));
      expect(taken).toMatchObject({ id: 'ent_a', startedAtMs: old.startedAtMs });
      expect(taken.fence).toBeGreaterThan(old.fence);
      // The first one comes too late, with whatever it says.
      expect(await queues.settle(old, { status: 'refused', message: 'too late' })).toBe(false);
      await begin([old]);
      expect(await queues.entry('ent_a')).toMatchObject({ status: 'starting' });
      await world.queues('south').settle(taken, { status: 'waiting', holdMs: 0 });
      expect(idsOf(await claim())).toBe('a');
    });

    it('let a server that starts again take up at once what it had begun to start', async () => {
      await line('a b', { workerCount: 2 });
      const south = world.queues('south');
      await claim(queues, 1);
      await claim(south, 1);
      await world.queues('north').releaseAll();
      expect(idsOf(await claim(world.queues('third')))).toBe('a');
    });

    it('forget what has ended before a time, and nothing else', async () => {
      await line('a b c');
      await begin(await claim());
      await world.endRun('run_a', 'success');
      await begin(await goOn());
      expect(await queues.prune(7)).toBe(0);
      expect(await queues.prune(8)).toBe(1);
      expect(idsOf(await queues.entries({ queueId: 'que_a', limit: 9 }))).toBe('b c');
    });

    it.each(['discard', 'delete'] as const)(
      'a run is not deleted once its turn has come: %s',
      async (way) => {
        await line('a b');
        for (const id of ['run_a', 'run_b']) await world.addRun(id);
        expect(await queues.claim(1, [])).toMatchObject([{ runId: 'run_a' }]);
        await expect(world[way]('run_a')).rejects.toMatchObject({
          code: 'run_busy',
          message: 'run run_a is being started: stop it first',
        });
        expect(await queues.ofRuns(['run_a'])).toMatchObject([{ status: 'starting' }]);
        await world[way]('run_b');
        expect(await queues.ofRuns(['run_b'])).toEqual([]);
      },
    );

    it('a run is deleted or taken up, whichever is first, never both', async () => {
      const ids = Array.from({ length: 24 }, (_, index) => `r${index}`);
      await line(ids.join(' '), { workerCount: ids.length });
      for (const id of ids) await world.addRun(`run_${id}`);
      const deleting = ids.map(async (id) => {
        const deleted = await world.delete(`run_${id}`).then(
          () => true,
          () => false,
        );
        return { id, deleted };
      });
      const claimed: ClaimedEntry[] = [];
      for (let claims = 0; claims < ids.length; claims += 1) {
        claimed.push(...(await queues.claim(1, [])));
      }
      const taken = new Set(claimed.map(({ runId }) => runId));
      for (const { id, deleted } of await Promise.all(deleting)) {
        expect([id, deleted]).toEqual([id, !taken.has(`run_${id}`)]);
      }
    });
  });
}
