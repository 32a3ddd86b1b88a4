import { resolve } from 'node:path';
import { RowmillError } from '../engine/errors.ts';
import type { InputOptions, RunInput, RunOutput, RunRequest } from '../engine/run/run-service.ts';
import { threadObstacle } from '../engine/run/rows/thread-use.ts';
import type { RegisteredTask } from '../engine/task/registry.ts';
import type { Task } from '../engine/task/task.ts';
import type { Settings } from '../settings.ts';
import { INPUT_FLAG_NAMES, ROW_FLAG_NAMES, type InputFlags, type RunFlags } from './run-flags.ts';

/** Kazoo's pause after a row. */
const KAZOO_WAIT_MS = 500;

/** What `run` asks of the run service. Throws `usage` when the flags contradict each other or the task. */
export function runRequest(
  { task, codeHash }: RegisteredTask,
  {
    file,
    flags,
    args,
  }: { file: string | undefined; flags: RunFlags; args: RunRequest['arguments'] },
  { settings, workingDirectory }: { settings: Settings; workingDirectory: string },
): RunRequest {
  const at = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : resolve(workingDirectory, path);
  const input = runInput(task, file, { flags, workingDirectory });
  const output = runOutput(flags.output, workingDirectory);
  refuseContradictions(task, flags, { input, output });
  return {
    task,
    codeHash,
    arguments: args,
    input,
    output,
    options: inputOptions(flags),
    failedPath: at(flags.failed),
    errorsPath: at(flags.errors),
    unprocessedPath: at(flags.unprocessed),
    fromRow: flags.fromRow,
    limit: flags.limit,
    canary: flags.canary,
    resume: flags.resume ?? false,
    acceptNewCode: flags.acceptNewCode ?? false,
    onInvalid: flags.onInvalid ?? 'reject',
    concurrency: flags.concurrency,
    threads: threads(task, flags, settings),
    ...pace(task, flags, settings),
    excelSafe: flags.excelSafe ?? settings.excelSafe,
  };
}

/** What the flags say of how the input is to be read. */
export function inputOptions(flags: InputFlags): InputOptions {
  const { map, set, delimiter, quote, escape, encoding, skipLines } = flags;
  return { map, set, delimiter, quote, escape, encoding, skipLines };
}

/** Where the input comes from. Throws `usage` when the task and the command line do not fit. */
export function runInput(
  task: Task,
  file: string | undefined,
  {
    flags,
    workingDirectory,
  }: { flags: InputFlags & { spool?: boolean }; workingDirectory: string },
): RunInput {
  if (task.kind === 'noinput') {
    if (file !== undefined) throw usage(`${task.name} reads no CSV, but a file was given: ${file}`);
    const flag = INPUT_FLAG_NAMES.find((name) => flags[name] !== undefined);
    if (flag !== undefined)
      throw usage(`${task.name} reads no CSV: --${kebab(flag)} means nothing to it`);
    return { kind: 'none' };
  }
  if (file === undefined) {
    throw usage(
      `${task.name} reads a CSV: name a file, or - for standard input (rowmill tasks sample ${task.name} prints one to try)`,
    );
  }
  return file === '-'
    ? { kind: 'stdin', spool: flags.spool ?? true }
    : { kind: 'file', path: resolve(workingDirectory, file) };
}

function runOutput(file: string | undefined, workingDirectory: string): RunOutput {
  if (file === undefined) return { kind: 'run_folder' };
  return file === '-'
    ? { kind: 'stdout' }
    : { kind: 'file', path: resolve(workingDirectory, file) };
}

/** A flag of the run goes before the task's own word, and that before a setting. */
function pace(
  task: Task,
  flags: RunFlags,
  settings: Settings,
): Pick<RunRequest, 'waitAfterRowMs' | 'maxRowsPerSecond' | 'maxFailures' | 'retry'> {
  const preset = settings.preset === 'kazoo' ? KAZOO_WAIT_MS : undefined;
  return {
    waitAfterRowMs:
      flags.waitMs ?? (task.waitAfterRowMs === undefined ? (settings.waitMs ?? preset) : undefined),
    maxRowsPerSecond:
      flags.maxRowsPerSecond ??
      (task.maxRowsPerSecond === undefined ? settings.maxRowsPerSecond : undefined),
    maxFailures:
      flags.maxFailures ?? (task.maxFailures === undefined ? settings.maxFailures : undefined),
    retry: flags.retry === undefined ? undefined : { ...task.retry, attempts: flags.retry + 1 },
  };
}

/** The flag is a demand, the setting a wish: it goes for tasks that can do with more than one. */
function threads(task: Task, flags: RunFlags, settings: Settings): number | undefined {
  if (flags.threads !== undefined) return flags.threads;
  const obstacle = threadObstacle(task, flags.concurrency);
  return settings.threads > 1 && obstacle === undefined ? settings.threads : undefined;
}

function refuseContradictions(
  task: Task,
  flags: RunFlags,
  { input, output }: { input: RunInput; output: RunOutput },
): void {
  if (task.kind === 'noinput') {
    const flag = ROW_FLAG_NAMES.find((name) => flags[name] !== undefined);
    if (flag !== undefined || !flags.spool) {
      const written = flag === undefined ? 'no-spool' : kebab(flag);
      throw usage(`${task.name} reads no CSV: --${written} means nothing to it`);
    }
  }
  if (flags.limit !== undefined && flags.canary !== undefined) {
    throw usage(
      '--limit and --canary contradict each other: a canary can be resumed, a limited run has ended',
    );
  }
  if (flags.resume === true && output.kind === 'stdout') {
    throw usage('--resume cannot go with -o -: what was written to standard output is gone');
  }
  if (flags.resume === true && input.kind === 'stdin') {
    throw usage(
      '--resume finds a run by its file; one that reads standard input goes on with rowmill resume RUN',
    );
  }
  if (flags.concurrency !== undefined && flags.concurrency > 1 && task.start !== undefined) {
    throw usage(
      `${task.name} carries state from row to row: it cannot process rows at once (--concurrency)`,
    );
  }
  const obstacle = threadObstacle(task, flags.concurrency);
  if (flags.threads !== undefined && flags.threads > 1 && obstacle !== undefined) {
    throw usage(`${task.name} ${obstacle}: its rows cannot share threads (--threads)`);
  }
}

function usage(message: string): RowmillError {
  return new RowmillError('usage', message);
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
