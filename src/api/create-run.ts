import { RowmillError } from '../engine/errors.ts';
import type { HostedRun } from '../engine/ports/hosted-run-store.ts';
import type { RunInput } from '../engine/run/run-service.ts';
import type { RegisteredTask } from '../engine/task/registry.ts';
import type { Task } from '../engine/task/task.ts';
import type { Actor } from './actor.ts';
import type { ApiPorts } from './api-ports.ts';
import { ApiProblem } from './problem.ts';
import { refuseArguments } from './refuse-arguments.ts';
import { refuseUrl } from './refuse-url.ts';
import { inputOptionsOf, runRequestOptions, type RunOptionsWire } from './wire/run-options-wire.ts';

/** Options about rows of a file: a task that reads none cannot heed them. */
const FILE_OPTIONS = [
  'delimiter',
  'quote',
  'escape',
  'encoding',
  'skip_lines',
  'map',
  'set',
  'from_row',
  'concurrency',
  'threads',
  'on_invalid',
] as const satisfies readonly (keyof RunOptionsWire)[];

/** What a run is made of. */
export interface NewRun {
  readonly task: RegisteredTask;
  /** Path of the file as it was received; undefined for a task that reads none. */
  readonly path: string | undefined;
  readonly fileName: string | undefined;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly options: RunOptionsWire;
  /** Id it is to have, where the same request may come again. */
  readonly runId?: string | undefined;
  /** Records of the file, where they were counted. */
  readonly totalRows?: number | undefined;
}

/** Stores a run that waits to be started. What is refused leaves no run behind. */
export async function createRun(
  {
    task: { task, codeHash },
    path,
    fileName,
    arguments: args,
    options,
    runId: id,
    totalRows,
  }: NewRun,
  { actor, ports }: { readonly actor: Actor; readonly ports: ApiPorts },
): Promise<HostedRun> {
  refuseContradictions(task, options);
  refuseArguments(task, args);
  const { webhook } = options;
  if (webhook !== undefined) refuseUrl(webhook.url, { at: 'options.webhook.url', ports });
  const input: RunInput = path === undefined ? { kind: 'none' } : { kind: 'file', path };
  const { accountId, authAccountId } = actor;
  const { runId } = await ports.service
    .create({
      runId: id,
      task,
      codeHash,
      arguments: args,
      input,
      output: { kind: 'run_folder' },
      options: inputOptionsOf(options),
      ...runRequestOptions(options, task),
      owner: { accountId, authAccountId },
      fileName,
      totalRows,
    })
    .catch((error: unknown) => {
      throw withoutPath(error, path, fileName ?? 'the file');
    });
  if (webhook !== undefined) {
    const id = ports.makeId('whk');
    await ports.webhooks.store.create({ ...webhook, id, accountId, runId, description: undefined });
  }
  await ports.feed.tell({ runId, type: 'created', data: { status: 'pending' } });
  return ports.store.get(runId);
}

function refuseContradictions(task: Task, options: RunOptionsWire): void {
  if (options.limit !== undefined && options.canary !== undefined) {
    throw new ApiProblem(
      'bad_request',
      'limit and canary contradict each other: a canary can be resumed, a limited run has ended',
    );
  }
  if (task.kind === 'csv') return;
  const name = FILE_OPTIONS.find((option) => options[option] !== undefined);
  if (name !== undefined) {
    throw new ApiProblem('bad_request', `${task.name} reads no CSV: ${name} means nothing to it`);
  }
}

/** The user's own name for the file in messages, in place of a path of ours. */
export function withoutPath(error: unknown, path: string | undefined, name: string): unknown {
  if (!(error instanceof RowmillError) || path === undefined) return error;
  const { code, plain, problems } = error;
  return new RowmillError(code, plain.replaceAll(path, name), {
    cause: error,
    problems: problems.map((problem) => problem.replaceAll(path, name)),
  });
}

/** The run that an earlier attempt of the same request has made. */
export async function madeBefore(
  runId: string | undefined,
  { store }: Pick<ApiPorts, 'store'>,
): Promise<HostedRun | undefined> {
  if (runId === undefined) return undefined;
  try {
    return await store.get(runId);
  } catch (error) {
    if (error instanceof RowmillError && error.code === 'run_not_found') return undefined;
    throw error;
  }
}
