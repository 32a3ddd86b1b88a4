import type { Clock } from '../ports/clock.ts';
import type { ClaimedFiring, Firing, FiringStore } from '../ports/firing-store.ts';
import { isClaim } from './claimed-files.ts';

interface FiringsApartPorts {
  readonly firings: Pick<FiringStore, 'renew' | 'postpone'>;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  /** Decides a firing. Never throws. */
  readonly decide: (firing: ClaimedFiring) => Promise<void>;
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
  readonly #deciding = new Map<string, Promise<void>>();

  constructor(ports: FiringsApartPorts) {
    this.#ports = ports;
    this.#closing = ports.makeStop();
  }

  /** Firings of one job, in their order. Gives the end of it, which need not be waited for. */
  add(jobId: string, firings: readonly ClaimedFiring[]): Promise<void> {
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
    before: Promise<void> | undefined,
  ): Promise<void> {
    const open = new Set(firings);
    const done = this.#ports.makeStop();
    const renewing = this.#renew(open, done.signal);
    await before;
    for (const firing of firings) {
      if (this.#closing.signal.aborted) await this.#leave(firing);
      else await this.#ports.decide(firing);
      open.delete(firing);
    }
    done.abort();
    await renewing;
  }

  async #leave(firing: ClaimedFiring): Promise<void> {
    const { firings, onError } = this.#ports;
    // Where that fails, the claim ends by itself.
    await firings.postpone(firing, 0).catch((error: unknown) => onError(error, firing.id));
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
