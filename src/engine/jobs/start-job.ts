import { RowmillError } from '../errors.ts';
import type { RunEventFeed } from '../hosting/run-event-feed.ts';
import type { RunHost } from '../hosting/run-host.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { Admission, JobRunStore, TriggerKind } from '../ports/job-run-store.ts';
import type { Job } from '../ports/job-store.ts';
import type { JsonSchemas } from '../ports/json-schemas.ts';
import type { KnownSecrets } from '../ports/run-secrets.ts';
import type { RunInput, RunOwner, RunService } from '../run/run-service.ts';
import type { RegisteredTask } from '../task/registry.ts';
import type { JsonObject } from './job-definition.ts';
import { refuseMissingSecrets } from './job-secrets.ts';
import { jobTaskName } from './job-tasks.ts';

/** What starting jobs works with. */
export interface JobStarterPorts {
  readonly jobRuns: JobRunStore;
  readonly runs: Pick<HostedRunStore, 'get' | 'delete'>;
  readonly service: Pick<RunService, 'create'>;
  readonly host: Pick<RunHost, 'enqueue'>;
  readonly feed: Pick<RunEventFeed, 'tell'>;
  readonly tasks: { find(name: string): Promise<RegisteredTask> };
  readonly schemas: JsonSchemas;
  readonly secrets: KnownSecrets;
  readonly onError: (error: unknown, runId: string | undefined) => void;
}

/** A start of a job. */
export interface JobStart {
  readonly trigger: TriggerKind;
  /** Over the arguments of the job: what the task is given, or the event of a script. */
  readonly arguments: JsonObject;
  /** A file, for a task that reads one. */
  readonly input: RunInput;
  readonly fileName: string | undefined;
  /** Who starts it, … */
  readonly owner: RunOwner;
  /** … and with which key, if with one. */
  readonly keyId: string | undefined;
  /** Id that the run is to have, where the same start may come again. */
  readonly runId: string | undefined;
}

/** Why a job was not started, or the run that it has now. */
export type JobStartResult =
  | { readonly verdict: 'started'; readonly runId: string }
  | Exclude<Admission, { readonly verdict: 'admitted' }>;

/** Starts jobs: what begins is a run like any other. */
export class JobStarter {
  readonly #ports: JobStarterPorts;

  constructor(ports: JobStarterPorts) {
    this.#ports = ports;
  }

  /**
   * Checks the arguments and secrets, stores a run and makes it due. Throws `arguments_invalid` with all
   * that is wrong, or what the task refuses; no run is left behind then, nor where the job may not be started now.
   */
  async start(job: Job, start: JobStart): Promise<JobStartResult> {
    const { jobRuns, host, feed } = this.#ports;
    if (job.isArchived) return { verdict: 'archived' };
    const { definition, number: version } = job.latest;
    const args = { ...definition.arguments, ...start.arguments };
    this.#refuseArguments(job, args);
    await refuseMissingSecrets(job, this.#ports.secrets);
    const runId = (await this.#madeBefore(start.runId)) ?? (await this.#create(job, start, args));
    const admission = await jobRuns.admit(
      {
        runId,
        jobId: job.id,
        accountId: job.accountId,
        version,
        trigger: start.trigger,
        startedBy: { authAccountId: start.owner.authAccountId, keyId: start.keyId },
        input: args,
      },
      {
        runsPerMinute: definition.runsPerMinute,
        refusesOverlap: definition.overlap === 'skip',
      },
    );
    if (admission.verdict !== 'admitted') {
      await this.#ports.runs.delete(runId);
      return admission;
    }
    await feed.tell({ runId, type: 'created', data: { status: 'pending' } });
    await host.enqueue(runId);
    await this.#prune(job);
    return { verdict: 'started', runId };
  }

  /** Stores a run that waits. */
  async #create({ latest }: Job, start: JobStart, args: JsonObject): Promise<string> {
    const { work, runAs } = latest.definition;
    const name = work.kind === 'task' ? work.task : jobTaskName(latest);
    const { task, codeHash } = await this.#ports.tasks.find(name);
    const { runId } = await this.#ports.service.create({
      runId: start.runId,
      task,
      codeHash,
      arguments: args,
      input: start.input,
      fileName: start.fileName,
      output: { kind: 'run_folder' },
      options: {},
      resume: false,
      acceptNewCode: false,
      onInvalid: 'reject',
      excelSafe: false,
      owner: { ...start.owner, authAccountId: runAs ?? start.owner.authAccountId },
    });
    return runId;
  }

  /** The run that an earlier attempt at the same start has stored. */
  async #madeBefore(runId: string | undefined): Promise<string | undefined> {
    if (runId === undefined) return undefined;
    try {
      return (await this.#ports.runs.get(runId)).record.runId;
    } catch (error) {
      if (error instanceof RowmillError && error.code === 'run_not_found') return undefined;
      throw error;
    }
  }

  #refuseArguments({ latest: { definition } }: Job, args: JsonObject): void {
    const { argumentSchema, name } = definition;
    const problems =
      argumentSchema === undefined ? [] : this.#ports.schemas.problemsOf(argumentSchema, args);
    if (problems.length === 0) return;
    throw new RowmillError(
      'arguments_invalid',
      `arguments of the job ${name}: ${problems.join('; ')}`,
      { problems },
    );
  }

  /** What is beyond the job's limit of records goes, with its run. */
  async #prune({ id, latest: { definition } }: Job): Promise<void> {
    const { jobRuns, runs, onError } = this.#ports;
    for (const runId of await jobRuns.ended(id, definition.logLimit)) {
      try {
        await runs.delete(runId);
      } catch (error) {
        // Another server was quicker, or somebody has resumed it.
        if (!(error instanceof RowmillError)) onError(error, runId);
      }
    }
  }
}
