import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  isStandardSchema,
  type Column,
  type ColumnSpec,
  type Columns,
  type RowOf,
} from './columns.ts';
import { namingFaults, outputFaults, TaskDefinitionError } from './definition-error.ts';
import type { Outcome } from './outcome.ts';
import type { RunContext, RunFacts } from './run-context.ts';
import {
  brandTask,
  type CsvTask,
  type OutputColumns,
  type PaceSettings,
  type ReplacedHeader,
} from './task.ts';

type MaybePromise<T> = T | Promise<T>;

/** No column at all: what `mandatory` and `optional` are until they are written. */
type NoColumns = { readonly [Column in never]: never };

/**
 * The column names in an output. It is inferred as a whole and taken apart here: asked for the names in
 * it, TypeScript gives up on a function that uses its parameters.
 */
type ColumnOf<Output> = Output extends readonly (infer Column extends string)[]
  ? Column
  : Output extends ReplacedHeader<infer Column>
    ? Column
    : never;

/** The columns `write` may name: the task's own, and the input's, whose cells it then replaces. */
type Writable<Mandatory, Optional, Out extends string> = string extends Out
  ? string
  : Out | (keyof Mandatory & string) | (keyof Optional & string);

/** A row as it stands in an output. */
type WrittenRow<Column extends string> = { readonly [K in Column]?: string };

interface CsvDefinitionBase<
  Mandatory,
  Optional,
  Output extends OutputColumns,
  State,
  Arguments,
  Opened,
> extends PaceSettings {
  /** Group of tasks; with `action` it names the task. */
  readonly category: string;
  readonly action: string;
  /** One short sentence. */
  readonly description: string;
  /** Paragraphs, Markdown. */
  readonly doc?: string;
  readonly expectedContent?: 'text/csv';
  /** Columns whose cell must not be empty. */
  readonly mandatory?: Columns<Mandatory>;
  /** Columns whose cell may be empty: then the row has undefined. */
  readonly optional?: Columns<Optional>;
  /** Other names a file may use for a column. */
  readonly aliases?: NoInfer<{
    readonly [K in keyof Mandatory | keyof Optional]?: readonly string[];
  }>;
  /** `'reject'` refuses files with columns the task does not know. Default `'accept'`. */
  readonly unknownColumns?: 'accept' | 'reject';
  /** A Standard Schema for parameters beside the file. */
  readonly arguments?: StandardSchemaV1<unknown, Arguments>;
  /** The carried state before the first row. Whatever `structuredClone` takes. */
  readonly start?: () => State;
  /** Rows called at once; output order is kept. Not together with `start`. Default 1. */
  readonly concurrency?: [State] extends [undefined] ? number : 1;
  /**
   * `false`: all rows in one thread, where the module keeps something between rows (a cache, a counter).
   * With `--threads` each thread has a copy of the module, and calls `open` and `close` itself.
   */
  readonly threads?: boolean;
  /** Makes what cannot be checkpointed (connections, clients), at each start and each resume. */
  readonly open?: (run: RunFacts<NoInfer<Arguments>, undefined>) => MaybePromise<Opened>;
  readonly close?: (opened: NoInfer<Opened>) => MaybePromise<void>;
  /** Called when the input has ended; what it writes comes last. */
  readonly finish?: (
    state: NoInfer<State>,
    run: RunFacts<NoInfer<Arguments>, NoInfer<Opened>>,
  ) => MaybePromise<void | NoInfer<
    Outcome<State, Writable<Mandatory, Optional, ColumnOf<Output>>>
  >>;
  /** Called when a run ends, whatever its status; not when it is killed or ended by force. */
  readonly cleanup?: (run: RunFacts<NoInfer<Arguments>, NoInfer<Opened>>) => MaybePromise<void>;
  /**
   * Undoes one row that succeeded (`rowmill runs revert`): called from the last to the first with what the
   * run had written for it, none for `omit()`, several for `writeAll()`. To say nothing is `ok()`.
   */
  readonly revert?: (
    row: NoInfer<RowOf<Mandatory, Optional>>,
    written: readonly WrittenRow<Writable<Mandatory, Optional, ColumnOf<Output>>>[],
    run: RunContext<NoInfer<Arguments>, NoInfer<Opened>>,
  ) => MaybePromise<void | Outcome<never, never>>;
  /** Asks for confirmation before a run. */
  readonly destructive?: boolean;
  /** The function may be called for the first rows of a check: it must then have no effect. */
  readonly dryRun?: boolean;
  /** Rows in, outcomes out: tests run them, help and sample files show them. */
  readonly examples?: readonly {
    readonly title?: string;
    readonly row: NoInfer<{ readonly [K in keyof Mandatory | keyof Optional]?: string }>;
    readonly arguments?: Readonly<Record<string, unknown>>;
    readonly outcome: NoInfer<Outcome<State, Writable<Mandatory, Optional, ColumnOf<Output>>>>;
  }[];
}

