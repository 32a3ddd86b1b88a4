import { messageOf, RowmillError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { isOutcome, type ReadableOutcome } from '../../task/outcome.ts';
import type { RetryPolicy } from '../../task/task.ts';
import { RunHalted } from '../../task/task-errors.ts';
import type { RunContext, TaskLog } from '../../task/run-context.ts';
import { redactOutcome } from '../secrets/redact-outcome.ts';
import type { RunSecrets } from '../secrets/run-secrets.ts';

/** What came of a call: an outcome, never `retry`; or `interrupted`, when a stop ended the waiting for a retry. */
export type CallResult = Exclude<ReadableOutcome, { kind: 'retry' }> | 'interrupted';

/** What a call needs to know of the run. */
export interface CallOptions {
  readonly retry: RetryPolicy | undefined;
  readonly clock: Clock;
  /** Ends the waiting between retries. */
  readonly stopSignal: AbortSignal;
  readonly log: TaskLog;
  /** What it was given of these is in nothing that it says. */
  readonly secrets: RunSecrets;
  /** Name of the task and the outcomes it may give, for the message when it gives something else. */
  readonly taskName: string;
  readonly allowedOutcomes: string;
  /** A step that throws ends the run: with its state unchanged it would throw for ever. */
  readonly throwEndsRun?: boolean;
}

const DEFAULT_BACKOFF_MS = 500;
const DEFAULT_MAX_BACKOFF_MS = 60_000;

/** A task's function, with its type parameters gone. */
export type TaskFunction = (row: never, state: never, run: never) => unknown;

/** One call, so that it can be made again. */
interface Attempt {
  readonly row: unknown;
  readonly state: unknown;
  readonly run: RunContext;
  /** 1 is the first call. */
  readonly attempt: number;
}

/**
 * Calls a task for one row and reads what it gives: at once for a plain value, through a Promise only
 * where the task gave one or a retry has to wait. A throw is a failed row.
 */
export class TaskCaller {
  readonly #call: TaskFunction;
  readonly #options: CallOptions;

  constructor(call: TaskFunction, options: CallOptions) {
    this.#call = call;
    this.#options = options;
  }

  invoke(row: unknown, state: unknown, run: RunContext): CallResult | Promise<CallResult> {
    let given: unknown;
    try {
      // Row and state have the types of the task's own definition.
      given = this.#call(row as never, state as never, run as never);
    } catch (error) {
      return this.#afterThrow(error, { row, state, run, attempt: 1 });
    }
    if (isThenable(given)) return this.#await(given, { row, state, run, attempt: 1 });
    const outcome = readOutcome(given, run.rowNumber, this.#options);
    return outcome.kind === 'retry'
      ? this.#tryAgain(outcome.value, { row, state, run, attempt: 1 })
      : outcome;
  }

  async #await(given: PromiseLike<unknown>, attempt: Attempt): Promise<CallResult> {
    let value: unknown;
    try {
      value = await given;
    } catch (error) {
      return this.#afterThrow(error, attempt);
    }
    const outcome = readOutcome(value, attempt.run.rowNumber, this.#options);
    return outcome.kind === 'retry' ? this.#tryAgain(outcome.value, attempt) : outcome;
  }

  #afterThrow(error: unknown, attempt: Attempt): CallResult | Promise<CallResult> {
    // It says that every other row would fail too: the run ends, and this row is not one that failed.
    if (error instanceof RunHalted) throw error;
    const { throwEndsRun, taskName, secrets } = this.#options;
    if (throwEndsRun === true && this.#options.retry?.onThrow !== true) {
      const message = `step ${attempt.run.rowNumber} of ${taskName} crashed: ${messageOf(error)}`;
      throw new RowmillError('internal', message, { cause: error });
    }
    const message = secrets.redact(`crashed: ${messageOf(error)}`);
    const failure = { code: 'crashed', message };
    if (this.#options.retry?.onThrow === true) {
      return this.#tryAgain({ failure, afterMs: undefined }, attempt);
    }
    this.#options.log.error(message, {
      row: attempt.run.rowNumber,
      stack: error instanceof Error ? error.stack : undefined,
    });
    return { kind: 'fail', value: failure, next: undefined, hasNext: false };
  }

  async #tryAgain(
    { failure, afterMs }: Extract<ReadableOutcome, { kind: 'retry' }>['value'],
    { row, state, run, attempt }: Attempt,
  ): Promise<CallResult> {
    const { retry, clock, stopSignal } = this.#options;
    if (attempt >= (retry?.attempts ?? 1)) {
      const message =
        attempt === 1 ? failure.message : `${failure.message} (after ${attempt} attempts)`;
      return { kind: 'fail', value: { ...failure, message }, next: undefined, hasNext: false };
    }
    const backoffMs = (retry?.backoffMs ?? DEFAULT_BACKOFF_MS) * 2 ** (attempt - 1);
    const pauseMs = Math.min(afterMs ?? backoffMs, retry?.maxBackoffMs ?? DEFAULT_MAX_BACKOFF_MS);
    await clock.sleep(Math.max(0, pauseMs), stopSignal);
    if (stopSignal.aborted) return 'interrupted';
    const again: Attempt = { row, state, run, attempt: attempt + 1 };
    let given: unknown;
    try {
      given = this.#call(row as never, state as never, run as never);
    } catch (error) {
      return this.#afterThrow(error, again);
    }
    return this.#await(Promise.resolve(given), again);
  }
}

/** Refuses whatever is not an outcome: it must never count as success. */
export function readOutcome(
  given: unknown,
  rowNumber: number,
  {
    taskName,
    allowedOutcomes,
    secrets,
  }: Pick<CallOptions, 'taskName' | 'allowedOutcomes' | 'secrets'>,
): ReadableOutcome {
  if (isOutcome(given)) {
    if (given.kind !== 'stop' || given.value === undefined) {
      if (hasShape(given)) return redactOutcome(given, secrets);
    } else {
      const { value: last } = given;
      const isLast = isOutcome(last) && last.kind !== 'stop' && last.kind !== 'retry';
      if (isLast && hasShape(last)) return redactOutcome(given, secrets);
    }
  }
  throw new RowmillError(
    'contract_broken',
    `row ${rowNumber}: the task ${taskName} gave ${describe(given, secrets)}, which is no outcome. Allowed: ${allowedOutcomes}`,
  );
}

/** Whether an outcome holds what its kind needs: JavaScript authors and other releases may put in anything. */
function hasShape({ kind, value }: ReadableOutcome): boolean {
  switch (kind) {
    case 'ok':
    case 'omit':
    case 'stop':
      return true;
    case 'fail':
    case 'retry':
    case 'write':
      return isRow(value);
    case 'writeAll':
      return Array.isArray(value) && value.every(isRow);
    case 'writeText':
      return typeof value === 'string';
  }
  return false;
}

function isRow(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  );
}

function describeOutcome(outcome: ReadableOutcome, secrets: RunSecrets): string {
  if (outcome.kind === 'stop') return 'stop() of an outcome that cannot be the last one';
  return `${outcome.kind}() of ${describe(outcome.value, secrets)}`;
}

/** Secrets go first: a cut must not leave half of one. */
function describe(value: unknown, secrets: RunSecrets): string {
  if (value === undefined) return 'nothing (undefined)';
  if (typeof value === 'function') return 'a function';
  if (isOutcome(value)) return describeOutcome(value, secrets);
  let shown: string | undefined;
  try {
    shown = JSON.stringify(value);
  } catch {
    shown = undefined;
  }
  return secrets.redact(shown ?? typeof value).slice(0, 200);
}
