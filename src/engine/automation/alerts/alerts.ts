import type { Clock } from '../../ports/clock.ts';
import type { MakeId } from '../../ports/ids.ts';
import type { AlertStore } from '../../ports/alert-store.ts';
import { alertPayload, type PublicUrl } from './alert-message.ts';
import type { AlertRule } from './alert-rule.ts';
import { judgeRun, judgeTimes, type JudgeWorld } from './judge.ts';

interface AlertsPorts {
  readonly store: AlertStore;
  readonly clock: Clock;
  readonly makeId: MakeId;
  readonly makeStop: () => AbortController;
  readonly publicUrl: PublicUrl;
  /** A message may be due. */
  readonly onTold: () => void;
  readonly onError: (error: unknown, about: string) => void;
}

/** Ends of runs that another server kept, and whose news did not come, are looked for so often. */
const SWEEP_EVERY_MS = 5_000;

/** Looks at every run that ends, and at the clock, for what rules watch for. */
export class Alerts {
  readonly #ports: AlertsPorts;
  readonly #closing: AbortController;
  #wake: AbortController;
  #working: Promise<void> | undefined;

  constructor(ports: AlertsPorts) {
    this.#ports = ports;
    this.#closing = ports.makeStop();
    this.#wake = ports.makeStop();
  }

  open(): void {
    this.#working ??= this.#work();
  }

  /** A run may have ended. */
  wake(): void {
    this.#wake.abort();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await this.#working;
  }

  /** Looks at all runs that have ended and that nobody has looked at. */
  async judgeEnded(): Promise<void> {
    const { store, clock, onTold } = this.#ports;
    const next = () => store.judgeNext((run, watched) => judgeRun(run, watched, this.#world()));
    while (!this.#closing.signal.aborted && (await next())) {
      onTold();
      await clock.breathe();
    }
  }

  /** Looks at the clock; gives how many alerts have begun, are over, or are told after all. */
  async judgeTimes(): Promise<number> {
    const { store, clock, onTold } = this.#ports;
    const changes = await store.judgeTimes(Math.floor(clock.now()), (watched) =>
      judgeTimes(watched, this.#world()),
    );
    if (changes > 0) onTold();
    return changes;
  }

  /** Sends what was held through quiet hours that are over; gives how many messages. */
  async release(): Promise<number> {
    const { store, clock, onTold } = this.#ports;
    const released = await store.release(Math.floor(clock.now()));
    if (released > 0) onTold();
    return released;
  }

  /** Tells all who are told of a rule that this is a test. Quiet hours do not hold it. */
  async test(rule: AlertRule): Promise<void> {
    const { store, clock, makeId, publicUrl, onTold } = this.#ports;
    const atMs = Math.floor(clock.now());
    const facts = {
      incidentId: undefined,
      subject: 'test',
      summary: `this is a test of the alert ${rule.name}`,
      text: `This is a test of the alert ${rule.name}. Nothing has happened.`,
      runId: undefined,
      openedAtMs: atMs,
      resolvedAtMs: undefined,
    };
    const payload = alertPayload(rule, 'alert.test', { facts, atMs, publicUrl });
    await store.tell(rule, makeId('inc'), { type: 'alert.test', payload, heldUntilMs: undefined });
    onTold();
  }

  async #work(): Promise<void> {
    const { clock, makeStop, onError } = this.#ports;
    while (!this.#closing.signal.aborted) {
      this.#wake = makeStop();
      // Who closes while the line above is reached must not be waited for.
      if (this.#closing.signal.aborted) return;
      await this.judgeEnded().catch((error: unknown) => onError(error, 'alerts'));
      await clock.sleep(SWEEP_EVERY_MS, this.#wake.signal);
    }
  }

  #world(): JudgeWorld {
    const { clock, makeId, publicUrl } = this.#ports;
    return { nowMs: Math.floor(clock.now()), makeIncidentId: () => makeId('inc'), publicUrl };
  }
}
