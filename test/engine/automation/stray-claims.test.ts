import { expect, it } from 'vitest';
import { readTrigger } from '../../../src/engine/automation/read-trigger.ts';
import { StrayClaims } from '../../../src/engine/automation/stray-claims.ts';
import { messageOf, RowmillError } from '../../../src/engine/errors.ts';
import { TestClock } from './test-clock.ts';

const never = (): never => {
  throw new Error('nothing asks for it here');
};

/** What becomes of three claims that no trigger looks for, where the first goes wrong. */
async function sweepWhereOneFails(error: Error) {
  const definition = readTrigger({ kind: 'file', folder: 'in', sftp: 'partner' });
  const asked: string[] = [];
  const told: string[] = [];
  const strays = new StrayClaims({
    triggers: { get: async () => undefined },
    claims: {
      strays: async () =>
        ['fir_1', 'fir_2', 'fir_3'].map((id) => ({
          id,
          ageMs: 60_000,
          createdAtMs: 0,
          trigger: { id: 'sch_a', accountId: 'acme', definition },
        })),
      remove: async () => undefined,
    },
    folders: {
      open: async () => ({
        async putAway(claimId) {
          asked.push(claimId);
          if (claimId === 'fir_1') throw error;
        },
        close: async () => undefined,
        files: never,
        claims: never,
        claim: never,
        claimAgain: never,
        removeEmpty: never,
        fetch: never,
      }),
      placeOf: () => undefined,
    },
    place: 'here',
    clock: new TestClock(0),
    makeStop: () => new AbortController(),
    onError: (wrong) => void told.push(messageOf(wrong)),
  });
  await strays.sweep();
  await strays.sweep();
  return { asked, told };
}

it('a claim that cannot be put back keeps no other of its folder from it, and is told once', async () => {
  const { asked, told } = await sweepWhereOneFails(new RowmillError('sftp_failed', 'denied'));
  expect(asked).toEqual(['fir_1', 'fir_2', 'fir_3', 'fir_1', 'fir_2', 'fir_3']);
  expect(told).toEqual(['denied']);
});

it('a server that cannot be reached is asked once in a look', async () => {
  const { asked, told } = await sweepWhereOneFails(new RowmillError('sftp_unreachable', 'away'));
  expect(asked).toEqual(['fir_1', 'fir_1']);
  expect(told).toEqual(['away']);
});
