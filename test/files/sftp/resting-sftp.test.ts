import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openArrivals } from '../../../src/arrivals-app.ts';
import { newFiring } from '../../../src/engine/automation/new-firing.ts';
import { readTrigger } from '../../../src/engine/automation/read-trigger.ts';
import { RowmillError } from '../../../src/engine/errors.ts';
import type { Firing } from '../../../src/engine/ports/firing-store.ts';
import type { StoredTrigger } from '../../../src/engine/ports/trigger-store.ts';
import { TestClock } from '../../engine/automation/test-clock.ts';

const never = (): Promise<never> => Promise.reject(new Error('nothing asks for it here'));
const refusal = new RowmillError('sftp_unreachable', 'the password is wrong');
let copies = '';
beforeEach(async () => {
  copies = await mkdtemp(join(tmpdir(), 'rowmill-copies-'));
});
afterEach(() => rm(copies, { recursive: true, force: true }));

const triggerOf = (id: string, sftp: string): StoredTrigger => ({
  id,
  jobId: id,
  accountId: 'acme',
  definition: readTrigger({ kind: 'file', folder: 'in', sftp }),
  missed: 'once',
  missedWindowMs: 0,
  overlap: 'allow',
  isPaused: false,
  nextDueMs: undefined,
  revision: 1,
});
const triggers = [triggerOf('sch_a', 'partner'), triggerOf('sch_b', 'other')];

/** The file of a schedule that waits for its run. */
function waiting(index: number, number: number): Firing {
  const trigger = triggers[index];
  if (trigger === undefined) throw new Error(`there is no trigger ${index}`);
  const id = `fir_${index}_${number}`;
  const payload = { file: { name: 'a.csv', bytes: 1, modified_at: '2026-01-01T00:00:00.000Z' } };
  const firing = newFiring(trigger, () => id, { dueMs: 0, item: id, payload });
  const undecided = { decidedAtMs: undefined, endedAtMs: undefined, outcome: undefined };
  return { ...firing, ...undecided, runId: undefined, createdAtMs: 0 };
}

/** Who fetches files for runs, and how often servers were connected to. */
function openWorld({ isThere }: { readonly isThere: boolean }) {
  const clock = new TestClock(0);
  const asked: string[] = [];
  const arrivals = openArrivals({
    triggers: {
      get: async (id) => triggers.find((trigger) => trigger.id === id),
      listeningAnywhere: async () => triggers,
    },
    firings: { get: async () => undefined, getAll: async () => [] },
    claims: {
      add: never,
      fire: never,
      get: never,
      lying: async () => [],
      note: never,
      remove: never,
      strays: async () => [],
    },
    place: 'here',
    fileRoots: [],
    sftp: {
      async use(_account, name, work) {
        asked.push(name);
        if (!isThere) throw refusal;
        // It loses the connection with whatever is asked of it.
        return work(
          Object.assign(Object.create(null), { listUpTo: () => Promise.reject(refusal) }),
        );
      },
    },
    copies,
    clock,
    makeId: (prefix) => prefix,
    makeStop: () => new AbortController(),
    isArchived: async () => false,
    onArrival: () => undefined,
    onWaiting: () => undefined,
    onError: () => undefined,
  });
  const fetch = (index: number, number: number) =>
    arrivals.forRuns.fetch(waiting(index, number)).then(
      () => 'fetched',
      (error: unknown) => error,
    );
  return { arrivals, asked, clock, fetch };
}

describe('a server that cannot be connected to', () => {
  it('is asked once in a while, however many files wait there, and others at once', async () => {
    const { arrivals, asked, clock, fetch } = openWorld({ isThere: false });
    for (let number = 0; number < 20; number += 1) expect(await fetch(0, number)).toBe(refusal);
    expect(asked).toEqual(['partner']);
    expect(await fetch(1, 0)).toBe(refusal);
    expect(asked).toEqual(['partner', 'other']);
    await clock.pass(4_999);
    await fetch(0, 0);
    expect(asked).toHaveLength(2);
    await clock.pass(1);
    for (let number = 0; number < 20; number += 1) await fetch(0, number);
    expect(asked).toEqual(['partner', 'other', 'partner']);
    await arrivals.close();
  });

  it('is asked for the next file at once where it was there, and lost the connection at one', async () => {
    const { arrivals, asked, fetch } = openWorld({ isThere: true });
    for (let number = 0; number < 3; number += 1) expect(await fetch(0, number)).toBe(refusal);
    expect(asked).toHaveLength(3);
    await arrivals.close();
  });
});
