import type { ClaimedFile } from '../ports/arrival-folder.ts';
import type { Clock } from '../ports/clock.ts';
import type { Firing, FiringStore } from '../ports/firing-store.ts';

/** A claim, and its firing where it has one. */
export interface KnownClaim {
  readonly claim: ClaimedFile;
  readonly firing: Firing | undefined;
}

/** Thousands may wait for their runs: the store is asked about so many at once. */
const CLAIMS_AT_ONCE = 100;

/** Claims with their firings, in their order. All else has its turn in between. */
export async function* knownClaims(
  claims: readonly ClaimedFile[],
  {
    firings,
    clock,
  }: { readonly firings: Pick<FiringStore, 'getAll'>; readonly clock: Pick<Clock, 'breathe'> },
): AsyncGenerator<KnownClaim> {
  for (let at = 0; at < claims.length; at += CLAIMS_AT_ONCE) {
    const some = claims.slice(at, at + CLAIMS_AT_ONCE);
    const found = await firings.getAll(some.map(({ claimId }) => claimId));
    const byId = new Map(found.map((firing) => [firing.id, firing]));
    for (const claim of some) yield { claim, firing: byId.get(claim.claimId) };
    await clock.breathe();
  }
}
