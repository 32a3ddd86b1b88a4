import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLocalApp } from './app.ts';
import type {
  InputOptions,
  RunProgress,
  RunRequest,
  RunResult,
  RunStarted,
} from './engine/run/run-service.ts';
import type { Task } from './engine/task/task.ts';

export { RowmillError, type ErrorCode } from './engine/errors.ts';
export type { InputOptions, RunProgress, RunResult, RunStarted };

/** What may be said of a run beside its task and its files, as on the command line. */
type Settings = Partial<
  Pick<
    RunRequest,
    | 'arguments'
    | 'fromRow'
    | 'limit'
    | 'maxFailures'
    | 'concurrency'
    | 'waitAfterRowMs'
    | 'maxRowsPerSecond'
    | 'retry'
    | 'excelSafe'
    | 'resume'
    | 'acceptNewCode'
    | 'onInvalid'
  >
>;

export interface RunTaskOptions extends Settings {
  readonly task: Task;
  /** The CSV file; none for a task that reads no CSV. */
  readonly input?: string | URL | undefined;
  /** Where the output goes; without it the output stays in the folder of the run (`outputPath`). */
  readonly output?: string | URL | undefined;
  /** Files to write beside the output once the run has ended. */
  readonly failed?: string | URL | undefined;
  readonly errors?: string | URL | undefined;
  readonly unprocessed?: string | URL | undefined;
  /** How the input is read, where it is not to be found out. */
  readonly read?: InputOptions | undefined;
  /** Folder of the runs, the command line's too. Default `.rowmill`. */
  readonly dataDir?: string | undefined;
  /**
   * What stands for the code of the task at a resume. By default the text of its own functions: what they
   * import may change unseen.
   */
  readonly codeVersion?: string | undefined;
  /**
   * Aborted: the rows in flight are finished, a checkpoint is committed, and the result says `stopped`. The
   * same call with `resume: true` goes on from there.
   */
  readonly signal?: AbortSignal | undefined;
  /** The first row is about to be processed. */
  readonly onStarted?: ((started: RunStarted) => void) | undefined;
  /** Every 1,000 rows or every second, whichever comes first. */
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
}

/**
 * Runs a task over a file, as `rowmill run` does. Gives the counts and paths of a run that has begun,
 * however it ended (`status`); throws a RowmillError, and leaves nothing behind, where it could not begin.
 */
export async function runTask(options: RunTaskOptions): Promise<RunResult> {
  const { task, input, output, failed, errors, unprocessed, read = {} } = options;
  const { dataDir = '.rowmill', codeVersion, signal, onStarted, onProgress, ...settings } = options;
  const { service } = await createLocalApp({ settings: { dataDir: resolve(dataDir) } });
  const [inputPath, outputPath] = [pathOf(input), pathOf(output)];
  const request: RunRequest = {
    ...settings,
    task,
    codeHash: createHash('sha256')
      .update(codeVersion ?? codeOf(task))
      .digest('hex'),
    arguments: options.arguments ?? {},
    input: inputPath === undefined ? { kind: 'none' } : { kind: 'file', path: inputPath },
    output: outputPath === undefined ? { kind: 'run_folder' } : { kind: 'file', path: outputPath },
    options: read,
    failedPath: pathOf(failed),
    errorsPath: pathOf(errors),
    unprocessedPath: pathOf(unprocessed),
    resume: options.resume ?? false,
    acceptNewCode: options.acceptNewCode ?? false,
    onInvalid: options.onInvalid ?? 'reject',
    excelSafe: options.excelSafe ?? false,
  };
  // A run listens for as long as its process lives, and one signal may be given to a thousand runs.
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort);
  try {
    return await service.run(request, {
      listeners: {
        ...(onStarted === undefined ? {} : { onStarted }),
        ...(onProgress === undefined ? {} : { onProgress }),
      },
      stopSignal: stop.signal,
      abortSignal: new AbortController().signal,
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function pathOf(file: string | URL | undefined): string | undefined {
  if (file === undefined) return undefined;
  return resolve(typeof file === 'string' ? file : fileURLToPath(file));
}

function codeOf(task: Task): string {
  const functions = Object.entries(task).filter(([, value]) => typeof value === 'function');
  return [task.name, ...functions.map(([name, value]) => `${name} ${String(value)}`)].join('\n');
}
