import { RowmillError } from '../errors.ts';
import type { ArrivalClaims } from '../ports/arrival-claims.ts';
import type { ArrivalFolders } from '../ports/arrival-folder.ts';
import type { Clock } from '../ports/clock.ts';
import type { Firing, FiringStore } from '../ports/firing-store.ts';
import type { StoredTrigger } from '../ports/trigger-store.ts';
import { isClaimOf, isOpen, waitsForAnotherLook, whatIsOpen, whereTo } from './claimed-files.ts';
import { knownClaims } from './known-claims.ts';

interface ReleasePorts {
  readonly folders: ArrivalFolders;
  readonly firings: Pick<FiringStore, 'getAll'>;
  readonly claims: Pick<ArrivalClaims, 'lying' | 'note'>;
  readonly clock: Pick<Clock, 'breathe'>;
}

/**
 * Lets go of what a trigger has claimed, for it is to watch nothing any more, or something else. Gives
 * what is still to be done with a file of it, for a person, where there is something: then nothing was let go.
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
    const atWork = open ?? (await openElsewhere(trigger, ports));
    if (atWork !== undefined) return whatIsOpen(atWork);
    for (const [claimId, firing] of known) {
      await folder.putAway(claimId, (firing && whereTo(firing)) ?? 'back');
      await ports.claims.note(claimId, 'away');
    }
    return undefined;
  } finally {
    await folder.close();
  }
}

/**
 * What is still to be done with a file that does not lie here: a folder of this name may be on the disk of
 * another server too. Throws `usage` where one is there that only a server there can put away.
 */
async function openElsewhere(
  trigger: StoredTrigger,
  ports: ReleasePorts,
): Promise<Firing | undefined> {
  const lying = await ports.claims.lying(trigger.id);
  const here = ports.folders.placeOf(trigger);
  let elsewhere: Firing | undefined;
  const claims = lying.map((claimId) => ({ claimId, file: undefined }));
  for await (const { firing } of knownClaims(claims, ports)) {
    if (firing === undefined) continue;
    const isHere = firing.place === here;
    if (isOpen(firing) && (isHere || firing.verdict === 'fired')) return firing;
    // What waits for another look goes back there when the trigger is gone.
    if (!isHere && !waitsForAnotherLook(firing)) elsewhere ??= firing;
  }
  if (elsewhere === undefined) return undefined;
  const { id, place } = elsewhere;
  const message = `the file of ${id} lies on the disk of another server, ${place}, which is not done with it`;
  throw new RowmillError('usage', message);
}