/** Columns this task adds behind the input's own, or `replace([...])`. */
interface StaticOutput<Output> {
  readonly output?: Output;
}

/** Output columns that are known only with the arguments and the input's header. */
interface ComputedOutput<Output, Arguments> {
  readonly output: (args: NoInfer<Arguments>, header: readonly string[]) => Output;
}

interface RowFunction<Mandatory, Optional, Output, State, Arguments, Opened> {
  /** Called for each verified row. A Promise is awaited; anything else costs no await. */
  readonly row: (
    row: NoInfer<RowOf<Mandatory, Optional>>,
    state: NoInfer<State>,
    run: RunContext<NoInfer<Arguments>, NoInfer<Opened>>,
  ) => MaybePromise<NoInfer<Outcome<State, Writable<Mandatory, Optional, ColumnOf<Output>>>>>;
  readonly rows?: never;
}

interface BatchFunction<Mandatory, Optional, Output, State, Arguments, Opened> {
  /** Called for a batch of verified rows: one outcome for each, in order. */
  readonly rows: (
    rows: readonly NoInfer<RowOf<Mandatory, Optional>>[],
    state: NoInfer<State>,
    run: RunFacts<NoInfer<Arguments>, NoInfer<Opened>>,
  ) => MaybePromise<
    readonly NoInfer<Outcome<State, Writable<Mandatory, Optional, ColumnOf<Output>>>>[]
  >;
  /** Rows in a batch at the most. Default 500. */
  readonly batchRows?: number;
  readonly row?: never;
}

/**
 * A CSV task as its author writes it, without its output. That is an overload of its own for each of its
 * forms: TypeScript first tries a definition without the functions that use their parameters, and an
 * output it has not seen yet must then be none in one form and any in the other.
 */
export type CsvTaskDefinition<
  Mandatory,
  Optional,
  Output extends OutputColumns,
  State,
  Arguments,
  Opened,
> = CsvDefinitionBase<Mandatory, Optional, Output, State, Arguments, Opened> & {
  readonly columns?: never;
} & (
    | RowFunction<Mandatory, Optional, Output, State, Arguments, Opened>
    | BatchFunction<Mandatory, Optional, Output, State, Arguments, Opened>
  );

/** A CSV task that takes whatever columns the file has. */
export type AnyColumnsDefinition<Output extends OutputColumns, State, Arguments, Opened> = Omit<
  CsvDefinitionBase<NoColumns, Record<string, string>, Output, State, Arguments, Opened>,
  'mandatory' | 'optional' | 'aliases' | 'unknownColumns'
> & { readonly columns: 'any'; readonly mandatory?: never; readonly optional?: never } & (
    | RowFunction<NoColumns, Record<string, string>, Output, State, Arguments, Opened>
    | BatchFunction<NoColumns, Record<string, string>, Output, State, Arguments, Opened>
  );

/**
 * Defines a task that is called for each row of a CSV. Columns, carried state and output columns are
 * inferred, so a misspelt one does not compile. Throws TaskDefinitionError with every fault it finds.
 */
export function defineTask<
  const Output extends OutputColumns,
  State = undefined,
  Arguments = undefined,
  Opened = undefined,
>(
  definition: AnyColumnsDefinition<Output, State, Arguments, Opened> &
    (StaticOutput<Output> | ComputedOutput<Output, Arguments>),
): CsvTask;
export function defineTask<
  const Output extends OutputColumns,
  Mandatory = NoColumns,
  Optional = NoColumns,
  State = undefined,
  Arguments = undefined,
  Opened = undefined,
>(
  definition: CsvTaskDefinition<Mandatory, Optional, Output, State, Arguments, Opened> &
    ComputedOutput<Output, Arguments>,
): CsvTask;
export function defineTask<
  Mandatory = NoColumns,
  Optional = NoColumns,
  const Output extends OutputColumns = readonly [],
  State = undefined,
  Arguments = undefined,
  Opened = undefined,
