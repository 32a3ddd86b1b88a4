import { messageOf } from '../errors.ts';
import { failureText, type Failure } from './failure.ts';
import { isOutcome, type CellValue, type OutputRow, type ReadableOutcome } from './outcome.ts';
import { memoryResources, type FilesByConnection } from './memory-resources.ts';
import { taskSftp, taskStorage } from './run-resources.ts';
import type { RunContext, RunFacts, TaskSecrets } from './run-context.ts';
import type { CsvTask, NoinputTask, Task, TaskExample } from './task.ts';
import { cellReader } from './verify-cell.ts';

/** An example that does not hold. `expected` and `actual` are outcomes in words. */
export interface ExampleMismatch {
  /** `example 2 (an address twice)`. */
  readonly example: string;
  readonly expected: string;
  readonly actual: string;
}

/** What a task reaches outside itself, for examples that need it. */
export interface ExampleSurroundings {
  readonly fetch?: typeof globalThis.fetch;
  readonly secrets?: Readonly<Record<string, string>>;
  /** By the name of an SFTP connection: the text of each file there, by its path. */
  readonly sftp?: FilesByConnection;
}

/**
 * Runs the examples of a task, without files and clock: each row through the columns' contracts, then
 * through the task. Carried state goes from example to example as long as their arguments are the same;
 * other arguments begin another run. Gives what does not hold; an empty list means that all do.
 */
export async function runExamples(
  task: Task,
  surroundings: ExampleSurroundings = {},
): Promise<readonly ExampleMismatch[]> {
  const mismatches: ExampleMismatch[] = [];
  for (const group of groupByArguments<Example>(task.examples)) {
    const [first] = group;
    if (first === undefined) continue;
    const attempts = await oneRun(task, group, surroundings).catch((error: unknown) =>
      group.map(() => `no outcome: ${messageOf(error)}`),
    );
    group.forEach((example, index) => {
      const actual = attempts[index] ?? 'no outcome';
      const expected = expectedText(task, example);
      if (actual !== expected) {
        mismatches.push({ example: titleOf(task, example), expected, actual });
      }
    });
  }
  return mismatches;
}

type Example = Task['examples'][number];

function groupByArguments<Of extends Example>(examples: readonly Of[]): Of[][] {
  const groups: Of[][] = [];
  let previous: string | undefined;
  for (const example of examples) {
    const key = JSON.stringify(example.arguments ?? {});
    if (key !== previous || 'outcomes' in example) groups.push([]);
    groups.at(-1)?.push(example);
    previous = key;
  }
  return groups;
}

function titleOf(task: Task, example: Example): string {
  const number = (task.examples as readonly Example[]).indexOf(example) + 1;
  return `example ${number}${example.title === undefined ? '' : ` (${example.title})`}`;
}

function expectedText(task: Task, example: Example): string {
  if ('outcomes' in example) return example.outcomes.map((given) => outcomeText(given)).join(', ');
  return outcomeText(example.outcome, task.kind === 'csv' ? example.row : {});
}

/** The outcomes of consecutive examples, in words. */
async function oneRun(
  task: Task,
  examples: readonly Example[],
  surroundings: ExampleSurroundings,
): Promise<string[]> {
  const facts = exampleFacts(surroundings, {
    arguments: await validArguments(task, examples[0]?.arguments ?? {}),
    header: headerOf(task, examples),
  });
  const opened: unknown = await task.open?.(facts as RunFacts<never, undefined>);
  try {
    const run = { ...facts, opened };
    return task.kind === 'csv'
      ? await csvOutcomes(task, examples as readonly TaskExample[], run)
      : await noinputOutcomes(task, examples, run);
  } finally {
    await task.close?.(opened as never);
  }
}

async function validArguments(task: Task, given: Readonly<Record<string, unknown>>) {
  if (task.argumentsSchema === undefined) return undefined;
  const result = await task.argumentsSchema['~standard'].validate(given);
  if (result.issues === undefined) return result.value;
  const problems = result.issues.map(({ message, path = [] }) => {
    const name = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return name === '' ? message : `${name}: ${message}`;
  });
  throw new Error(`its arguments are refused: ${problems.join('; ')}`);
}

function headerOf(task: Task, examples: readonly Example[]): readonly string[] {
  if (task.kind === 'noinput') return [];
  const named = examples.flatMap((example) => ('row' in example ? Object.keys(example.row) : []));
  return [...new Set([...task.columns.map(({ name }) => name), ...named])];
}

function exampleFacts(
  { fetch = noFetch, secrets = {}, sftp: files = {} }: ExampleSurroundings,
  known: Pick<RunFacts, 'arguments' | 'header'>,
): RunFacts<unknown, undefined> {
  const { storage, sftp } = memoryResources(files);
  return {
    ...known,
    runId: 'example',
    accountId: 'example',
    authAccountId: 'example',
    signal: new AbortController().signal,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    secrets: exampleSecrets(secrets),
    storage: taskStorage(storage),
    sftp: (connection) => taskSftp(sftp(connection)),
    fetch,
    opened: undefined,
  };
}

function nothing(): void {}

async function noFetch(): Promise<never> {
  throw new Error('examples run without a network: give runExamples a fetch');
}

