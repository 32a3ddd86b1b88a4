import type { Failure } from './failure.ts';

/** A value that can be written into a cell. `null` and `undefined` write an empty cell, a Date its ISO form. */
export type CellValue = string | number | bigint | boolean | Date | null | undefined;

/** A row to write, by column name. */
export type OutputRow<Column extends string = string> = { readonly [K in Column]?: CellValue };

/** What a failed row says: a text, or the column and value at fault. */
export type FailureInput =
  | string
  | {
      readonly message: string;
      readonly column?: string;
      readonly value?: string;
      readonly code?: string;
    };

type OutcomeKind = 'ok' | 'omit' | 'fail' | 'write' | 'writeAll' | 'writeText' | 'stop' | 'retry';

/** Known by name in every copy of this package, so that a task built against another copy works. */
const OUTCOME = Symbol.for('rowmill.outcome');

/**
 * What a task says of a row, or a noinput task of a step. Made by `ok`, `omit`, `fail`, `write`,
 * `writeAll`, `writeText`, `retry` and `stop`; there is no other way to say it.
 */
export interface Outcome<out State = unknown, out Column extends string = string> {
  readonly kind: OutcomeKind;
  /** The carried state for the next row. Meaningful only when `hasNext`. */
  readonly next: State | undefined;
  readonly hasNext: boolean;
  /** Types only: makes a misspelt output column an error. Never set. */
  readonly columns?: Column;
}

/** One shape for all kinds keeps the row loop monomorphic. `value` is what the kind needs. */
class OutcomeRecord<State> implements Outcome<State, never> {
  readonly kind: OutcomeKind;
  readonly value: unknown;
  readonly next: State | undefined;
  readonly hasNext: boolean;

  constructor(kind: OutcomeKind, value: unknown, next: readonly State[]) {
    this.kind = kind;
    this.value = value;
    this.hasNext = next.length > 0;
    this.next = this.hasNext ? next[0] : undefined;
  }
}
Object.defineProperty(OutcomeRecord.prototype, OUTCOME, { value: true });

const NONE: readonly never[] = [];
const OK = new OutcomeRecord<never>('ok', undefined, NONE);
const OMIT = new OutcomeRecord<never>('omit', undefined, NONE);

/** The row succeeded: it is written as it came, with an empty `error`. `next` replaces the carried state. */
export function ok<State = never>(...next: [next?: State]): Outcome<State, never> {
  return next.length === 0 ? OK : new OutcomeRecord('ok', undefined, next as readonly State[]);
}

/** The row succeeded and nothing is written for it. */
export function omit<State = never>(...next: [next?: State]): Outcome<State, never> {
  return next.length === 0 ? OMIT : new OutcomeRecord('omit', undefined, next as readonly State[]);
}

/** The row failed: it is written as it came, with the reason in `error`. */
export function fail<State = never>(
  reason: FailureInput,
  ...next: [next?: State]
): Outcome<State, never> {
  const failure: Failure =
    typeof reason === 'string'
      ? { code: 'failed', message: reason }
      : { ...reason, code: reason.code ?? 'failed' };
  return new OutcomeRecord('fail', failure, next as readonly State[]);
}

/**
 * The row succeeded and these cells are written beside its own. A key that names an input column
 * replaces that cell.
 */
export function write<Column extends string, State = never>(
  row: OutputRow<Column>,
  ...next: [next?: State]
): Outcome<State, Column> {
  return new OutcomeRecord('write', row, next as readonly State[]);
}

/** The row succeeded and each of these rows is written, with the input's cells where they name none. */
export function writeAll<Column extends string, State = never>(
  rows: readonly OutputRow<Column>[],
  ...next: [next?: State]
): Outcome<State, Column> {
  return new OutcomeRecord('writeAll', rows, next as readonly State[]);
}

/** Noinput tasks only: the text is written as it is, without quoting or a line end. */
export function writeText<State = never>(
  text: string,
  ...next: [next?: State]
): Outcome<State, never> {
  return new OutcomeRecord('writeText', text, next as readonly State[]);
}

/** The row could not be done now: it is called again, after `afterMs` if given, as the task's `retry` allows. */
export function retry(reason: FailureInput, afterMs?: number): Outcome<never, never> {
  const failure =
    typeof reason === 'string'
      ? { code: 'retries_exhausted', message: reason }
      : { ...reason, code: reason.code ?? 'retries_exhausted' };
  return new OutcomeRecord<never>('retry', { failure, afterMs }, NONE);
}

/** The run ends here. `last` says what becomes of this row; without it the row counts as unprocessed. */
export function stop<State = never, Column extends string = never>(
  last?: Outcome<State, Column>,
): Outcome<State, Column> {
  return new OutcomeRecord<never>('stop', last, NONE);
}

/** What the engine reads of an outcome, kind by kind. */
export type ReadableOutcome = { readonly next: unknown; readonly hasNext: boolean } & (
  | { readonly kind: 'ok' | 'omit'; readonly value: undefined }
  | { readonly kind: 'fail'; readonly value: Failure }
  | { readonly kind: 'write'; readonly value: OutputRow }
  | { readonly kind: 'writeAll'; readonly value: readonly OutputRow[] }
  | { readonly kind: 'writeText'; readonly value: string }
  | {
      readonly kind: 'retry';
      readonly value: { readonly failure: Failure; readonly afterMs: number | undefined };
    }
  | { readonly kind: 'stop'; readonly value: Outcome | undefined }
);

/** The same outcome of another value, which must be one that its kind can have. */
export function withValue(outcome: ReadableOutcome, value: unknown): ReadableOutcome {
  const next = outcome.hasNext ? [outcome.next] : NONE;
  // The kind is that of the outcome, whose value this one stands for.
  return new OutcomeRecord(outcome.kind, value, next) as unknown as ReadableOutcome;
}

/** Whether a value is an outcome, made by this copy of the package or another one. */
export function isOutcome(value: unknown): value is ReadableOutcome {
  return typeof value === 'object' && value !== null && OUTCOME in value;
}

/** The kinds, in the words of an error message. */
export const ALLOWED_CSV_OUTCOMES =
  'ok(), omit(), fail(reason), write(row), writeAll(rows), retry(reason) or stop()';
export const ALLOWED_NOINPUT_OUTCOMES =
  'ok(next), write(row), writeAll(rows), writeText(text), fail(reason), retry(reason) or stop()';
