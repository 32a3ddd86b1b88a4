import { messageOf } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  DeliveryOutcome,
  DueDelivery,
  WebhookAttempt,
  WebhookStore,
} from '../ports/webhook-store.ts';

/** One signed POST. Throws when there is no answer. */
export type SendWebhook = (
  message: Pick<DueDelivery, 'id' | 'payload' | 'secrets'> & {
    readonly url: string;
    readonly signal: AbortSignal;
  },
) => Promise<{ readonly status: number; readonly body: string }>;

interface DispatcherPorts {
  readonly store: WebhookStore;
  readonly send: SendWebhook;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  /** A webhook was disabled, and why. */
  readonly onDisabled: (delivery: DueDelivery, reason: string) => Promise<void>;
  readonly onAttempt?: (attempt: WebhookAttempt) => void;
  readonly onError: (error: unknown, about: string | undefined) => void;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long is waited after the first, second, … attempt that failed. */
export const RETRY_AFTER_MS: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
];

/** A webhook that failed so often in a row is disabled. */
const MAX_FAILURES = 100;
/** A receiver that takes longer has failed. */
const TIMEOUT_MS = 15 * SECOND;
const SWEEP_EVERY_MS = SECOND;
const AT_ONCE = 16;
/** What is kept of an answer. */
const BODY_CHARACTERS = 500;
/** The receiver says that it is gone for good. */
const GONE = 410;

/**
 * Delivers what the store says is due: each message at least once, through every end of the process, and
 * again with growing pauses until it is taken.
 */
export class WebhookDispatcher {
  readonly #ports: DispatcherPorts;
  readonly #maxFailures: number;
  readonly #closing: AbortController;
  readonly #sending = new Set<Promise<void>>();
  #wake: AbortController | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(ports: DispatcherPorts, { maxFailures = MAX_FAILURES } = {}) {
    this.#ports = ports;
    this.#maxFailures = maxFailures;
    this.#closing = ports.makeStop();
  }

  open(): void {
    this.#sweeping ??= this.#sweep();
  }

  /** A delivery may have become due. */
  wake(): void {
    this.#wake?.abort();
  }

  /** What is on its way is broken off; it is delivered after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake?.abort();
    await this.#sweeping;
    await Promise.all(this.#sending);
  }

  async #sweep(): Promise<void> {
    const { clock, store, onError, makeStop } = this.#ports;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#wake = makeStop();
      try {
        const free = AT_ONCE - this.#sending.size;
        const due = free > 0 ? await store.claimDue(free) : [];
        for (const delivery of due) this.#begin(delivery);
      } catch (error) {
        onError(error, undefined);
      }
      await clock.sleep(SWEEP_EVERY_MS, this.#wake.signal);
    }
  }

  #begin(delivery: DueDelivery): void {
    const sending = this.#deliver(delivery)
      .catch((error: unknown) => this.#ports.onError(error, delivery.id))
      .finally(() => {
        this.#sending.delete(sending);
        this.wake();
      });
    this.#sending.add(sending);
  }

  async #deliver(delivery: DueDelivery): Promise<void> {
    const { store, onAttempt, onDisabled } = this.#ports;
    const attempt = await this.#attempt(delivery);
    if (attempt === undefined) return;
    onAttempt?.(attempt);
    const outcome = outcomeOf(attempt, delivery.attempts.length);
    const failures = await store.settle(delivery, outcome);
    const reason = this.#reasonToDisable(outcome, failures);
    // A person is told the next time, too: what was wrong was most likely the server of mail.
    if (reason === undefined || delivery.webhook.url.startsWith('mailto:')) return;
    await store.update(delivery.webhookId, { isEnabled: false, disabledReason: reason });
    await onDisabled(delivery, reason);
  }

  /** Undefined when the server is ending: nothing is known of it. */
  async #attempt(delivery: DueDelivery): Promise<WebhookAttempt | undefined> {
    const { clock, send, makeStop } = this.#ports;
    const atMs = clock.now();
    const stop = makeStop();
    const end = (): void => stop.abort();
    this.#closing.signal.addEventListener('abort', end, { once: true });
    const timer = makeStop();
    void this.#abortLate(stop, timer.signal);
    const done = (rest: Pick<WebhookAttempt, 'status' | 'body' | 'error'>): WebhookAttempt => ({
      atMs,
      durationMs: Math.round(clock.now() - atMs),
      ...rest,
    });
    try {
      const { id, payload, secrets, webhook } = delivery;
      const { status, body } = await send({
        id,
        payload,
        secrets,
        url: webhook.url,
        signal: stop.signal,
      });
      return done({ status, body: body.slice(0, BODY_CHARACTERS), error: undefined });
    } catch (error) {
      if (this.#closing.signal.aborted) return undefined;
      return done({ status: undefined, body: undefined, error: messageOf(error) });
    } finally {
      timer.abort();
      this.#closing.signal.removeEventListener('abort', end);
    }
  }

  async #abortLate(stop: AbortController, answered: AbortSignal): Promise<void> {
    await this.#ports.clock.sleep(TIMEOUT_MS, answered);
    if (!answered.aborted) stop.abort(new Error(`no answer within ${TIMEOUT_MS / SECOND} s`));
  }

  #reasonToDisable({ attempt, status }: DeliveryOutcome, failures: number): string | undefined {
    if (attempt.status === GONE) return 'its receiver answered 410 Gone';
    if (status === 'failed') return 'a message could not be delivered at any of its attempts';
    return failures >= this.#maxFailures ? `${failures} attempts in a row failed` : undefined;
  }
}

function outcomeOf(attempt: WebhookAttempt, before: number): DeliveryOutcome {
  const { status } = attempt;
  if (status !== undefined && status >= 200 && status < 300) {
    return { attempt, status: 'delivered', retryAfterMs: undefined };
  }
  const retryAfterMs = status === GONE ? undefined : RETRY_AFTER_MS[before];
  return { attempt, status: retryAfterMs === undefined ? 'failed' : 'pending', retryAfterMs };
}
