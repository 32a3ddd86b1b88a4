import { expect, it } from 'vitest';
import { claimsOf } from '../../../src/engine/automation/claimed-files.ts';
import { FileArrivals, type Arrival } from '../../../src/engine/automation/file-arrivals.ts';
import { messageOf } from '../../../src/engine/errors.ts';
import { newFiring } from '../../../src/engine/automation/new-firing.ts';
import { readTrigger } from '../../../src/engine/automation/read-trigger.ts';
import type { ArrivalClaim } from '../../../src/engine/ports/arrival-claims.ts';
import type {
  ArrivalFolder,
  ClaimedFile,
  FoundFile,
} from '../../../src/engine/ports/arrival-folder.ts';
import type { Firing, FiringStore, NewFiring } from '../../../src/engine/ports/firing-store.ts';
import type { StoredTrigger } from '../../../src/engine/ports/trigger-store.ts';

const trigger: StoredTrigger = {
  id: 'trg_ours',
  jobId: 'job_1',
  accountId: 'acme',
  definition: readTrigger({ kind: 'file', folder: '/in', glob: '*.csv' }),
  missed: 'once',
  missedWindowMs: 0,
  overlap: 'skip',
  isPaused: false,
  nextDueMs: undefined,
  revision: 1,
};
const never = (): Promise<never> => Promise.reject(new Error('nothing asks for it here'));
const file = (name: string): FoundFile => ({ name, bytes: 1, modifiedMs: 0 });
const stored = (firing: NewFiring): Firing => ({
  ...firing,
  runId: undefined,
  createdAtMs: 0,
  decidedAtMs: undefined,
  endedAtMs: undefined,
  outcome: undefined,
});

/** A firing that waits, as a claim of a file of that name makes it. */
const claimOf = (name: string): Firing =>
  stored(
    newFiring(trigger, () => 'fir_1', {
      dueMs: 0,
      item: 'fir_1',
      payload: { file: { name, bytes: 1, modified_at: '1970-01-01T00:00:00.000Z' } },
    }),
  );

/** What is done with a claim that is seen, and what fires. `known`: what was written down of claims. */
async function lookAt(
  claim: ClaimedFile,
  firings: readonly Firing[] = [],
  known: readonly ArrivalClaim[] = [],
) {
  const did: string[] = [];
  const fired: Arrival[] = [];
  const folder: ArrivalFolder = {
    files: async () => ({ files: [], unreadable: [], leftOut: undefined }),
    claims: async () => [claim],
    claim: never,
    claimAgain: never,
    fetch: async () => {
      if (claim.file === undefined) throw new Error('there is no file');
      return { path: '/x', name: claim.file.name, dispose: async () => undefined };
    },
    putAway: async (claimId, where) => void did.push(`${claimId} ${where}`),
    removeEmpty: async (claimId) => void did.push(`${claimId} where it is empty`),
    close: async () => undefined,
  };
  const arrivals = new FileArrivals({
    triggers: { get: async () => trigger, listeningAnywhere: async () => [trigger] },
    firings: {
      get: async (id) => firings.find((firing) => firing.id === id),
      getAll: async (ids) => firings.filter(({ id }) => ids.includes(id)),
    },
    claims: {
      add: never,
      fire: async () => 'kept',
      get: async (id) => known.find((each) => each.id === id),
      remove: never,
      lying: async () => [],
      note: async () => undefined,
    },
    folders: { open: async () => folder, placeOf: () => undefined },
    clock: { now: () => 0, sleep: async () => undefined, breathe: async () => undefined },
    makeId: (prefix) => `${prefix}_new`,
    makeStop: () => new AbortController(),
    isArchived: async () => false,
    onWaiting: () => undefined,
    onArrival: (arrival) => void fired.push(arrival),
    onError: never,
  });
  await arrivals.look(trigger);
  const looked = { did: [...did], fired: fired.map((each) => each.firingId) };
  const kept = await arrivals.release(trigger);
  const [firing] = firings;
  const fetched =
    firing &&
    (await arrivals.fetch(firing).then(
      (found) => found?.name,
      (error: unknown) => messageOf(error),
    ));
  return { ...looked, kept, fetched };
}

it('a claim that was seen empty is removed where it is empty still', async () => {
  const { did, fired } = await lookAt({ claimId: 'fir_1', file: undefined });
  expect([did, fired]).toEqual([['fir_1 where it is empty'], []]);
});

it('a claim that was written down and has no firing yet fires', async () => {
  const known = { id: 'fir_1', triggerId: trigger.id, isTold: false };
  const { did, fired } = await lookAt({ claimId: 'fir_1', file: file('a.csv') }, [], [known]);
  expect([did, fired]).toEqual([[], ['fir_1']]);
});

it('a claim that nobody has written down goes back, whatever its name', async () => {
  const others = [{ id: 'fir_1', triggerId: 'trg_other', isTold: false }];
  for (const known of [[], others]) {
    const { did, fired } = await lookAt({ claimId: 'fir_1', file: file('a.csv') }, [], known);
    expect([did, fired]).toEqual([['fir_1 back'], []]);
  }
});

