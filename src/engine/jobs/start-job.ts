import { RowmillError } from '../errors.ts';
import type { RunEventFeed } from '../hosting/run-event-feed.ts';
import type { RunHost } from '../hosting/run-host.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type {
  Admission,
  AdmissionRules,
  JobRun,
  JobRunStore,
  TriggerKind,
} from '../ports/job-run-store.ts';
import type { Job } from '../ports/job-store.ts';
import type { Queue, QueueStore } from '../ports/queue-store.ts';
import type { JsonSchemas } from '../ports/json-schemas.ts';
import type { KnownSecrets } from '../ports/run-secrets.ts';
import type { RunInput, RunOwner, RunService } from '../run/run-service.ts';
import type { RegisteredTask } from '../task/registry.ts';
import type { JsonObject } from './job-definition.ts';
import { refuseMissingSecrets } from './job-secrets.ts';
import { jobTaskName } from './job-tasks.ts';
import { queueOfJob } from './queue-of-job.ts';

/** What starting jobs works with. */
export interface JobStarterPorts {
  readonly jobRuns: JobRunStore;
  readonly runs: Pick<HostedRunStore, 'get' | 'delete'>;
  readonly service: Pick<RunService, 'create'>;
  readonly host: Pick<RunHost, 'wake'>;
  readonly feed: Pick<RunEventFeed, 'tell' | 'announce' | 'last'>;
  readonly queues: Pick<QueueStore, 'named' | 'create' | 'add'>;
  /** Something waits in a queue. */
  readonly onQueued: () => void;
  readonly tasks: { find(name: string): Promise<RegisteredTask> };
  readonly schemas: JsonSchemas;
  readonly secrets: KnownSecrets;
  readonly onError: (error: unknown, runId: string | undefined) => void;
}

/** The file of a run, and its name. */
export interface GivenFile {
  readonly input: RunInput;
  readonly fileName: string | undefined;
}

/** A start of a job. */
export interface JobStart extends GivenFile {
  readonly trigger: TriggerKind;
  /** Over the arguments of the job: what the task is given, or the event of a script. */
  readonly arguments: JsonObject;
  /** The file where it has to be fetched, which is done only when nothing is known that refuses the start. */
  readonly fetch?: (() => Promise<GivenFile>) | undefined;
  /** Who starts it, … */
  readonly owner: RunOwner;
  /** … and with which key, if with one. */
  readonly keyId: string | undefined;
  /** Id that the run is to have, where the same start may come again. */
  readonly runId: string | undefined;
}

/** Why a job was not started, or the run that it has now. */
type StartedNow =
  | { readonly verdict: 'started'; readonly runId: string }
  | Exclude<Admission, { readonly verdict: 'admitted' }>;

/** `queued`: the run waits for its turn. */
export type JobStartResult = StartedNow | { readonly verdict: 'queued'; readonly runId: string };

interface Pace {
  /** Of the run; undefined: none. */
  readonly maxRowsPerSecond?: number | undefined;
}

/** How a job is started whose turn has come. */
interface Turn extends Pace {
  /** Refused while another run of the job has not ended. */
  readonly refusesOverlap: boolean;
  /** The entry of a queue, claimed for this. */
  readonly entry?: AdmissionRules['entry'];
}

/** Starts jobs: what begins is a run like any other. */
export class JobStarter {
  readonly #ports: JobStarterPorts;

  constructor(ports: JobStarterPorts) {
    this.#ports = ports;
  }

