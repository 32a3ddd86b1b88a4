import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ColumnSpec } from './columns.ts';
import type { Outcome } from './outcome.ts';
import type { RunContext, RunFacts } from './run-context.ts';

/** How often and how a row is tried again. */
export interface RetryPolicy {
  /** Calls of one row in all, the first one included. Default 1: no retry. */
  readonly attempts: number;
  /** Pause before the first retry, in ms; doubles each time. Default 500. */
  readonly backoffMs?: number;
  /** The longest pause, in ms; also bounds what `Retry-After` asks for. Default 60,000. */
  readonly maxBackoffMs?: number;
  /** Whether a throw is retried too. Default false. */
  readonly onThrow?: boolean;
}

/** `5` rows, or `'10%'` of the processed ones (looked at after the first 100). */
export type MaxFailures = number | `${number}%`;

/** An output header that does not start with the input's columns. Made by `replace`. */
export interface ReplacedHeader<Column extends string = string> {
  readonly replace: readonly Column[];
}

/** Says that the output has exactly these columns, then `error`. */
export function replace<const Column extends string>(
  columns: readonly Column[],
): ReplacedHeader<Column> {
  return { replace: columns };
}

export type OutputColumns = readonly string[] | ReplacedHeader;

/** How fast a task may go and when it gives up. All can be overridden for a run. */
export interface PaceSettings {
  readonly waitAfterRowMs?: number | undefined;
  readonly maxRowsPerSecond?: number | undefined;
  readonly maxFailures?: MaxFailures | undefined;
  readonly retry?: RetryPolicy | undefined;
}

/** A row in, and what the task says of it. */
export interface TaskExample {
  readonly title?: string | undefined;
  readonly row: Readonly<Record<string, string>>;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  readonly outcome: Outcome;
}

/** Steps of a noinput task from its start on. */
interface NoinputExample {
  readonly title?: string | undefined;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  readonly outcomes: readonly Outcome[];
}

interface TaskBase extends PaceSettings {
  /** `category/action`. */
  readonly name: string;
  readonly category: string;
  readonly action: string;
  /** One short sentence. */
  readonly description: string;
  /** Paragraphs, Markdown. */
  readonly doc: string;
  readonly argumentsSchema: StandardSchemaV1 | undefined;
  readonly isDestructive: boolean;
  readonly start: (() => unknown) | undefined;
  readonly open: ((run: RunFacts<never, undefined>) => unknown) | undefined;
  readonly close: ((opened: never) => unknown) | undefined;
  /** Called when a run ends, whatever its status; not when it is killed or ended by force. */
  readonly cleanup: ((run: RunFacts<never, never>) => unknown) | undefined;
}

/** A task that reads a CSV, as the engine sees it: no type parameters, nothing left to default. */
export interface CsvTask extends TaskBase {
  readonly kind: 'csv';
  readonly columns: readonly ColumnSpec[];
  /** The row gets every cell of the file as text. */
  readonly takesAnyColumn: boolean;
  readonly unknownColumns: 'accept' | 'reject';
  readonly output: OutputColumns | ((args: never, header: readonly string[]) => OutputColumns);
  readonly concurrency: number;
  /** Whether rows may be processed in several threads, each with a copy of the module. */
  readonly allowsThreads: boolean;
  readonly batchRows: number;
  readonly row: ((row: never, state: never, run: RunContext<never, never>) => unknown) | undefined;
  readonly rows: ((rows: never, state: never, run: RunFacts<never, never>) => unknown) | undefined;
  /** Rows to write when the input has ended, from the carried state. */
  readonly finish: ((state: never, run: RunFacts<never, never>) => unknown) | undefined;
  /** Undoes a row, given what was written for it. */
  readonly revert:
    | ((row: never, written: never, run: RunContext<never, never>) => unknown)
    | undefined;
  readonly dryRun: boolean;
  readonly examples: readonly TaskExample[];
}

/** A task that reads no CSV and is stepped until it stops. */
export interface NoinputTask extends TaskBase {
  readonly kind: 'noinput';
  /** A function is asked once after `open`, at each start and each resume. */
  readonly output:
    | readonly string[]
    | ((args: never, opened: never) => readonly string[] | Promise<readonly string[]>);
  readonly step: (state: never, run: RunContext<never, never>) => unknown;
  readonly examples: readonly NoinputExample[];
}

export type Task = CsvTask | NoinputTask;

/** Known by name in every copy of this package. */
const TASK = Symbol.for('rowmill.task');

/** Marks a checked definition as a task. */
export function brandTask<T extends Task>(task: T): T {
  return Object.freeze(Object.defineProperty(task, TASK, { value: true }));
}

/** Whether an export of a task module is a task, of this copy of the package or another one. */
export function isTask(value: unknown): value is Task {
  return typeof value === 'object' && value !== null && TASK in value;
}
