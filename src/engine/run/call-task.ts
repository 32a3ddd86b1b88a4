import { messageOf, RowmillError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import { isOutcome, type ReadableOutcome } from '../task/outcome.ts';
import type { RetryPolicy } from '../task/task.ts';
import type { TaskLog } from '../task/run-context.ts';

/** What came of a call: an outcome, never `retry`; or `interrupted`, when a stop ended the waiting for a retry. */
export type CallResult = Exclude<ReadableOutcome, { kind: 'retry' }> | 'interrupted';

/** What a call needs to know of the run. */
export interface CallOptions {
  readonly retry: RetryPolicy | undefined;
  readonly clock: Clock;
  /** Ends the waiting between retries. */
  readonly stopSignal: AbortSignal;
  readonly log: TaskLog;
  /** Name of the task and the outcomes it may give, for the message when it gives something else. */
  readonly taskName: string;
  readonly allowedOutcomes: string;
}

const DEFAULT_BACKOFF_MS = 500;
const DEFAULT_MAX_BACKOFF_MS = 60_000;

/**
 * Calls a task for one row and reads what it gives: at once for a plain value, through a Promise only
 * where the task gave one or a retry has to wait. A throw is a failed row.
 */
export function callTask(
  call: () => unknown,
  rowNumber: number,
  options: CallOptions,
): CallResult | Promise<CallResult> {
  let given: unknown;
  try {
    given = call();
  } catch (error) {
    return afterThrow(error, { call, rowNumber, attempt: 1 }, options);
  }
  if (given instanceof Promise || isThenable(given)) {
    return awaitGiven(given, { call, rowNumber, attempt: 1 }, options);
  }
  const outcome = readOutcome(given, rowNumber, options);
  return outcome.kind === 'retry'
    ? tryAgain(outcome.value, { call, rowNumber, attempt: 1 }, options)
    : outcome;
}

interface Attempt {
  readonly call: () => unknown;
  readonly rowNumber: number;
  readonly attempt: number;
}

async function awaitGiven(
  given: PromiseLike<unknown>,
  attempt: Attempt,
  options: CallOptions,
): Promise<CallResult> {
  let value: unknown;
  try {
    value = await given;
  } catch (error) {
    return afterThrow(error, attempt, options);
  }
  const outcome = readOutcome(value, attempt.rowNumber, options);
  return outcome.kind === 'retry' ? tryAgain(outcome.value, attempt, options) : outcome;
}

function afterThrow(
  error: unknown,
  attempt: Attempt,
  options: CallOptions,
): CallResult | Promise<CallResult> {
  const message = `crashed: ${messageOf(error)}`;
  const failure = { code: 'crashed', message };
  if (options.retry?.onThrow === true) {
    return tryAgain({ failure, afterMs: undefined }, attempt, options);
  }
  options.log.error(message, {
    row: attempt.rowNumber,
    stack: error instanceof Error ? error.stack : undefined,
  });
  return { kind: 'fail', value: failure, next: undefined, hasNext: false };
}

async function tryAgain(
  { failure, afterMs }: Extract<ReadableOutcome, { kind: 'retry' }>['value'],
  { call, rowNumber, attempt }: Attempt,
  options: CallOptions,
): Promise<CallResult> {
  const { retry, clock, stopSignal } = options;
  if (attempt >= (retry?.attempts ?? 1)) {
    const message =
      attempt === 1 ? failure.message : `${failure.message} (after ${attempt} attempts)`;
    return { kind: 'fail', value: { ...failure, message }, next: undefined, hasNext: false };
  }
  const backoffMs = (retry?.backoffMs ?? DEFAULT_BACKOFF_MS) * 2 ** (attempt - 1);
  const pauseMs = Math.min(afterMs ?? backoffMs, retry?.maxBackoffMs ?? DEFAULT_MAX_BACKOFF_MS);
  await clock.sleep(Math.max(0, pauseMs), stopSignal);
  if (stopSignal.aborted) return 'interrupted';
  const again: Attempt = { call, rowNumber, attempt: attempt + 1 };
  let given: unknown;
  try {
    given = call();
  } catch (error) {
    return afterThrow(error, again, options);
  }
  return awaitGiven(Promise.resolve(given), again, options);
}

/** Refuses whatever is not an outcome: it must never count as success. */
export function readOutcome(
  given: unknown,
  rowNumber: number,
  { taskName, allowedOutcomes }: Pick<CallOptions, 'taskName' | 'allowedOutcomes'>,
): ReadableOutcome {
  if (isOutcome(given)) {
    if (given.kind !== 'stop' || given.value === undefined) return given;
    const { value: last } = given;
    if (isOutcome(last) && last.kind !== 'stop' && last.kind !== 'retry') return given;
  }
  throw new RowmillError(
    'contract_broken',
    `row ${rowNumber}: the task ${taskName} gave ${describe(given)}, which is no outcome. Allowed: ${allowedOutcomes}`,
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing (undefined)';
  if (typeof value === 'function') return 'a function';
  if (isOutcome(value)) return 'stop() of an outcome that cannot be the last one';
  let shown: string | undefined;
  try {
    shown = JSON.stringify(value);
  } catch {
    shown = undefined;
  }
  return (shown ?? String(value)).slice(0, 200);
}
