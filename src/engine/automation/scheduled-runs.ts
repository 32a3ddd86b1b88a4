import { RowmillError } from '../errors.ts';
import type { RunEventFeed } from '../hosting/run-event-feed.ts';
import type { RunHost } from '../hosting/run-host.ts';
import type { JsonObject } from '../jobs/job-definition.ts';
import type { GivenFile, JobStarter } from '../jobs/start-job.ts';
import type { FetchedFile } from '../ports/arrival-folder.ts';
import type { Firing, FiringStore } from '../ports/firing-store.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { MakeId } from '../ports/ids.ts';
import type { JobRuns, StartedFiring } from '../ports/job-runs.ts';
import type { JobStore } from '../ports/job-store.ts';
import type { EachItem, Schedule, ScheduleStore } from '../ports/schedule-store.ts';
import type { RunService } from '../run/run-service.ts';
import { argumentsSchema } from '../task/help.ts';
import type { RegisteredTask } from '../task/registry.ts';
import { argumentsFor, firingsOf, isOfItem, itemsOf, type EachItemPorts } from './each-item.ts';
import { runIdOf } from './firing-runs.ts';
import { isArrival } from './read-trigger.ts';

interface ScheduledRunsPorts {
  readonly schedules: Pick<ScheduleStore, 'find'>;
  readonly jobs: Pick<JobStore, 'find'>;
  readonly starter: Pick<JobStarter, 'start'>;
  readonly runs: Pick<HostedRunStore, 'get'>;
  readonly service: Pick<RunService, 'create'>;
  readonly host: Pick<RunHost, 'enqueue'>;
  readonly feed: Pick<RunEventFeed, 'tell'>;
  readonly tasks: { find(name: string): Promise<RegisteredTask> };
  /** Throws where arguments of a task could not come from a caller. */
  readonly refuseArguments: (task: RegisteredTask['task'], given: JsonObject) => void;
  readonly sources: EachItemPorts;
  readonly firings: Pick<FiringStore, 'add'>;
  readonly makeId: MakeId;
  readonly files: {
    /** The file that has arrived for a firing; undefined where none has. */
    fetch(firing: Firing): Promise<FetchedFile | undefined>;
    /** Throws for a file that the account may not have read. */
    check(path: string, accountId: string): Promise<string>;
  };
}

/** How the file of a run is come by, once the run is certain: it may lie elsewhere. */
interface Fetching {
  readonly fetch: () => Promise<GivenFile>;
}

/** Starts what schedules say: a run of a task, or of a job. */
export class ScheduledRuns implements JobRuns {
  readonly #ports: ScheduledRunsPorts;

  constructor(ports: ScheduledRunsPorts) {
    this.#ports = ports;
  }

  async start(firing: Firing): Promise<StartedFiring> {
    const schedule = await this.#ports.schedules.find(firing.triggerId);
    if (schedule === undefined) throw new Error(`the schedule ${firing.triggerId} is gone`);
    const { each } = schedule.work;
    if (each !== undefined && !isOfItem(firing)) {
      return { listed: await this.#list(firing, schedule, each) };
    }
    let fetched: FetchedFile | undefined;
    const fetch = async (): Promise<GivenFile> => {
      fetched = await this.#ports.files.fetch(firing);
      return this.#fileOf(schedule, fetched);
    };
    try {
      return schedule.work.kind === 'task'
        ? await this.#startTask(firing, schedule, { ...schedule.work, fetch })
        : await this.#startJob(firing, schedule, { ...schedule.work, fetch });
    } catch (error) {
      throw fetched === undefined ? error : underItsName(error, fetched);
    } finally {
      await fetched?.dispose();
    }
  }

  /** Adds a firing for each item. Those of an earlier attempt are there already. */
  async #list(firing: Firing, { accountId, trigger }: Schedule, each: EachItem): Promise<number> {
    const { sources, firings, makeId } = this.#ports;
    const items = await itemsOf(each, accountId, sources);
    await firings.add(firingsOf(items, { firing, trigger, source: each.source, makeId }));
    return items.length;
  }