function exampleSecrets(secrets: Readonly<Record<string, string>>): TaskSecrets {
  return {
    get(name) {
      const secret = secrets[name];
      if (secret === undefined) throw new Error(`the examples have no secret ${name}`);
      return secret;
    },
  };
}

async function csvOutcomes(
  task: CsvTask,
  examples: readonly TaskExample[],
  run: RunFacts,
): Promise<string[]> {
  const { output } = task;
  // Called for what it may refuse: a header that lacks a column, for instance.
  if (typeof output === 'function') output(run.arguments as never, run.header);
  const texts: string[] = [];
  let state = task.start?.();
  for (const [index, example] of examples.entries()) {
    const row = verifiedRow(task, example.row, run.header);
    if ('failures' in row) {
      texts.push(`fail(${failureText(row.failures)})`);
      continue;
    }
    const context = { ...run, rowNumber: index + 1, rowKey: `example-${index + 1}` };
    const given = await call(task, { row: row.values, state, context });
    texts.push(outcomeText(given, example.row));
    const carrier = nextOf(given);
    if (carrier !== undefined) state = carrier.next;
  }
  return texts;
}

function verifiedRow(
  task: CsvTask,
  cells: Readonly<Record<string, string>>,
  header: readonly string[],
): { readonly values: object } | { readonly failures: readonly Failure[] } {
  if (task.takesAnyColumn) {
    // An empty cell is undefined here as in every optional column.
    return { values: Object.fromEntries(header.map((name) => [name, cells[name] || undefined])) };
  }
  const failures: Failure[] = [];
  const values: [string, unknown][] = [];
  for (const column of task.columns) {
    const reader = cellReader(column);
    const failure = reader.read(cells[column.name] ?? '');
    if (failure === undefined) values.push([column.name, reader.value]);
    else failures.push(failure);
  }
  return failures.length > 0 ? { failures } : { values: Object.fromEntries(values) };
}

async function call(
  task: CsvTask,
  { row, state, context }: { row: object; state: unknown; context: RunContext },
): Promise<unknown> {
  try {
    if (task.row !== undefined) {
      return await task.row(row as never, state as never, context as RunContext<never, never>);
    }
    const outcomes = await task.rows?.([row] as never, state as never, context as never);
    return Array.isArray(outcomes) ? (outcomes[0] as unknown) : outcomes;
  } catch (error) {
    return new Crash(messageOf(error));
  }
}

class Crash {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

async function noinputOutcomes(
  task: NoinputTask,
  examples: readonly Example[],
  run: RunFacts,
): Promise<string[]> {
  const [example] = examples;
  const wanted = example !== undefined && 'outcomes' in example ? example.outcomes.length : 0;
  if (typeof task.output === 'function')
    await task.output(run.arguments as never, run.opened as never);
  const texts: string[] = [];
  let state = task.start?.();
  while (texts.length < wanted) {
    const rowNumber = texts.length + 1;
    const context = { ...run, rowNumber, rowKey: `example-${rowNumber}` };
    const given = await task.step(state as never, context as RunContext<never, never>);
    texts.push(outcomeText(given));
    const carrier = nextOf(given);
    if (carrier !== undefined) state = carrier.next;
    if (isOutcome(given) && given.kind === 'stop') break;
  }
  return [texts.join(', ')];
}

function nextOf(given: unknown): { readonly next: unknown } | undefined {
  if (!isOutcome(given)) return undefined;
  if (given.kind === 'stop') return nextOf(given.value);
  return given.hasNext ? given : undefined;
}

/**
 * An outcome in words; two outcomes are the same when their words are. `cells` is the row it is about:
 * an empty cell is the same as no cell, unless it empties a cell of the row.
 */
function outcomeText(given: unknown, cells: Readonly<Record<string, string>> = {}): string {
  if (given instanceof Crash) return `fail(crashed: ${given.message})`;
  if (!isOutcome(given)) return `${JSON.stringify(given) ?? 'undefined'}, which is no outcome`;
  return readableText(given, cells);
}

function readableText(outcome: ReadableOutcome, cells: Readonly<Record<string, string>>): string {
  const { kind, value } = outcome;
  if (kind === 'fail') return `fail(${failureText([value])})`;
  if (kind === 'write') return `write(${rowText(value, cells)})`;
  if (kind === 'writeAll') return `writeAll(${value.map((row) => rowText(row, cells)).join(', ')})`;
  if (kind === 'writeText') return `writeText(${JSON.stringify(value)})`;
  if (kind === 'retry') {
    const after = value.afterMs === undefined ? '' : `, after ${value.afterMs} ms`;
    return `retry(${failureText([value.failure])}${after})`;
  }
  return `${kind}(${value === undefined ? '' : outcomeText(value, cells)})`;
}

function rowText(row: OutputRow, cells: Readonly<Record<string, string>>): string {
  const written = Object.entries(row)
    .map(([name, value]) => [name, cellText(value)] as const)
    .filter(([name, text]) => text !== '' || Object.hasOwn(cells, name))
    .map(([name, text]) => `${name}: ${JSON.stringify(text)}`);
  return `{ ${written.sort().join(', ')} }`;
}

function cellText(value: CellValue): string {
  if (value === null || value === undefined) return '';
  return value instanceof Date ? value.toISOString() : String(value);
}
