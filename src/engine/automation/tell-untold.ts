import type { ArrivalClaim, ArrivalClaims } from '../ports/arrival-claims.ts';
import type { FiringStore } from '../ports/firing-store.ts';
import type { RunEvent, UntoldEvents } from '../ports/run-events.ts';
import type { TriggerStore } from '../ports/trigger-store.ts';
import { claimedFile } from './claimed-files.ts';
import type { Arrival } from './file-arrivals.ts';

/** What telling works with that a server has left untold. */
export interface TellUntoldPorts {
  readonly untold: UntoldEvents;
  readonly claims: Pick<ArrivalClaims, 'untold' | 'remove'>;
  readonly firings: Pick<FiringStore, 'get'>;
  readonly triggers: Pick<TriggerStore, 'get'>;
  readonly tellRun: (event: RunEvent) => Promise<unknown>;
  readonly tellArrival: (arrival: Arrival) => Promise<void>;
  readonly onError: (error: unknown, about: string) => void;
}

/** Something that is to be told. */
interface Untold {
  readonly about: string;
  readonly tell: () => Promise<void>;
}

const AT_ONCE = 100;

/**
 * Tells what happened so long ago and was not told: its server went away between the two. What another tells
 * at the same moment is told once. Gives how many were told.
 */
export async function tellUntold(ports: TellUntoldPorts, forMs: number): Promise<number> {
  const { untold, claims } = ports;
  const ofRuns = async (): Promise<readonly Untold[]> =>
    (await untold.untold(AT_ONCE, forMs)).map((event) => ({
      about: event.runId,
      tell: async () => {
        await ports.tellRun(event);
        await untold.told(event);
      },
    }));
  const ofFiles = async (): Promise<readonly Untold[]> =>
    (await claims.untold(AT_ONCE, forMs)).map((claim) => ({
      about: claim.id,
      tell: () => tellClaim(claim, ports),
    }));
  let told = 0;
  for (const find of [ofRuns, ofFiles]) {
    for (;;) {
      const found = await find();
      const done = await tellEach(found, ports);
      told += done;
      // What could not be told now comes again another time.
      if (found.length < AT_ONCE || done < found.length) break;
    }
  }
  return told;
}

/** One that cannot be told keeps no other from it. Gives how many could. */
async function tellEach(
  found: readonly Untold[],
  { onError }: Pick<TellUntoldPorts, 'onError'>,
): Promise<number> {
  let told = 0;
  for (const { about, tell } of found) {
    try {
      await tell();
      told += 1;
    } catch (error) {
      onError(error, about);
    }
  }
  return told;
}

async function tellClaim(
  { id, triggerId }: ArrivalClaim,
  { firings, triggers, claims, tellArrival }: TellUntoldPorts,
): Promise<void> {
  const [firing, trigger] = [await firings.get(id), await triggers.get(triggerId)];
  const file = firing && claimedFile(firing);
  if (firing !== undefined && trigger !== undefined && file !== undefined) {
    await tellArrival({ trigger, firingId: id, atMs: firing.dueMs, file });
  }
  await claims.remove(id);
}
