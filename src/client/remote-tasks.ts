import type { StandardSchemaV1 } from '@standard-schema/spec';
import { fail, ok, omit, stop, write, writeAll, writeText } from '../engine/task/outcome.ts';
import { RowmillError } from '../engine/errors.ts';
import type { ExampleHelp, JsonSchema, OutcomeHelp, TaskHelp } from '../engine/task/help.ts';
import type { Outcome, OutputRow } from '../engine/task/outcome.ts';
import type { RegisteredTask } from '../engine/task/registry.ts';
import { replace, type Task } from '../engine/task/task.ts';
import type { ApiClient } from './api-client.ts';

interface TaskList {
  readonly data: readonly TaskHelp[];
  /** Only for who may do all. */
  readonly problems?: readonly { readonly file: string; readonly message: string }[];
}

/** The tasks of a server: all that can be known of them, and nothing that could be run here. */
export class RemoteTasks {
  readonly #client: ApiClient;
  #problems: TaskList['problems'] = [];

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** Modules that did not load there, so far. */
  get problems(): readonly { readonly file: string; readonly message: string }[] {
    return this.#problems ?? [];
  }

  async find(name: string): Promise<RegisteredTask> {
    const request = { method: 'GET', path: pathOf(name) } as const;
    // The route answers one task.
    return this.#registered((await this.#client.json(request)) as TaskHelp);
  }

  /** A text about a task; undefined where it has no such thing. */
  async text(name: string, text: keyof typeof TEXT_PATHS): Promise<string | undefined> {
    const path = `${pathOf(name)}/${TEXT_PATHS[text]}`;
    try {
      const accept =
        'text/csv, application/schema+json, application/json, application/problem+json';
      const found = await this.#client.text({ method: 'GET', path, headers: { accept } });
      return text === 'schema' ? `${JSON.stringify(JSON.parse(found), undefined, 2)}\n` : found;
    } catch (error) {
      // A task that is not there says so: it was looked for before.
      if (error instanceof RowmillError && error.code === 'usage') return undefined;
      throw error;
    }
  }

  async list(): Promise<readonly RegisteredTask[]> {
    // The route answers all tasks.
    const list = (await this.#client.json({ method: 'GET', path: '/v1/tasks' })) as TaskList;
    this.#problems = list.problems ?? [];
    return list.data.map((help) => this.#registered(help));
  }

  #registered(help: TaskHelp): RegisteredTask {
    return { task: describedTask(help), codeHash: '', origin: this.#client.url };
  }
}

const TEXT_PATHS = {
  template: 'template.csv',
  sample: 'sample.csv',
  schema: 'schema',
} as const;

function pathOf(name: string): string {
  return `/v1/tasks/${name.split('/').map(encodeURIComponent).join('/')}`;
}

/** A task as its description says it is. Its functions are on the server: none is ever called here. */
function describedTask(help: TaskHelp): Task {
  const { name, category, action, description, doc } = help;
  const base = {
    name,
    category,
    action,
    description,
    doc,
    argumentsSchema: help.takes_arguments ? schemaOf(help.arguments) : undefined,
    isDestructive: help.destructive,
    start: help.has_state ? () => undefined : undefined,
    open: undefined,
    close: undefined,
    cleanup: undefined,
  };
  const { output = [], replaces_columns: isReplaced } = help;
  if (help.expected_content === undefined) {
    const examples = help.examples.map(({ outcomes, ...example }) => ({
      ...example,
      outcomes: outcomes.map(outcomeOf),
    }));
    return { ...base, kind: 'noinput', output, step: () => undefined, examples };
  }
  return {
    ...base,
    kind: 'csv',
    columns: [...columnsOf(help, true), ...columnsOf(help, false)],
    takesAnyColumn: help.any_column,
    unknownColumns: 'accept',
    output: help.output === undefined ? () => [] : isReplaced ? replace(output) : output,
    concurrency: help.concurrency,
    allowsThreads: true,
    batchRows: 1,
    row: () => undefined,
    rows: undefined,
    finish: undefined,
    revert: undefined,
    dryRun: false,
    examples: help.examples.map(exampleOf),
  };
}

function columnsOf({ mandatory, optional, aliases }: TaskHelp, isMandatory: boolean) {
  return (isMandatory ? mandatory : optional).map((name) => ({
    name,
    isMandatory,
    aliases: aliases[name] ?? [],
    verify: undefined,
    schema: undefined,
  }));
}

/** Says what arguments there are; whether they are right is for the server to say. */
function schemaOf(schema: JsonSchema | undefined): StandardSchemaV1 {
  const validate = (value: unknown): { readonly value: unknown } => ({ value });
  const standard = { version: 1, vendor: 'rowmill', validate } as const;
  const jsonSchema = { input: () => schema, output: () => schema };
  const described = schema === undefined ? standard : { ...standard, jsonSchema };
  return { '~standard': described };
}

function exampleOf({ row = {}, outcomes, ...example }: ExampleHelp) {
  return { ...example, row, outcome: outcomeOf(outcomes[0] ?? { kind: 'ok' }) };
}

function outcomeOf(help: OutcomeHelp): Outcome {
  // Cells of an example went through JSON, which has nothing that cannot be written.
  const rows = (help.rows ?? []) as readonly OutputRow[];
  if (help.kind === 'stop') return stop();
  if (help.kind === 'omit') return omit();
  if (help.error !== undefined) return fail(help.error);
  if (help.text !== undefined) return writeText(help.text);
  if (help.kind === 'write') return write(rows[0] ?? {});
  return help.kind === 'writeAll' ? writeAll(rows) : ok();
}