>(
  definition: CsvTaskDefinition<Mandatory, Optional, Output, State, Arguments, Opened> &
    StaticOutput<Output>,
): CsvTask;
export function defineTask(written: unknown): CsvTask {
  // The overloads above are what may come in; from JavaScript anything may, and is checked below.
  const definition = written as ErasedDefinition;
  const faults = definitionFaults(definition);
  if (faults.length > 0) {
    throw new TaskDefinitionError(`${definition.category}/${definition.action}`, faults);
  }
  const { mandatory = {}, optional = {}, aliases = {}, arguments: argumentsSchema } = definition;
  const columns = [
    ...Object.entries(mandatory).map((entry) => columnSpec(entry, { isMandatory: true, aliases })),
    ...Object.entries(optional).map((entry) => columnSpec(entry, { isMandatory: false, aliases })),
  ];
  return brandTask({
    kind: 'csv',
    name: `${definition.category}/${definition.action}`,
    category: definition.category,
    action: definition.action,
    description: definition.description,
    doc: definition.doc ?? '',
    columns,
    takesAnyColumn: definition.columns === 'any',
    unknownColumns: definition.unknownColumns ?? 'accept',
    output: definition.output ?? [],
    argumentsSchema,
    start: definition.start,
    concurrency: definition.concurrency ?? 1,
    allowsThreads: definition.threads ?? true,
    batchRows: definition.batchRows ?? 500,
    row: definition.row,
    rows: definition.rows,
    open: definition.open,
    close: definition.close,
    finish: definition.finish,
    cleanup: definition.cleanup,
    revert: definition.revert,
    isDestructive: definition.destructive ?? false,
    dryRun: definition.dryRun ?? false,
    examples: definition.examples ?? [],
    waitAfterRowMs: definition.waitAfterRowMs,
    maxRowsPerSecond: definition.maxRowsPerSecond,
    maxFailures: definition.maxFailures,
    retry: definition.retry,
  });
}

/** The definition with its type parameters gone; JavaScript authors may have left anything in it. */
type ErasedDefinition = PaceSettings &
  Pick<CsvTask, 'category' | 'action' | 'description'> &
  Partial<
    Pick<
      CsvTask,
      | 'doc'
      | 'unknownColumns'
      | 'output'
      | 'start'
      | 'concurrency'
      | 'batchRows'
      | 'row'
      | 'rows'
      | 'open'
      | 'close'
      | 'finish'
      | 'cleanup'
      | 'revert'
      | 'dryRun'
      | 'examples'
    >
  > & {
    readonly columns?: 'any';
    readonly mandatory?: Readonly<Record<string, Column>>;
    readonly optional?: Readonly<Record<string, Column>>;
    readonly aliases?: Readonly<Record<string, readonly string[]>>;
    readonly arguments?: StandardSchemaV1;
    readonly destructive?: boolean;
    readonly threads?: boolean;
  };

function columnSpec(
  [name, contract]: readonly [string, Column],
  {
    isMandatory,
    aliases,
  }: { isMandatory: boolean; aliases: Readonly<Record<string, readonly string[]>> },
): ColumnSpec {
  const schema = isStandardSchema(contract) ? contract : undefined;
  const verify = schema === undefined && typeof contract === 'function' ? contract : undefined;
  return { name, isMandatory, aliases: aliases[name] ?? [], verify, schema };
}

function definitionFaults(definition: ErasedDefinition): string[] {
  const faults = namingFaults(definition);
  const mandatory = Object.entries(definition.mandatory ?? {});
  const optional = Object.entries(definition.optional ?? {});
  const names = new Set(mandatory.map(([name]) => name));
  for (const [name] of optional) {
    if (names.has(name)) faults.push(`column "${name}" is mandatory and optional at once`);
    names.add(name);
  }
  for (const [name, contract] of [...mandatory, ...optional]) {
    if (name.trim() === '') faults.push('a column has an empty name');
    if (name === 'error') faults.push('column "error" is the engine\'s own');
    if (typeof contract !== 'function' && !isStandardSchema(contract)) {
      faults.push(`column "${name}" has neither a verifier function nor a Standard Schema`);
    }
  }
  for (const name of Object.keys(definition.aliases ?? {})) {
    if (!names.has(name)) faults.push(`aliases name "${name}", which is not a column`);
  }
  if (definition.columns === 'any' ? names.size > 0 : names.size === 0) {
    faults.push(
      names.size === 0
        ? 'a CSV task needs mandatory or optional columns, or columns: "any"'
        : 'columns: "any" goes without mandatory and optional columns',
    );
  }
  if ((typeof definition.row === 'function') === (typeof definition.rows === 'function')) {
    faults.push('a CSV task has exactly one of the functions row and rows');
  }
  if (definition.start !== undefined && (definition.concurrency ?? 1) > 1) {
    faults.push('concurrency above 1 cannot go with carried state (start)');
  }
  const output = definition.output ?? [];
  if (typeof output !== 'function') {
    faults.push(...outputFaults('replace' in output ? output.replace : output));
  }
  return faults;
}
