import type { StandardSchemaV1 } from '@standard-schema/spec';
import { RowmillError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { JobRunStore } from '../ports/job-run-store.ts';
import type { JobStorages } from '../ports/job-storage.ts';
import type { JobStore, JobVersion } from '../ports/job-store.ts';
import type { ScriptExecutor, ScriptOutcome } from '../ports/script-executor.ts';
import { DEFAULT_EXECUTOR } from '../script/executor-definition.ts';
import { fail, stop, write, type Outcome } from '../task/outcome.ts';
import type { RegisteredTask } from '../task/registry.ts';
import type { RunContext } from '../task/run-context.ts';
import { brandTask, type NoinputTask } from '../task/task.ts';
import type { JsonObject, ScriptFile } from './job-definition.ts';
import { reportOf, type ScriptReport } from './script-report.ts';

/** What executing scripts as tasks works with. */
export interface JobTasksPorts {
  readonly tasks: { find(name: string): Promise<RegisteredTask> };
  readonly jobs: Pick<JobStore, 'version'>;
  readonly jobRuns: Pick<JobRunStore, 'find' | 'saveReport'>;
  readonly runs: Pick<HostedRunStore, 'get'>;
  readonly executor: ScriptExecutor;
  readonly storages: JobStorages;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
}

const NAME = /^job\/([^@/]+)@(\d+)$/;
/** Whether somebody has asked to stop the run is looked for so often. */
const LOOK_EVERY_MS = 500;

/** The name of the task that a version of a script is. */
export function jobTaskName({ jobId, number }: Pick<JobVersion, 'jobId' | 'number'>): string {
  return `job/${jobId}@${number}`;
}

/** Every registered task, and each version of a script as a task of one step. */
export class JobTasks {
  readonly #ports: JobTasksPorts;

  constructor(ports: JobTasksPorts) {
    this.#ports = ports;
  }

  /** Throws `task_not_found`. */
  async find(name: string): Promise<RegisteredTask> {
    const [, jobId, number] = NAME.exec(name) ?? [];
    if (jobId === undefined) return this.#ports.tasks.find(name);
    const version = await this.#ports.jobs.version(jobId, Number(number));
    if (version?.scriptSha256 === undefined) {
      throw new RowmillError('task_not_found', `there is no task ${name}`);
    }
    return {
      task: this.#taskOf(version),
      codeHash: version.scriptSha256,
      origin: `version ${number} of the job ${version.definition.name}`,
    };
  }

  #taskOf(version: JobVersion & { readonly files: readonly ScriptFile[] }): NoinputTask {
    const { definition } = version;
    return brandTask({
      kind: 'noinput',
      name: jobTaskName(version),
      category: 'job',
      action: `${version.jobId}@${version.number}`,
      description: definition.description || `The job ${definition.name}`,
      doc: '',
      output: ['result_code', 'message', 'result'],
      argumentsSchema: ANY_ARGUMENTS,
      isDestructive: false,
      start: undefined,
      open: undefined,
      close: undefined,
      cleanup: undefined,
      examples: [],
      step: (_state: undefined, run: RunContext<JsonObject, undefined>) => this.#step(version, run),
    });
  }

  /** The one step of a run: the script, from its beginning to its end. */
  async #step(
    version: JobVersion & { readonly files: readonly ScriptFile[] },
    run: RunContext<JsonObject, undefined>,
  ): Promise<Outcome> {
    const { work, logLevel } = version.definition;
    if (work.kind !== 'script') throw new Error(`${jobTaskName(version)} is no script`);
    const { language, entry, className } = work;
    const { runtimeVersion, limits, access } = DEFAULT_EXECUTOR;
    const ended = await this.#untilStopped(run, (signal) =>
      this.#ports.executor.run({
        bundle: { language, entry, className, files: version.files },
        // It was JSON when it came, and is stored as such.
        event: JSON.parse(JSON.stringify(run.arguments)),
        secrets: {},
        runtimeVersion,
        limits,
        access,
        logLevel,
        storage: this.#ports.storages.of(version.jobId),
        signal,
      }),
    );
    if (ended === 'stopped') return stop();
    for (const { level, message } of ended.log) run.log[level](message);
    const report = reportOf(ended);
    await this.#ports.jobRuns.saveReport(run.runId, report);
    return stop(rowOf(report, ended));
  }

  /** Lets the script end where somebody asks to stop the run. */
  async #untilStopped(
    { runId, signal }: Pick<RunContext, 'runId' | 'signal'>,
    work: (signal: AbortSignal) => Promise<ScriptOutcome>,
  ): Promise<ScriptOutcome | 'stopped'> {
    const { clock, runs, makeStop } = this.#ports;
    const end = makeStop();
    const abort = (): void => end.abort();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const watch = makeStop();
    let isStopped = false;
    const watching = (async () => {
      while (!watch.signal.aborted && !isStopped) {
        await clock.sleep(LOOK_EVERY_MS, watch.signal);
        // A store that is gone for a moment must not end the script.
        const run = await runs.get(runId).catch(() => undefined);
        isStopped = !watch.signal.aborted && run?.state.asked === 'stop';
      }
      if (isStopped) abort();
    })();
    try {
      const outcome = await work(end.signal);
      return isStopped ? 'stopped' : outcome;
    } finally {
      watch.abort();
      await watching;
      signal.removeEventListener('abort', abort);
    }
  }
}

/** An error is a row that failed: the status of the run follows from it. */
function rowOf({ resultCode, message, result }: ScriptReport, { limit }: ScriptOutcome): Outcome {
  if (resultCode === 'success' || resultCode === 'idle') {
    return write({
      result_code: resultCode,
      message: message ?? '',
      result: result === null ? '' : JSON.stringify(result),
    });
  }
  const code = limit === undefined ? `script_${resultCode}` : `limit_${limit}`;
  return fail({ code, message: message ?? `the script ended with ${resultCode}` });
}

/** What a script is given was checked by the schema of its job. */
const ANY_ARGUMENTS: StandardSchemaV1<unknown, unknown> = {
  '~standard': { version: 1, vendor: 'rowmill', validate: (value) => ({ value }) },
};
