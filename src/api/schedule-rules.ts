import type { z } from 'zod';
import { firstDueMs } from '../engine/automation/first-due.ts';
import { isArrival, type TriggerDefinition } from '../engine/automation/read-trigger.ts';
import type { OverlapPolicy } from '../engine/automation/trigger.ts';
import { classesOf } from '../engine/automation/item-source.ts';
import type { EachItem, Schedule, ScheduledWork } from '../engine/ports/schedule-store.ts';
import type { StoredTrigger } from '../engine/ports/trigger-store.ts';
import { parseArguments } from '../engine/task/parse-arguments.ts';
import { isElsewhere, RowmillError } from '../engine/errors.ts';
import type { Task } from '../engine/task/task.ts';
import { mayDo, type Actor } from './actor.ts';
import type { ApiPorts } from './api-ports.ts';
import { sftpPath } from '../engine/task/sftp-path.ts';
import { ownJob } from './own-job.ts';
import { ApiProblem } from './problem.ts';
import { refuseArguments } from './refuse-arguments.ts';
import type { NewSchedule } from './wire/schedule-wire.ts';

interface Caller {
  readonly actor: Actor;
  readonly ports: ApiPorts;
}

/** A task or a job, never both. */
export function workOf({ task, job, file, each }: z.output<typeof NewSchedule>): ScheduledWork {
  const given = {
    ...(file === undefined ? {} : { file }),
    ...(each === undefined ? {} : { each: { source: each.source, classes: each.classes } }),
  };
  if (task !== undefined && job === undefined) return { kind: 'task', task, ...given };
  if (job !== undefined && task === undefined) return { kind: 'job', jobId: job, ...given };
  const what = task === undefined ? 'is missing' : 'and body.job are both there';
  throw new ApiProblem('bad_request', `body.task ${what}: expected a task or a job`);
}

/** Throws where no run could be begun by it. */
export async function refuseWork(
  {
    work,
    arguments: args,
    trigger,
  }: {
    readonly work: ScheduledWork;
    readonly arguments: Schedule['arguments'];
    readonly trigger: TriggerDefinition;
  },
  { actor, ports }: Caller,
): Promise<void> {
  if (work.kind === 'job' && !mayDo(actor, 'jobs:trigger')) {
    throw new ApiProblem('forbidden', 'this key lacks the scope jobs:trigger');
  }
  const started =
    work.kind === 'task'
      ? work
      : (await ownJob({ params: { job_id: work.jobId }, actor, ports })).latest.definition.work;
  if (work.each !== undefined) await refuseEach(work.each, { trigger, actor, ports });
  if (work.file !== undefined) {
    await orAt('body.file', () =>
      ports.schedules.files.checkFile(work.file ?? '', actor.accountId),
    );
  }
  // A script, or a service, is given whatever there is.
  if (started.kind !== 'task') {
    if (work.file === undefined) return;
    const message = `body.file: a ${started.kind} reads no file that a schedule names: expected a task`;
    throw new ApiProblem('bad_request', message);
  }
  const { task } = await ports.tasks.find(started.task);
  refuseFile(task, { work, trigger });
  refuseArguments(task, args);
  // Those of a job are joined with its own, and looked at when it is started.
  // Where there is one for each item, they are not known yet.
  if (work.kind === 'task' && work.each === undefined) await parseArguments(task, args);
}

/** Throws where a task has no file to read, or more than it can. */
function refuseFile(
  { kind, name }: Task,
  { work, trigger }: { readonly work: ScheduledWork; readonly trigger: TriggerDefinition },
): void {
  const given = [
    ...(work.file === undefined ? [] : ['body.file']),
    ...(isArrival(trigger) ? ['what arrives'] : []),
  ];
  if (given.length === (kind === 'csv' ? 1 : 0)) return;
  const at = `body.${work.kind}: ${name}`;
  if (kind === 'csv' && given.length === 0) {
    const message = `${at} reads a CSV: name it in body.file, or let a trigger of the kind file wait for it`;
    throw new ApiProblem('bad_request', message);
  }
  const reads = kind === 'csv' ? 'reads one file' : 'reads no file';
  throw new ApiProblem('bad_request', `${at} ${reads}, and is given ${given.join(' and ')}`);
}

