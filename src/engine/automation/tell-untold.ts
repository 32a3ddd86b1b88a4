import type { ArrivalClaim, ArrivalClaims, UntoldClaim } from '../ports/arrival-claims.ts';
import type { FiringStore } from '../ports/firing-store.ts';
import type { RunEvent, UntoldEvents } from '../ports/run-events.ts';
import type { TriggerStore } from '../ports/trigger-store.ts';
import { claimedFile } from './claimed-files.ts';
import type { Arrival } from './file-arrivals.ts';

/** What telling works with that a server has left untold. */
export interface TellUntoldPorts {
  readonly untold: UntoldEvents;
  readonly claims: Pick<ArrivalClaims, 'untold' | 'note'>;
  readonly firings: Pick<FiringStore, 'get'>;
  readonly triggers: Pick<TriggerStore, 'get'>;
  readonly tellRun: (event: RunEvent) => Promise<unknown>;
  readonly tellArrival: (arrival: Arrival) => Promise<void>;
  readonly onError: (error: unknown, about: string) => void;
}

/** Things that are to be told, from one on. */
interface Untold<Item> {
  readonly find: (after: Item | undefined) => Promise<readonly Item[]>;
  readonly about: (item: Item) => string;
  readonly tell: (item: Item) => Promise<void>;
}

const AT_ONCE = 100;
/** What could not be told in one sweep; the next goes on behind it. */
const FAILED_AT_MOST = 200;

/**
 * Tells what happened so long ago and was not told: its server went away between the two. What another tells
 * at the same moment is told once. What can never be told keeps no other from it, however much it is.
 */
export class UntoldTeller {
  readonly #ports: TellUntoldPorts;
  #lastEvent: RunEvent | undefined;
  #lastClaim: UntoldClaim | undefined;

  constructor(ports: TellUntoldPorts) {
    this.#ports = ports;
  }

  /** Gives how many were told. */
  async tell(forMs: number): Promise<number> {
    const { untold, claims, tellRun } = this.#ports;
    const events = await this.#tellAll<RunEvent>(this.#lastEvent, {
      find: (after) => untold.untold(AT_ONCE, forMs, after),
      about: ({ runId }) => runId,
      tell: async (event) => {
        await tellRun(event);
        await untold.told(event);
      },
    });
    this.#lastEvent = events.last;
    const arrived = await this.#tellAll<UntoldClaim>(this.#lastClaim, {
      find: (after) => claims.untold(AT_ONCE, forMs, after),
      about: ({ id }) => id,
      tell: (claim) => tellClaim(claim, this.#ports),
    });
    this.#lastClaim = arrived.last;
    return events.told + arrived.told;
  }

  /** `last`: what the next sweep goes on behind; undefined where there is no more. */
  async #tellAll<Item>(
    from: Item | undefined,
    { find, about, tell }: Untold<Item>,
  ): Promise<{ readonly told: number; readonly last: Item | undefined }> {
    let last = from;
    let [told, failed] = [0, 0];
    for (;;) {
      const found = await find(last);
      for (const item of found) {
        try {
          await tell(item);
          told += 1;
        } catch (error) {
          this.#ports.onError(error, about(item));
          failed += 1;
        }
        last = item;
        if (failed >= FAILED_AT_MOST) return { told, last };
      }
      if (found.length < AT_ONCE) return { told, last: undefined };
    }
  }
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
  await claims.note(id, 'told');
}