it('a folder with the id of a firing that claimed no file gives it none', async () => {
  const makeId = (prefix: string): string => `${prefix}_1`;
  const manual = stored(newFiring(trigger, makeId, { dueMs: 0, item: 'manual:fir_1' }));
  for (const verdict of ['waiting', 'skipped_overlap', 'fired'] as const) {
    const firing = { ...manual, verdict };
    const looked = await lookAt({ claimId: 'fir_1', file: file('a.csv') }, [firing]);
    expect(looked).toEqual({
      did: ['fir_1 back'],
      fired: [],
      kept: undefined,
      fetched: 'no file has arrived for this firing: somebody let it fire',
    });
  }
});

it('a file that takes the place of the one that was claimed is not run', async () => {
  const claimed = claimOf('a.csv');
  const fetch = async (name: string) =>
    (await lookAt({ claimId: 'fir_1', file: file(name) }, [claimed])).fetched;
  expect(await fetch('a.csv')).toBe('a.csv');
  expect(await fetch('b.csv')).toBe(
    'a.csv, which had arrived, is gone, and another file lies in its place: b.csv',
  );
  const later = { ...claimed, verdict: 'skipped_overlap' } as const;
  const { did, fired } = await lookAt({ claimId: 'fir_1', file: file('b.csv') }, [later]);
  expect([did, fired]).toEqual([['fir_1 back'], []]);
});

it('a claim is not one where its firing is of another account', async () => {
  const claimed = { ...claimOf('a.csv'), accountId: 'other' };
  const { did, fired, fetched } = await lookAt({ claimId: 'fir_1', file: file('a.csv') }, [
    claimed,
  ]);
  expect([did, fired, fetched]).toEqual([
    ['fir_1 back'],
    [],
    'no file has arrived for this firing: somebody let it fire',
  ]);
});

it('a file that the pattern does not mean goes back, whoever made a claim of it', async () => {
  const known = { id: 'fir_1', triggerId: trigger.id, isTold: false };
  const { did, fired } = await lookAt({ claimId: 'fir_1', file: file('x.exe') }, [], [known]);
  expect([did, fired]).toEqual([['fir_1 back'], []]);
});

it('a claim by the id of a firing of another trigger is none', async () => {
  const makeId = (prefix: string): string => `${prefix}_1`;
  const open = stored(newFiring({ ...trigger, id: 'trg_other' }, makeId, { dueMs: 0 }));
  const looked = await lookAt({ claimId: 'fir_1', file: file('a.csv') }, [open]);
  expect(looked).toMatchObject({ did: ['fir_1 back'], fired: [], kept: undefined });
  // One of ours waits for its turn.
  const waiting = await lookAt({ claimId: 'fir_1', file: file('a.csv') }, [claimOf('a.csv')]);
  expect(waiting).toEqual({
    did: [],
    fired: [],
    kept: 'a.csv waits for its run (fir_1): wait for that',
    fetched: 'a.csv',
  });
});

it('thousands of claims that wait are looked up together, and leave time for all else', async () => {
  const lying = Array.from({ length: 2_050 }, (_, index) => `fir_${index}`).map((claimId) => ({
    claimId,
    file: file('a.csv'),
  }));
  const waiting = new Map(
    lying.map(({ claimId: id }) => [id, { ...claimOf('a.csv'), id, item: id }]),
  );
  const asked = { one: 0, together: 0, breaths: 0 };
  const folder: ArrivalFolder = {
    files: async () => ({ files: [], unreadable: [], leftOut: undefined }),
    claims: async () => lying,
    claim: never,
    claimAgain: never,
    fetch: never,
    putAway: never,
    removeEmpty: never,
    close: async () => undefined,
  };
  const arrivals = new FileArrivals({
    triggers: { get: async () => trigger, listeningAnywhere: async () => [trigger] },
    firings: {
      async get(id) {
        asked.one += 1;
        return waiting.get(id);
      },
      async getAll(ids) {
        asked.together += 1;
        return ids.flatMap((id) => waiting.get(id) ?? []);
      },
    },
    claims: {
      add: never,
      fire: never,
      get: async () => undefined,
      lying: async () => [],
      note: never,
      remove: never,
    },
    folders: { open: async () => folder, placeOf: () => undefined },
    clock: {
      now: () => 0,
      sleep: async () => undefined,
      breathe: async () => void (asked.breaths += 1),
    },
    makeId: (prefix) => prefix,
    makeStop: () => new AbortController(),
    isArchived: never,
    onWaiting: never,
    onArrival: never,
    onError: never,
  });
  await arrivals.look(trigger);
  expect(asked).toEqual({ one: 0, together: 21, breaths: 21 });
  expect(await arrivals.release(trigger)).toBe('a.csv waits for its run (fir_0): wait for that');
  expect(asked).toEqual({ one: 0, together: 42, breaths: 42 });
});

it('claims of a trigger are found to the last, however many there are', async () => {
  for (const count of [0, 999, 1_000, 2_500]) {
    const all = Array.from({ length: count }, (_, index) => {
      const id = `fir_${index}`;
      return { ...claimOf('a.csv'), id, item: index === 7 ? 'manual' : id, dueMs: count - index };
    });
    const found: string[] = [];
    const page: FiringStore['page'] = async (triggerId, { limit, after, verdict }) => {
      expect([triggerId, verdict]).toEqual([trigger.id, ['waiting']]);
      return all.filter(({ dueMs }) => dueMs < (after?.dueMs ?? Infinity)).slice(0, limit);
    };
    for await (const { id } of claimsOf(trigger.id, ['waiting'], { page })) found.push(id);
    expect(found).toEqual(all.map(({ id }) => id).filter((id) => id !== 'fir_7'));
  }
});