  /**
   * Starts a job, or lets the start wait in the queue of the job. Throws `arguments_invalid` with all that is
   * wrong, or what the task refuses; no run is left behind then, nor where the job may not be started now.
   */
  async start(job: Job, start: JobStart): Promise<JobStartResult> {
    if (job.isArchived) return { verdict: 'archived' };
    const queue = await queueOfJob(job, this.#ports.queues);
    if (queue !== undefined) return this.#enqueue(job, start, queue);
    const refusesOverlap = job.latest.definition.overlap === 'skip';
    return this.startNow(job, start, { refusesOverlap });
  }

  /** Checks the arguments and secrets, stores a run and makes it due, whatever queue the job has. */
  async startNow(job: Job, start: JobStart, turn: Turn): Promise<StartedNow> {
    const { jobRuns, runs, host, feed } = this.#ports;
    if (job.isArchived) return { verdict: 'archived' };
    const { refusesOverlap, entry } = turn;
    const { runsPerMinute } = job.latest.definition;
    const rules = { runsPerMinute, refusesOverlap, entry };
    // Before there is a file, or a run that would have to go again.
    if ((await this.#madeBefore(start.runId)) === undefined) {
      const refusal = await jobRuns.refusal(job.id, rules);
      if (refusal !== undefined) return refusal;
    }
    const { run, isNew } = await this.#stored(job, start, turn);
    const admission = await jobRuns.admit(run, rules);
    const { runId } = run;
    if (admission.verdict !== 'admitted') {
      // One that waited before does so again.
      if (isNew) await runs.delete(runId);
      return admission;
    }
    host.wake();
    for (const event of admission.events) await feed.announce(event);
    // It runs: what cannot be pruned now is with the next start.
    await this.#prune(job).catch((error: unknown) => this.#ports.onError(error, runId));
    return { verdict: 'started', runId };
  }

  /** Removes a run that waited and is not begun any more. */
  async discard(runId: string): Promise<void> {
    try {
      await this.#ports.runs.delete(runId);
    } catch (error) {
      if (!(error instanceof RowmillError && error.code === 'run_not_found')) throw error;
    }
  }

  /** Throws `arguments_invalid` with all that the schema of a job does not allow. */
  checkArguments({ latest: { definition } }: Job, args: JsonObject): void {
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

  /** Lets a run wait for its turn. */
  async #enqueue(job: Job, start: JobStart, queue: Queue): Promise<JobStartResult> {
    const { jobRuns, feed, queues, onQueued } = this.#ports;
    const pace = { maxRowsPerSecond: queue.rowsPerSecond };
    const { run, isNew } = await this.#stored(job, start, pace);
    const { runId } = run;
    await jobRuns.register(run);
    if (isNew || (await feed.last(runId)) === undefined) await this.#tellCreated(runId);
    await queues.add(queue.id, [
      {
        id: runId.replace(/^run_/, 'ent_'),
        jobId: job.id,
        authAccountId: start.owner.authAccountId,
        keyId: start.keyId,
        arguments: start.arguments,
        priority: 0,
        runId,
      },
    ]);
    onQueued();
    return { verdict: 'queued', runId };
  }

  /** The run of a start, which an earlier attempt may have stored. */
  async #stored(
    job: Job,
    start: JobStart,
    pace: Pace,
  ): Promise<{ readonly run: Omit<JobRun, 'createdAtMs'>; readonly isNew: boolean }> {
    const args = { ...job.latest.definition.arguments, ...start.arguments };
    this.checkArguments(job, args);
    await refuseMissingSecrets(job, this.#ports.secrets);
    const before = await this.#madeBefore(start.runId);
    const runId = before ?? (await this.#create(job, { ...start, arguments: args }, pace));
    const run = {
      runId,
      jobId: job.id,
      accountId: job.accountId,
      version: job.latest.number,
      trigger: start.trigger,
      startedBy: { authAccountId: start.owner.authAccountId, keyId: start.keyId },
      input: args,
    };
    return { run, isNew: before === undefined };
  }

  #tellCreated(runId: string): Promise<void> {
    return this.#ports.feed.tell({ runId, type: 'created', data: { status: 'pending' } });
  }

  /** Stores a run that waits. */
  async #create({ latest }: Job, start: JobStart, pace: Pace): Promise<string> {
    const { work, runAs } = latest.definition;
    const name = work.kind === 'task' ? work.task : jobTaskName(latest);
    const { task, codeHash } = await this.#ports.tasks.find(name);
    const { input, fileName } = (await start.fetch?.()) ?? start;
    const { runId } = await this.#ports.service.create({
      runId: start.runId,
      task,
      codeHash,
      arguments: start.arguments,
      input,
      fileName,
      output: { kind: 'run_folder' },
      options: {},
      resume: false,
      acceptNewCode: false,
      onInvalid: 'reject',
      excelSafe: false,
      maxRowsPerSecond: pace.maxRowsPerSecond,
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
