import { expect, it } from 'vitest';
import { UntoldTeller } from '../../../src/engine/automation/tell-untold.ts';
import type { UntoldClaim } from '../../../src/engine/ports/arrival-claims.ts';
import type { RunEvent } from '../../../src/engine/ports/run-events.ts';

const MANY = 450;
const FOR_MS = 30_000;

/** Events and claims that nobody was told of: of the first so many nobody ever can be. */
function openWorld(hopeless: number) {
  const ids = Array.from({ length: hopeless + 1 }, (_, index) => index);
  let events: readonly RunEvent[] = ids.map((number) => ({
    runId: number < hopeless ? 'run_hopeless' : 'run_good',
    number,
    type: 'ended',
    atMs: number,
    data: {},
  }));
  let claims: readonly UntoldClaim[] = ids.map((createdAtMs) => ({
    id: createdAtMs < hopeless ? `fir_hopeless_${createdAtMs}` : 'fir_good',
    triggerId: 'sch_a',
    isTold: false,
    createdAtMs,
  }));
  const told: string[] = [];
  const failed: string[] = [];
  const teller = new UntoldTeller({
    untold: {
      untold: async (limit, _, after) =>
        events.filter(({ atMs }) => atMs > (after?.atMs ?? -1)).slice(0, limit),
      told: async ({ number }) => {
        events = events.filter((event) => event.number !== number);
      },
    },
    claims: {
      untold: async (limit, _, after) =>
        claims
          .filter(({ createdAtMs }) => createdAtMs > (after?.createdAtMs ?? -1))
          .slice(0, limit),
      note: async (id) => {
        claims = claims.filter((claim) => claim.id !== id);
      },
    },
    firings: {
      async get(id) {
        if (id !== 'fir_good') throw new Error('it cannot be read');
        told.push(id);
        return undefined;
      },
    },
    triggers: { get: async () => undefined },
    async tellRun({ runId }) {
      if (runId !== 'run_good') throw new Error('it cannot be told');
      told.push(runId);
    },
    tellArrival: async () => undefined,
    onError: (_, about) => void failed.push(about),
  });
  return { teller, told, failed, left: () => [events.length, claims.length] };
}

it('what can never be told keeps no other from it, with so much work at a time', async () => {
  const { teller, told, failed, left } = openWorld(MANY);
  for (let sweeps = 0; sweeps < 3; sweeps += 1) {
    const before = failed.length;
    await teller.tell(FOR_MS);
    expect(failed.length - before).toBeLessThanOrEqual(2 * 200);
  }
  expect(told).toEqual(['run_good', 'fir_good']);
  expect(left()).toEqual([MANY, MANY]);
});

it('what could not be told comes again', async () => {
  const { teller, failed } = openWorld(150);
  expect(await teller.tell(FOR_MS)).toBe(2);
  expect(failed).toHaveLength(300);
  expect(await teller.tell(FOR_MS)).toBe(0);
  expect(failed).toHaveLength(600);
});
