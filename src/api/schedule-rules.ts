import type { z } from 'zod';
import { firstDueMs } from '../engine/automation/first-due.ts';
import type { TriggerDefinition } from '../engine/automation/read-trigger.ts';
import type { Schedule, ScheduledWork } from '../engine/ports/schedule-store.ts';
import { parseArguments } from '../engine/task/parse-arguments.ts';
import { mayDo, type Actor } from './actor.ts';
import type { ApiPorts } from './api-ports.ts';
import { ownJob } from './own-job.ts';
import { ApiProblem } from './problem.ts';
import { refuseArguments } from './refuse-arguments.ts';
import type { NewSchedule } from './wire/schedule-wire.ts';

interface Caller {
  readonly actor: Actor;
  readonly ports: ApiPorts;
}

/** A task or a job, never both. */
export function workOf({ task, job }: z.output<typeof NewSchedule>): ScheduledWork {
  if (task !== undefined && job === undefined) return { kind: 'task', task };
  if (job !== undefined && task === undefined) return { kind: 'job', jobId: job };
  const what = task === undefined ? 'is missing' : 'and body.job are both there';
  throw new ApiProblem('bad_request', `body.task ${what}: expected a task or a job`);
}

/** Throws where no run could be begun by it. */
export async function refuseWork(
  work: ScheduledWork,
  args: Schedule['arguments'],
  { actor, ports }: Caller,
): Promise<void> {
  if (work.kind === 'job' && !mayDo(actor, 'jobs:trigger')) {
    throw new ApiProblem('forbidden', 'this key lacks the scope jobs:trigger');
  }
  const started =
    work.kind === 'task'
      ? work
      : (await ownJob({ params: { job_id: work.jobId }, actor, ports })).latest.definition.work;
  // A script, or a service, is given whatever there is.
  if (started.kind !== 'task') return;
  const { task } = await ports.tasks.find(started.task);
  if (task.kind === 'csv') {
    throw new ApiProblem(
      'bad_request',
      `body.${work.kind}: ${task.name} reads a CSV, and a schedule has none to give: expected a task without input`,
    );
  }
  refuseArguments(task, args);
  // Those of a job are joined with its own, and looked at when it is started.
  if (work.kind === 'task') await parseArguments(task, args);
}

/** Throws where a trigger follows nothing, or itself. */
export async function refuseTrigger(
  trigger: TriggerDefinition,
  { id, actor, ports }: Caller & { readonly id: string },
): Promise<void> {
  const passed = new Set([id]);
  let next: TriggerDefinition | undefined = trigger;
  while (next?.kind === 'after_run') {
    const { of } = next;
    if (passed.has(of)) {
      throw new ApiProblem(
        'bad_request',
        `body.trigger.of: ${of} would run after itself, for ever`,
      );
    }
    passed.add(of);
    const other = await ports.schedules.store.find(of);
    if (other?.accountId !== actor.accountId) {
      throw new ApiProblem('bad_request', `body.trigger.of: there is no schedule ${of}`);
    }
    next = other.trigger.definition;
  }
}

/** Undefined while it is paused, and for what waits for no time. Throws where its times are over. */
export function nextDueMs(
  trigger: TriggerDefinition,
  { isPaused, ports }: { readonly isPaused: boolean; readonly ports: ApiPorts },
): number | undefined {
  const due = firstDueMs(trigger, Math.floor(ports.clock.now()));
  if (due === 'never') {
    throw new ApiProblem('bad_request', 'body.trigger: all of its times are over');
  }
  return isPaused ? undefined : due;
}

/** Names are unique in an account. */
export function nameTaken(name: string): ApiProblem {
  return new ApiProblem('conflict', `the account has a schedule of the name ${name} already`);
}
