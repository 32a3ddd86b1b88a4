import { expect, it } from 'vitest';
import { FileArrivals, type Arrival } from '../../../src/engine/automation/file-arrivals.ts';
import { newFiring } from '../../../src/engine/automation/new-firing.ts';
import { readTrigger } from '../../../src/engine/automation/read-trigger.ts';
import type {
  ArrivalFolder,
  ClaimedFile,
  FoundFile,
} from '../../../src/engine/ports/arrival-folder.ts';
import type { Firing, NewFiring } from '../../../src/engine/ports/firing-store.ts';
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
const file = (name: string): FoundFile => ({ name, bytes: 1, modifiedMs: 0 });
const stored = (firing: NewFiring): Firing => ({
  ...firing,
  runId: undefined,
  createdAtMs: 0,
  decidedAtMs: undefined,
  endedAtMs: undefined,
  outcome: undefined,
});

/** What is done with a claim that is seen, and what fires. */
async function lookAt(claim: ClaimedFile, firings: readonly Firing[] = []) {
  const did: string[] = [];
  const fired: Arrival[] = [];
  const never = (): Promise<never> => Promise.reject(new Error('nothing asks for it here'));
  const folder: ArrivalFolder = {
    files: async () => [],
    claims: async () => [claim],
    claim: never,
    claimAgain: never,
    fetch: never,
    putAway: async (claimId, where) => void did.push(`${claimId} ${where}`),
    removeEmpty: async (claimId) => void did.push(`${claimId} where it is empty`),
    close: async () => undefined,
  };
  const arrivals = new FileArrivals({
    triggers: { get: async () => trigger, listeningAnywhere: async () => [trigger] },
    firings: {
      add: async (added) => added.length,
      get: async (id) => firings.find((firing) => firing.id === id),
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
  return { ...looked, kept };
}

it('a claim that was seen empty is removed where it is empty still', async () => {
  const { did, fired } = await lookAt({ claimId: 'fir_1', file: undefined });
  expect([did, fired]).toEqual([['fir_1 where it is empty'], []]);
});

it('a claim whose firing was never written down fires', async () => {
  const { did, fired } = await lookAt({ claimId: 'fir_1', file: file('a.csv') });
  expect([did, fired]).toEqual([[], ['fir_1']]);
});

it('a file that the pattern does not mean goes back, whoever made a claim of it', async () => {
  const { did, fired } = await lookAt({ claimId: 'fir_1', file: file('x.exe') });
  expect([did, fired]).toEqual([['fir_1 back'], []]);
});

it('a claim by the id of a firing of another trigger is none', async () => {
  const makeId = (prefix: string): string => `${prefix}_1`;
  const open = stored(newFiring({ ...trigger, id: 'trg_other' }, makeId, { dueMs: 0 }));
  const looked = await lookAt({ claimId: 'fir_1', file: file('a.csv') }, [open]);
  expect(looked).toEqual({ did: ['fir_1 back'], fired: [], kept: undefined });
  // One of ours waits for its turn.
  const ours = { ...open, triggerId: trigger.id };
  const waiting = await lookAt({ claimId: 'fir_1', file: file('a.csv') }, [ours]);
  expect(waiting).toEqual({ did: [], fired: [], kept: 'fir_1' });
});