  /** What has arrived, or what the schedule names, or nothing. */
  async #fileOf(
    { work: { file }, accountId }: Schedule,
    fetched: FetchedFile | undefined,
  ): Promise<GivenFile> {
    if (fetched !== undefined) {
      return { input: { kind: 'file', path: fetched.path }, fileName: fetched.name };
    }
    if (file === undefined) return { input: { kind: 'none' }, fileName: undefined };
    // Links resolved: what was looked at is what is read.
    const path = await this.#ports.files.check(file, accountId);
    return { input: { kind: 'file', path }, fileName: file.slice(file.lastIndexOf('/') + 1) };
  }

  async #startTask(
    firing: Firing,
    schedule: Schedule,
    { task: name, fetch }: Fetching & { readonly task: string },
  ): Promise<StartedFiring> {
    const { accountId, authAccountId } = schedule;
    const { service, tasks, host, feed } = this.#ports;
    const runId = runIdOf(firing.id);
    const before = await this.#madeBefore(runId);
    if (before === undefined) {
      const { task, codeHash } = await tasks.find(name);
      const given = this.#givenTo(task, { firing, schedule });
      await service.create({
        runId,
        task,
        codeHash,
        arguments: given,
        ...(await fetch()),
        output: { kind: 'run_folder' },
        options: {},
        resume: false,
        acceptNewCode: false,
        onInvalid: 'reject',
        excelSafe: false,
        owner: { accountId, authAccountId },
      });
      await feed.tell({ runId, type: 'created', data: { status: 'pending' } });
    }
    const isUntouched = before?.state.status === 'pending' && before.facts.dueAtMs === undefined;
    if (before === undefined || isUntouched) await host.enqueue(runId);
    return { runId };
  }

  async #startJob(
    firing: Firing,
    schedule: Schedule,
    { jobId, fetch }: Fetching & { readonly jobId: string },
  ): Promise<StartedFiring> {
    const { accountId, authAccountId, trigger } = schedule;
    const isEvent = trigger.definition.kind === 'event';
    const job = await this.#ports.jobs.find(jobId);
    if (job === undefined) throw new Error(`the job ${jobId} is gone`);
    const { work, name, runsPerMinute } = job.latest.definition;
    const task = work.kind === 'task' ? (await this.#ports.tasks.find(work.task)).task : undefined;
    const started = await this.#ports.starter.start(job, {
      // One that a person lets fire has no event.
      trigger: isEvent && firing.payload !== undefined ? 'event' : 'schedule',
      arguments: this.#givenTo(task, { firing, schedule }),
      input: { kind: 'none' },
      fileName: undefined,
      // What is no task is told of its file.
      fetch: task === undefined ? undefined : fetch,
      owner: { accountId, authAccountId },
      keyId: undefined,
      runId: runIdOf(firing.id),
    });
    switch (started.verdict) {
      case 'started':
      case 'queued':
        return { runId: started.runId };
      case 'overlap':
        return { overlaps: `run ${started.runId} of the job ${name} has not ended` };
      case 'archived':
        return { archived: `the job ${name} is archived: it never runs` };
      case 'too_many':
        return { tooMany: `the job ${name} is started ${runsPerMinute} times a minute at most` };
    }
  }

  #givenTo(
    task: RegisteredTask['task'] | undefined,
    { firing, schedule }: { readonly firing: Firing; readonly schedule: Schedule },
  ): JsonObject {
    const given = givenOf(firing, schedule, task);
    // Those of the schedule were looked at when it was made.
    if (task !== undefined && given !== schedule.arguments) {
      this.#ports.refuseArguments(task, given);
    }
    return given;
  }

  async #madeBefore(runId: string) {
    try {
      return await this.#ports.runs.get(runId);
    } catch (error) {
      if (error instanceof RowmillError && error.code === 'run_not_found') return undefined;
      throw error;
    }
  }
}

/** Its own name in what is told of a file, in place of where the server has it. */
function underItsName(error: unknown, { path, name }: FetchedFile): unknown {
  if (!(error instanceof RowmillError)) return error;
  const { code, plain, problems } = error;
  return new RowmillError(code, plain.replaceAll(path, name), {
    cause: error,
    problems: problems.map((problem) => problem.replaceAll(path, name)),
  });
}

/** What came with an event, over what is always given. A task is given what it has arguments for. */
function givenOf(
  firing: Firing,
  { trigger, arguments: args }: Schedule,
  task: RegisteredTask['task'] | undefined,
): JsonObject {
  const { payload } = firing;
  const { kind } = trigger.definition;
  if (isOfItem(firing)) {
    const filled = argumentsFor(args, firing);
    return task === undefined && isObject(payload) ? { ...filled, ...payload } : filled;
  }
  const isTold = kind === 'event' || kind === 'after_run';
  if (isArrival(trigger.definition) && task === undefined && isObject(payload)) {
    return { ...args, ...payload };
  }
  if (!isTold || !isObject(payload)) return args;
  if (task === undefined) return { ...args, ...payload };
  const known = argumentsSchema(task)?.['properties'];
  if (!isObject(known)) return task.argumentsSchema === undefined ? args : { ...args, ...payload };
  const fields = Object.entries(payload).filter(([name]) => Object.hasOwn(known, name));
  return { ...args, ...Object.fromEntries(fields) };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
