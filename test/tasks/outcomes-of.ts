import { memoryResources } from '../../src/engine/task/memory-resources.ts';
import { taskResources } from '../../src/engine/task/task-resources.ts';
import { failureText } from '../../src/engine/task/failure.ts';
import { isOutcome } from '../../src/engine/task/outcome.ts';
import type { RunContext, RunFacts } from '../../src/engine/task/run-context.ts';
import type { CsvTask, Task } from '../../src/engine/task/task.ts';
import { verifyCell, cellReader } from '../../src/engine/task/verify-cell.ts';

export type Row = Readonly<Record<string, string>>;

/** What tests may put in the place of the world. */
export interface TestFacts {
  readonly fetch?: typeof globalThis.fetch;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly header?: readonly string[];
}

/** A task with its arguments read and its connections open, called as the engine calls it. */
export interface OpenTask {
  readonly facts: RunFacts;
  readonly output: unknown;
  row(row: Row, rowNumber?: number): Promise<unknown>;
  rows(rows: readonly Row[]): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

export async function argumentsOf(task: Task, given: unknown): Promise<unknown> {
  const result = await task.argumentsSchema?.['~standard'].validate(given);
  if (result?.issues !== undefined) {
    const problems = result.issues.map(
      ({ path, message }) =>
        `${path?.map((part) => (typeof part === 'object' ? part.key : part).toString()).join('.') ?? ''}: ${message}`,
    );
    throw new Error(problems.join('; '));
  }
  return result?.value;
}

export async function openTask(
  task: CsvTask,
  given: Readonly<Record<string, unknown>> = {},
  { fetch = noFetch, secrets = {}, signal, header = [] }: TestFacts = {},
): Promise<OpenTask> {
  const args = await argumentsOf(task, given);
  const before = { ...factsOf({ fetch, secrets, signal, header }), arguments: args };
  const output =
    typeof task.output === 'function' ? task.output(args as never, header) : task.output;
  const opened: unknown = await task.open?.(before as RunFacts<never, undefined>);
  const facts = { ...before, opened };
  const state = task.start?.();
  let number = 0;
  return {
    facts,
    output,
    async row(cells, rowNumber = ++number) {
      const row = verified(task, cells, header);
      if (typeof row === 'string') return row;
      const context = { ...facts, rowNumber, rowKey: `key-${rowNumber}` };
      return task.row?.(row as never, state as never, context as RunContext<never, never>);
    },
    async rows(batch) {
      const rows = batch.map((cells) => verified(task, cells, header));
      return (await task.rows?.(rows as never, state as never, facts as never)) as unknown[];
    },
    async close() {
      await task.close?.(opened as never);
    },
  };
}

/** The outcomes of some rows of one run, in short words. */
export async function outcomesOf(
  task: CsvTask,
  rows: readonly Row[],
  given: Readonly<Record<string, unknown>> = {},
  facts: TestFacts = {},
): Promise<string[]> {
  const header = facts.header ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const open = await openTask(task, given, { ...facts, header });
  try {
    if (task.rows !== undefined) return (await open.rows(rows)).map(shown);
    const texts: string[] = [];
    for (const row of rows) texts.push(shown(await open.row(row)));
    return texts;
  } finally {
    await open.close();
  }
}

export function shown(given: unknown): string {
  if (typeof given === 'string') return given;
  if (!isOutcome(given)) return `no outcome: ${JSON.stringify(given)}`;
  const { kind, value } = given;
  if (kind === 'fail') return `fail ${failureText([value])}`;
  if (kind === 'retry') return `retry ${failureText([value.failure])} after ${value.afterMs}`;
  if (kind === 'stop') return value === undefined ? 'stop' : `stop ${shown(value)}`;
  return value === undefined ? kind : `${kind} ${JSON.stringify(value)}`;
}

export function factsOf({
  fetch,
  secrets = {},
  signal = new AbortController().signal,
  header,
}: {
  fetch: typeof globalThis.fetch;
  secrets?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  header: readonly string[];
}): Omit<RunFacts, 'arguments'> & { arguments: unknown } {
  const silent = () => undefined;
  return {
    runId: 'run',
    accountId: 'account',
    authAccountId: 'account',
    arguments: undefined,
    header,
    signal,
    log: { debug: silent, info: silent, warn: silent, error: silent },
    secrets: {
      get(name) {
        const secret = secrets[name];
        if (secret === undefined) throw new Error(`there is no secret ${name}`);
        return secret;
      },
    },
    ...taskResources(memoryResources(), { isIn: () => false, redact: (text) => text }),
    fetch,
    opened: undefined,
  };
}

async function noFetch(): Promise<never> {
  throw new Error('this test has no network');
}

function verified(task: CsvTask, cells: Row, header: readonly string[]): object | string {
  if (task.takesAnyColumn) {
    return Object.fromEntries(header.map((name) => [name, cells[name] || undefined]));
  }
  const failures = task.columns.flatMap((spec) => verifyCell(spec, cells[spec.name] ?? '') ?? []);
  if (failures.length > 0) return `fail ${failureText(failures)}`;
  const values = task.columns.map((spec) => {
    const reader = cellReader(spec);
    reader.read(cells[spec.name] ?? '');
    return [spec.name, reader.value] as const;
  });
  return Object.fromEntries(values);
}
