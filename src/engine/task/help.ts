import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { failureText } from './failure.ts';
import { isOutcome } from './outcome.ts';
import type { CsvTask, NoinputTask, Task } from './task.ts';

const JSON_SCHEMA_DRAFT = 'draft-2020-12';

/** JSON Schema as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A task's metadata in Kazoo's words, for programs and for help texts. */
export interface TaskHelp {
  readonly name: string;
  readonly category: string;
  readonly action: string;
  readonly description: string;
  readonly doc: string;
  /** Absent for a task that reads no CSV. */
  readonly expected_content?: 'text/csv';
  readonly mandatory: readonly string[];
  readonly optional: readonly string[];
  /** True when the task takes whatever columns the file has. */
  readonly any_column: boolean;
  /** Other names a file may use, by column. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** Columns the task adds; undefined when they depend on arguments and input. */
  readonly output: readonly string[] | undefined;
  /** Whether `output` is all there is, instead of standing behind the input's columns. */
  readonly replaces_columns: boolean;
  readonly has_state: boolean;
  readonly concurrency: number;
  readonly destructive: boolean;
  /** JSON Schema of the arguments, where their schema library can give one. */
  readonly arguments: JsonSchema | undefined;
  /** Whether the task takes arguments at all. */
  readonly takes_arguments: boolean;
  readonly examples: readonly ExampleHelp[];
}

/** An example as plain data: `row` for CSV tasks. */
export interface ExampleHelp {
  readonly title?: string;
  readonly row?: Readonly<Record<string, string>>;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly outcomes: readonly OutcomeHelp[];
}

/** What a task says, as plain data. */
export type OutcomeHelp = { readonly kind: string } & {
  readonly error?: string;
  readonly rows?: readonly Readonly<Record<string, unknown>>[];
  readonly text?: string;
};

/** All that is known of a task before it runs. */
export function taskHelp(task: Task): TaskHelp {
  return {
    name: task.name,
    category: task.category,
    action: task.action,
    description: task.description,
    doc: task.doc,
    ...(task.kind === 'csv' ? { expected_content: 'text/csv' as const } : {}),
    ...columnsHelp(task),
    ...outputHelp(task),
    has_state: task.start !== undefined,
    concurrency: task.kind === 'csv' ? task.concurrency : 1,
    destructive: task.isDestructive,
    arguments: argumentsSchema(task),
    takes_arguments: task.argumentsSchema !== undefined,
    examples: task.kind === 'csv' ? csvExamples(task) : noinputExamples(task),
  };
}

/** JSON Schema of a task's arguments; undefined without arguments or when their library has none. */
export function argumentsSchema(task: Task): JsonSchema | undefined {
  return task.argumentsSchema === undefined ? undefined : jsonSchemaOf(task.argumentsSchema);
}

/** JSON Schema of one input row. Undefined for a task that reads no CSV. */
export function rowSchema(task: Task): JsonSchema | undefined {
  if (task.kind === 'noinput') return undefined;
  const properties: Record<string, JsonSchema> = {};
  for (const column of task.columns) {
    const own = column.schema === undefined ? undefined : jsonSchemaOf(column.schema);
    const { $schema: _, ...shape } = own ?? {
      type: 'string',
      ...(column.isMandatory ? { minLength: 1 } : {}),
    };
    properties[column.name] = shape;
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: task.name,
    description: task.description,
    type: 'object',
    properties,
    required: task.columns.filter(({ isMandatory }) => isMandatory).map(({ name }) => name),
    additionalProperties:
      task.takesAnyColumn || task.unknownColumns === 'accept' ? { type: 'string' } : false,
  };
}

function columnsHelp(
  task: Task,
): Pick<TaskHelp, 'mandatory' | 'optional' | 'any_column' | 'aliases'> {
  const columns = task.kind === 'csv' ? task.columns : [];
  const withAliases = columns.filter(({ aliases }) => aliases.length > 0);
  return {
    mandatory: columns.filter(({ isMandatory }) => isMandatory).map(({ name }) => name),
    optional: columns.filter(({ isMandatory }) => !isMandatory).map(({ name }) => name),
    any_column: task.kind === 'csv' && task.takesAnyColumn,
    aliases: Object.fromEntries(withAliases.map(({ name, aliases }) => [name, aliases])),
  };
}

function outputHelp({ output }: Task): Pick<TaskHelp, 'output' | 'replaces_columns'> {
  if (typeof output === 'function') return { output: undefined, replaces_columns: false };
  if ('replace' in output) return { output: output.replace, replaces_columns: true };
  return { output, replaces_columns: false };
}

function csvExamples(task: CsvTask): ExampleHelp[] {
  return task.examples.map(({ title, row, arguments: given, outcome }) => ({
    ...(title === undefined ? {} : { title }),
    row,
    ...(given === undefined ? {} : { arguments: given }),
    outcomes: [outcomeHelp(outcome)],
  }));
}

function noinputExamples(task: NoinputTask): ExampleHelp[] {
  return task.examples.map(({ title, arguments: given, outcomes }) => ({
    ...(title === undefined ? {} : { title }),
    ...(given === undefined ? {} : { arguments: given }),
    outcomes: outcomes.map(outcomeHelp),
  }));
}

function outcomeHelp(outcome: unknown): OutcomeHelp {
  if (!isOutcome(outcome)) return { kind: 'unknown' };
  const { kind } = outcome;
  if (kind === 'fail') return { kind, error: failureText([outcome.value]) };
  if (kind === 'retry') return { kind, error: failureText([outcome.value.failure]) };
  if (kind === 'write') return { kind, rows: [outcome.value] };
  if (kind === 'writeAll') return { kind, rows: outcome.value };
  if (kind === 'writeText') return { kind, text: outcome.value };
  if (kind === 'stop' && outcome.value !== undefined)
    return { ...outcomeHelp(outcome.value), kind };
  return { kind };
}

/** Asks the schema library; one that has no JSON Schema, or none for this schema, gives undefined. */
function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema | undefined {
  // `jsonSchema` is an extension of Standard Schema that a library may or may not have.
  const standard = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  try {
    return standard.jsonSchema?.input({ target: JSON_SCHEMA_DRAFT });
  } catch {
    // A schema that JSON Schema cannot express (a transform, a bigint): the task still works.
    return undefined;
  }
}
