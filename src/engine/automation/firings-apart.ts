import type { Clock } from '../ports/clock.ts';
import type { ClaimedFiring, Firing, FiringStore } from '../ports/firing-store.ts';
import { isClaim } from './claimed-files.ts';

type Decide = (
  firing: ClaimedFiring,
  refusedForMs: number | undefined,
) => Promise<number | undefined>;

interface FiringsApartPorts {
  readonly firings: Pick<FiringStore, 'renew'>;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  /**
   * Decides a firing. Gives for how long its job refuses files now, where it does: what the next of the job
   * is decided with. Never throws.
   */
  readonly decide: Decide;
  /** Lets a firing wait. Never throws. */
  readonly postpone: (firing: ClaimedFiring, forMs: number) => Promise<void>;
  readonly onError: (error: unknown, about: string | undefined) => void;
}

/** Well before the claim of a firing ends. */
const RENEW_EVERY_MS = 10_000;

/**
 * Decides firings beside all others, and keeps their claims meanwhile: a file that has to come from a
 * server elsewhere takes its time, and keeps nobody else waiting.
 */
export class FiringsApart {
  readonly #ports: FiringsApartPorts;
  readonly #closing: AbortController;
  /** What is under way, by job: those of one job are decided one after another. */
  readonly #deciding = new Map<string, Promise<boolean>>();

  constructor(ports: FiringsApartPorts) {
    this.#ports = ports;
    this.#closing = ports.makeStop();
  }

  /** Jobs of which something is under way: more of them would only wait for that, and be kept from others. */
  get jobs(): ReadonlySet<string> {
    return new Set(this.#deciding.keys());
  }

  /**
   * Firings of one job, in their order. Gives the end of it, which need not be waited for: whether the job
   * refuses files now.
   */
  add(jobId: string, firings: readonly ClaimedFiring[]): Promise<boolean> {
    const before = this.#deciding.get(jobId);
    const deciding = this.#decideAll(firings, before).finally(() => {
      if (this.#deciding.get(jobId) === deciding) this.#deciding.delete(jobId);
    });
    this.#deciding.set(jobId, deciding);
    return deciding;
  }

  /** What is being decided is decided first; what waits for that is left to others. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#deciding.values());
  }

  async #decideAll(
    firings: readonly ClaimedFiring[],
    before: Promise<boolean> | undefined,
  ): Promise<boolean> {
    const open = new Set(firings);
    const done = this.#ports.makeStop();
    const renewing = this.#renew(open, done.signal);
    await before;
    let refusedForMs: number | undefined;
    for (const firing of firings) {
      if (this.#closing.signal.aborted) await this.#ports.postpone(firing, 0);
      else refusedForMs = await this.#ports.decide(firing, refusedForMs);
      open.delete(firing);
    }
    done.abort();
    await renewing;
    return refusedForMs !== undefined;
  }

  async #renew(open: ReadonlySet<ClaimedFiring>, done: AbortSignal): Promise<void> {
    const { firings, clock, onError } = this.#ports;
    for (;;) {
      await clock.sleep(RENEW_EVERY_MS, done);
      for (const firing of open) {
        if (done.aborted) return;
        await firings.renew(firing).catch((error: unknown) => onError(error, firing.id));
      }
      if (done.aborted) return;
    }
  }
}

/** Whether its file lies on a server elsewhere. */
export function isFileElsewhere(firing: Firing): boolean {
  return isClaim(firing) && firing.place === undefined;
}