/** Throws for a source that is not there, or a class that it has not. */
async function refuseEach(
  { source: name, classes }: EachItem,
  { trigger, actor, ports }: Caller & { readonly trigger: TriggerDefinition },
): Promise<void> {
  if (isArrival(trigger)) {
    const message = 'body.each: what arrives is one file at a time: expected another trigger';
    throw new ApiProblem('bad_request', message);
  }
  const source = await ports.schedules.sources.store.find(actor.accountId, name);
  if (source === undefined) {
    throw new ApiProblem('bad_request', `body.each.source: there is no source ${name}`);
  }
  const known = classesOf(source.definition);
  const odd = classes?.find((each) => !known.includes(each));
  if (odd === undefined) return;
  const message = `body.each.classes: ${name} has no class ${odd}: expected ${known.join(', ')}`;
  throw new ApiProblem('bad_request', message);
}

/** What is wrong with a place of the server, as a problem of the request. */
export async function orAt(at: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof RowmillError) || error.code !== 'usage') throw error;
    const message = `${at}: ${error.plain}`;
    throw new ApiProblem('bad_request', message, { details: [{ at, message }] });
  }
}

/** What becomes of a firing while another is at work: no file may be left out, and no event by itself. */
export function overlapOf(
  trigger: TriggerDefinition,
  said: OverlapPolicy | undefined,
): OverlapPolicy {
  if (!isArrival(trigger)) return said ?? (trigger.kind === 'event' ? 'queue' : 'skip');
  if (said !== 'skip') return said ?? 'queue';
  const message = 'body.overlap: a file that arrives is not left out: expected queue or allow';
  throw new ApiProblem('bad_request', message);
}

/** What lets go of files. */
export interface ReleasePorts {
  readonly schedules: {
    readonly triggers: Pick<ApiPorts['schedules']['triggers'], 'update'>;
    readonly files: Pick<ApiPorts['schedules']['files'], 'release'>;
  };
}

/** Lets go of the files of a trigger. Throws `conflict` while something is still to be done with one. */
export async function releaseFiles(trigger: StoredTrigger, ports: ReleasePorts): Promise<void> {
  if (!isArrival(trigger.definition)) return;
  const { triggers, files } = ports.schedules;
  // From now on it claims no more.
  await triggers.update(trigger.id, { isPaused: true });
  let open: string | undefined;
  try {
    open = await files.release(trigger);
  } catch (error) {
    await triggers.update(trigger.id, { isPaused: trigger.isPaused });
    if (!(error instanceof RowmillError) || isElsewhere(error)) throw error;
    // A disk that is not mounted has files of it all the same.
    const message = `files that it has claimed may lie where it looks, and that cannot be looked into: ${error.plain}. Try again when it can`;
    throw new ApiProblem('conflict', message, { cause: error });
  }
  if (open === undefined) return;
  await triggers.update(trigger.id, { isPaused: trigger.isPaused });
  throw new ApiProblem('conflict', open);
}

/** A trigger whose files were let go of claims again: what that was for did not come about. */
export async function watchAgain(
  { id, definition, isPaused }: StoredTrigger,
  ports: ReleasePorts,
): Promise<void> {
  if (isArrival(definition)) await ports.schedules.triggers.update(id, { isPaused });
}

/** Throws where the actor may not have files of an SFTP server read: what a schedule reads there, its runs show. */
export function refuseSftp(actor: Actor, ...triggers: readonly TriggerDefinition[]): void {
  const far = triggers.find((trigger) => isArrival(trigger) && trigger.sftp !== undefined);
  if (far === undefined || mayDo(actor, 'jobs:admin')) return;
  const message =
    'this key lacks the scope jobs:admin, which a schedule that waits for files of an SFTP connection needs';
  throw new ApiProblem('forbidden', message);
}

/** Throws where a trigger follows nothing, or itself, or watches what it may not. */
export async function refuseTrigger(
  trigger: TriggerDefinition,
  { id, actor, ports }: Caller & { readonly id: string },
): Promise<void> {
  if (trigger.kind === 'file') {
    const { folder, sftp } = trigger;
    await orAt('body.trigger.folder', async () => {
      if (sftp === undefined) await ports.schedules.files.checkFolder(folder, actor.accountId);
      else sftpPath(folder);
    });
    if (sftp !== undefined && (await ports.sftp.store.find(actor.accountId, sftp)) === undefined) {
      throw new ApiProblem('bad_request', `body.trigger.sftp: there is no SFTP connection ${sftp}`);
    }
  }
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
