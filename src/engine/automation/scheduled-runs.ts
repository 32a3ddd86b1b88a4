import { RowmillError } from '../errors.ts';
import type { RunEventFeed } from '../hosting/run-event-feed.ts';
import type { RunHost } from '../hosting/run-host.ts';
import type { JobStarter } from '../jobs/start-job.ts';
import type { Firing } from '../ports/firing-store.ts';
import type { HostedRunStore } from '../ports/hosted-run-store.ts';
import type { JobRuns, StartedFiring } from '../ports/job-runs.ts';
import type { JobStore } from '../ports/job-store.ts';
import type { Schedule, ScheduleStore } from '../ports/schedule-store.ts';
import type { RunService } from '../run/run-service.ts';
import type { RegisteredTask } from '../task/registry.ts';

interface ScheduledRunsPorts {
  readonly schedules: Pick<ScheduleStore, 'find'>;
  readonly jobs: Pick<JobStore, 'find'>;
  readonly starter: Pick<JobStarter, 'start'>;
  readonly runs: Pick<HostedRunStore, 'get'>;
  readonly service: Pick<RunService, 'create'>;
  readonly host: Pick<RunHost, 'enqueue'>;
  readonly feed: Pick<RunEventFeed, 'tell'>;
  readonly tasks: { find(name: string): Promise<RegisteredTask> };
}

/** Starts what schedules say: a run of a task that reads no file, or of a job. */
export class ScheduledRuns implements JobRuns {
  readonly #ports: ScheduledRunsPorts;

  constructor(ports: ScheduledRunsPorts) {
    this.#ports = ports;
  }

  async start(firing: Firing): Promise<StartedFiring> {
    const schedule = await this.#ports.schedules.find(firing.triggerId);
    if (schedule === undefined) throw new Error(`the schedule ${firing.triggerId} is gone`);
    const { work } = schedule;
    return work.kind === 'task'
      ? this.#startTask(firing, schedule, work.task)
      : this.#startJob(firing, schedule, work.jobId);
  }

  async #startTask(
    firing: Firing,
    { accountId, authAccountId, arguments: args }: Schedule,
    name: string,
  ): Promise<StartedFiring> {
    const { service, tasks, host, feed } = this.#ports;
    const runId = runIdOf(firing);
    const before = await this.#madeBefore(runId);
    if (before === undefined) {
      const { task, codeHash } = await tasks.find(name);
      await service.create({
        runId,
        task,
        codeHash,
        arguments: args,
        input: { kind: 'none' },
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
    { accountId, authAccountId, arguments: args }: Schedule,
    jobId: string,
  ): Promise<StartedFiring> {
    const job = await this.#ports.jobs.find(jobId);
    if (job === undefined) throw new Error(`the job ${jobId} is gone`);
    const started = await this.#ports.starter.start(job, {
      trigger: 'schedule',
      arguments: args,
      input: { kind: 'none' },
      fileName: undefined,
      owner: { accountId, authAccountId },
      keyId: undefined,
      runId: runIdOf(firing),
    });
    const { name, runsPerMinute } = job.latest.definition;
    switch (started.verdict) {
      case 'started':
        return { runId: started.runId };
      case 'overlap':
        return { overlaps: `run ${started.runId} of the job ${name} has not ended` };
      case 'archived':
        throw new Error(`the job ${name} is archived: it never runs`);
      case 'too_many':
        throw new Error(`the job ${name} is started ${runsPerMinute} times a minute at most`);
    }
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

/** The same for each attempt at a firing: what is started twice is one run. */
function runIdOf({ id }: Firing): string {
  return id.replace(/^fir_/, 'run_');
}
