import { describe, expect, it } from 'vitest';
import {
  RETRY_AFTER_MS,
  WebhookDispatcher,
} from '../../../src/engine/hosting/webhook-dispatcher.ts';
import type {
  DueDelivery,
  WebhookAttempt,
  WebhookStore,
} from '../../../src/engine/ports/webhook-store.ts';

/** One message that is due whenever its time has come, on a clock that jumps to it. */
function world(answer: (attempt: number) => number | Error) {
  let nowMs = 0;
  let dueAtMs: number | undefined = 0;
  let attempts: readonly WebhookAttempt[] = [];
  let isEnabled = true;
  const disabled: string[] = [];
  const webhook = {
    id: 'whk_1',
    accountId: 'a',
    runId: undefined,
    url: 'https://example.com/',
    events: ['run.ended'] as const,
    description: undefined,
    isEnabled: true,
    disabledReason: undefined,
    failures: 0,
    createdAtMs: 0,
  };
  const done = deferred();
  const store: Pick<WebhookStore, 'claimDue' | 'settle' | 'update'> = {
    claimDue: async () => {
      if (dueAtMs === undefined || !isEnabled) return [];
      nowMs = Math.max(nowMs, dueAtMs);
      dueAtMs = undefined;
      const delivery: DueDelivery = {
        id: 'msg_1',
        webhookId: webhook.id,
        runId: undefined,
        type: 'run.ended',
        payload: '{}',
        status: 'pending',
        createdAtMs: 0,
        dueAtMs: undefined,
        attempts,
        webhook,
        secrets: ['whsec_x'],
      };
      return [delivery];
    },
    settle: async (_, outcome) => {
      attempts = [...attempts, outcome.attempt];
      dueAtMs = outcome.retryAfterMs === undefined ? undefined : nowMs + outcome.retryAfterMs;
      if (outcome.status !== 'pending') setImmediate(() => done.resolve());
      return outcome.status === 'delivered' ? 0 : attempts.length;
    },
    update: async (_, change) => {
      isEnabled = change.isEnabled ?? isEnabled;
      setImmediate(() => done.resolve());
    },
  };
  const start = (options = {}) => {
    const dispatcher = new WebhookDispatcher(
      {
        // The dispatcher calls these three.
        store: store as WebhookStore,
        send: async () => {
          const given = answer(attempts.length + 1);
          if (given instanceof Error) throw given;
          return { status: given, body: '' };
        },
        clock: {
          now: () => nowMs,
          sleep: (_ms, signal) =>
            new Promise((resolve) => {
              const immediate = setImmediate(resolve);
              signal.addEventListener('abort', () => {
                clearImmediate(immediate);
                resolve();
              });
            }),
          breathe: async () => undefined,
        },
        makeStop: () => new AbortController(),
        onDisabled: async (_, reason) => void disabled.push(reason),
        onError: (error) => done.reject(error),
      },
      options,
    );
    dispatcher.open();
    return dispatcher;
  };
  return { start, done: done.promise, disabled, attempts: () => attempts };
}

describe('a message that is not taken', () => {
  it('is sent again after 5 s … 24 h, and its webhook disabled after the last', async () => {
    const { start, done, disabled, attempts } = world(() => 500);
    const dispatcher = start();
    await done;
    await dispatcher.close();
    const times = attempts().map(({ atMs }) => atMs);
    expect(times.slice(1).map((time, index) => time - (times[index] ?? 0))).toEqual(RETRY_AFTER_MS);
    expect(RETRY_AFTER_MS.at(0)).toBe(5_000);
    expect(RETRY_AFTER_MS.at(-1)).toBe(24 * 60 * 60 * 1_000);
    expect(disabled).toEqual(['a message could not be delivered at any of its attempts']);
  });

  it('is sent no more once it is taken', async () => {
    const { start, done, disabled, attempts } = world((attempt) =>
      attempt < 3 ? new Error('connection refused') : 204,
    );
    const dispatcher = start();
    await done;
    await dispatcher.close();
    expect(attempts().map(({ status, error }) => status ?? error)).toEqual([
      'connection refused',
      'connection refused',
      204,
    ]);
    expect(disabled).toEqual([]);
  });

  it('disables its webhook after so many failures in a row', async () => {
    const { start, done, disabled } = world(() => 500);
    const dispatcher = start({ maxFailures: 3 });
    await done;
    await dispatcher.close();
    expect(disabled).toEqual(['3 attempts in a row failed']);
  });
});

function deferred() {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((resolveIt, rejectIt) => {
    resolve = resolveIt;
    reject = rejectIt;
  });
  return { promise, resolve: () => resolve(), reject: (error: unknown) => reject(error) };
}
