import type { ArrivalClaims } from '../ports/arrival-claims.ts';
import type { ArrivalFolders } from '../ports/arrival-folder.ts';
import type { Clock } from '../ports/clock.ts';
import type { Firing, FiringStore } from '../ports/firing-store.ts';
import type { StoredTrigger } from '../ports/trigger-store.ts';
import { isClaimOf, isOpen, whereTo } from './claimed-files.ts';
import { knownClaims } from './known-claims.ts';

interface ReleasePorts {
  readonly folders: ArrivalFolders;
  readonly firings: Pick<FiringStore, 'getAll'>;
  readonly claims: Pick<ArrivalClaims, 'note'>;
  readonly clock: Pick<Clock, 'breathe'>;
}

/**
 * Lets go of what a trigger has claimed, for it is to watch nothing any more, or something else. Gives
 * what is still to be done with a file of it, where there is something: then nothing was let go.
 */
export async function releaseClaims(
  trigger: StoredTrigger,
  ports: ReleasePorts,
): Promise<string | undefined> {
  const folder = await ports.folders.open(trigger);
  if (folder === undefined) return undefined;
  try {
    // Those that could not be seen would lie there for ever.
    const claims = await folder.claims({ isWhole: true });
    const known: [claimId: string, firing: Firing | undefined][] = [];
    for await (const { claim, firing } of knownClaims(claims, ports)) {
      known.push([claim.claimId, firing && isClaimOf(firing, trigger) ? firing : undefined]);
    }
    const [, open] = known.find(([, firing]) => firing !== undefined && isOpen(firing)) ?? [];
    if (open !== undefined) return open.runId ?? open.id;
    for (const [claimId, firing] of known) {
      await folder.putAway(claimId, (firing && whereTo(firing)) ?? 'back');
      await ports.claims.note(claimId, 'away');
    }
    return undefined;
  } finally {
    await folder.close();
  }
}
