import type { StandardSchemaV1 } from '@standard-schema/spec';
import { RowmillError } from '../errors.ts';
import type { SftpConnections } from '../hosting/sftp-connections.ts';
import { sftpOfRun } from '../hosting/sftp-of-run.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { JobRunStore } from '../ports/job-run-store.ts';
import type { JobStorages } from '../ports/job-storage.ts';
import type { JobStore, JobVersion } from '../ports/job-store.ts';
import type { KnownSecrets } from '../ports/run-secrets.ts';
import type { ServiceCallPorts } from '../services/call-service.ts';
import type { Executors } from '../script/executors.ts';
import { Redaction } from '../script/redaction.ts';
import { fail, stop, type Outcome } from '../task/outcome.ts';
import type { RegisteredTask } from '../task/registry.ts';
import type { RunContext } from '../task/run-context.ts';
import { withoutSecrets } from '../task/task-resources.ts';
import { brandTask, type NoinputTask } from '../task/task.ts';
import { withArrived, type ArrivedContent } from './arrived-file.ts';
import type { JsonObject, ScriptFile } from './job-definition.ts';
import { secretValues } from './job-secrets.ts';
import { reportOf, reportRow } from './script-report.ts';
import { serviceStep } from './service-step.ts';
import { untilStopped } from './until-stopped.ts';

/** What executing scripts as tasks works with. */
export interface JobTasksPorts extends ServiceCallPorts {
  readonly tasks: { find(name: string): Promise<RegisteredTask> };
  readonly jobs: Pick<JobStore, 'version'>;
  readonly jobRuns: Pick<JobRunStore, 'find' | 'saveReport'>;
  readonly runs: Pick<HostedRunStore, 'get'>;
  readonly executors: Pick<Executors, 'find' | 'ofKind'>;
  readonly storages: JobStorages;
  readonly secrets: KnownSecrets;
  readonly sftp: Pick<SftpConnections, 'use'>;
  /** The file that has arrived for a run. Throws where it is gone, or too large for a script. */
  readonly arrivedFor: (runId: string) => Promise<ArrivedContent | undefined>;
}

const NAME = /^(?:job|service)\/([^@/]+)@(\d+)$/;

/** The name of the task that a version of a script or of a service is. */
export function jobTaskName({
  jobId,
  number,
  definition,
}: Pick<JobVersion, 'jobId' | 'number' | 'definition'>): string {
  return `${definition.work.kind === 'service' ? 'service' : 'job'}/${jobId}@${number}`;
}

/** Every registered task, and each version of a script or of a service as a task of one step. */
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
    const work = version?.definition.work;
    if (version === undefined || work === undefined || jobTaskName(version) !== name) {
      throw new RowmillError('task_not_found', `there is no task ${name}`);
    }
    return {
      task: this.#taskOf(version),
      // A version is never changed: what has no code of its own is known by its name.
      codeHash: version.scriptSha256 ?? name,
      origin: `version ${number} of the job ${version.definition.name}`,
    };
  }

  #taskOf(version: JobVersion & { readonly files: readonly ScriptFile[] }): NoinputTask {
    const { definition } = version;
    const name = jobTaskName(version);
    const [category = '', action = ''] = name.split('/');
    return brandTask({
      kind: 'noinput',
      name,
      category,
      action,
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

  /** The one step of a run: the script or the call, from its beginning to its end. */
  async #step(
    version: JobVersion & { readonly files: readonly ScriptFile[] },
    run: RunContext<JsonObject, undefined>,
  ): Promise<Outcome> {
    const { work, logLevel, executor } = version.definition;
    if (work.kind === 'service') return serviceStep({ ...version, work }, run, this.#ports);
    if (work.kind !== 'script') throw new Error(`${jobTaskName(version)} is no script`);
    const { language, entry, className } = work;
    const { executors } = this.#ports;
    const { kind, image, runtimeVersion, limits, access } = await executors.find(
      run.accountId,
      executor,
    );
    const executes = executors.ofKind(kind);
    let arrived: ArrivedContent | undefined;
    try {
      arrived = await this.#ports.arrivedFor(run.runId);
    } catch (error) {
      if (!(error instanceof RowmillError) || error.code === 'store_unreachable') throw error;
      return stop(fail({ code: error.code, message: error.plain }));
    }
    const given = withArrived(
      // It was JSON when it came, and is stored as such.
      { files: version.files, event: JSON.parse(JSON.stringify(run.arguments)) },
      arrived,
    );
    const secrets = await secretValues(version, run, this.#ports.secrets);
    const redaction = new Redaction(secrets);
    const storage = this.#ports.storages.of(version.jobId);
    const outcome = await untilStopped(run, this.#ports, (signal) =>
      executes.run({
        bundle: { language, entry, className, files: given.files },
        event: given.event,
        secrets,
        runtimeVersion,
        image,
        limits,
        access,
        logLevel,
        storage: withoutSecrets(storage, redaction),
        sftp: sftpOfRun({
          accountId: run.accountId,
          runId: run.runId,
          allowed: async () => version.definition.sftp,
          connections: this.#ports.sftp,
        }),
        signal,
      }),
    );
    if (outcome === 'stopped') return stop();
    const ended = redaction.outcome(outcome);
    for (const { level, message } of ended.log) run.log[level](message);
    const report = reportOf(ended);
    await this.#ports.jobRuns.saveReport(run.runId, report);
    return stop(reportRow(report, ended.limit));
  }
}

/** What a script is given was checked by the schema of its job. */
const ANY_ARGUMENTS: StandardSchemaV1<unknown, unknown> = {
  '~standard': { version: 1, vendor: 'rowmill', validate: (value) => ({ value }) },
};
