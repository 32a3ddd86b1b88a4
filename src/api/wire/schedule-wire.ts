import { claimedFile, isWaiting, type LeftFiles } from '../../engine/automation/claimed-files.ts';
import { z } from 'zod';
import { MISSED_POLICIES } from '../../engine/automation/plan-firings.ts';
import { Trigger } from '../../engine/automation/read-trigger.ts';
import { CLOCK_MARKS, type Occurrence } from '../../engine/automation/occurrences.ts';
import { OUTCOMES, OVERLAP_POLICIES } from '../../engine/automation/trigger.ts';
import { VERDICTS, type Firing } from '../../engine/ports/firing-store.ts';
import type { EachItem, Schedule } from '../../engine/ports/schedule-store.ts';
import { JobName } from './job-definition-wire.ts';
import { JobId } from './job-wire.ts';

const Time = z.iso.datetime();
const ScheduleId = z
  .string()
  .meta({ description: 'Id of a schedule', example: 'sch_7kq2m4xw9abc' });
export const OneSchedule = z.object({ schedule_id: ScheduleId });
const MOST_ARGUMENT_CHARACTERS = 64 * 1024;

export const OverlapPolicy = z.enum(OVERLAP_POLICIES).meta({
  description:
    'When a run of the schedule (or of its job) is at work. `skip`: this time is left out; `queue`: it waits for its turn; `allow`: any number at once. `queue` for an event, `skip` for all else',
});

const FIELDS = {
  name: JobName,
  arguments: z
    .record(z.string(), z.unknown())
    .refine(
      (value) => JSON.stringify(value).length <= MOST_ARGUMENT_CHARACTERS,
      `is longer than ${MOST_ARGUMENT_CHARACTERS} characters`,
    )
    .meta({ description: 'Of each run' }),
  overlap: OverlapPolicy,
  missed: z.enum(MISSED_POLICIES).meta({
    description:
      'Times that nobody was there for. `once`: one run for all; `skip`: none; `all`: each within `missed_window`',
  }),
  missed_window: z
    .int()
    .min(1)
    .max(366 * 24 * 60 * 60)
    .meta({ description: 'Seconds, for `all`: what is older is left out' }),
  paused: z.boolean(),
};
const DEFAULT_WINDOW_S = 24 * 60 * 60;

const Each = z
  .strictObject({
    source: z.string().max(100).meta({ description: 'Name of a source of the account' }),
    classes: z.array(z.string().max(100)).min(1).max(10).optional().meta({
      description: 'Only items of these classes; all of them where nothing is said',
    }),
  })
  .meta({
    id: 'EachItem',
    description:
      'One run for each item of a source, one after the other, whatever becomes of the one before. `{{item}}` and `{{class}}` in arguments are those of the item; a script has them in its event',
  });

/** What a new schedule is made of. */
export const NewSchedule = z
  .strictObject({
    name: FIELDS.name,
    task: z.string().max(200).optional().meta({
      description: '`category/action` of a task that reads no file; or a `job`',
    }),
    job: JobId.optional().meta({ description: 'The job that is started; or a `task`' }),
    arguments: FIELDS.arguments.default({}),
    trigger: Trigger,
    file: z.string().min(1).max(1_000).optional().meta({
      description:
        'Whole path of the file that each run reads, below a folder of the setting `fileRoots`; for a task that reads one, where none arrives',
    }),
    each: Each.optional(),
    overlap: FIELDS.overlap.optional().meta({
      description: '`skip` where nothing is said; `queue` for events and where files arrive',
    }),
    missed: FIELDS.missed.default('once'),
    missed_window: FIELDS.missed_window.default(DEFAULT_WINDOW_S),
    paused: FIELDS.paused.default(false),
  })
  .meta({ id: 'NewSchedule' });

/** What is changed of a schedule; what is not named stays. */
export const SchedulePatch = z
  .strictObject({ ...FIELDS, trigger: Trigger })
  .partial()
  .meta({ id: 'SchedulePatch' });

/** A schedule, as every answer shows it. */
export const ScheduleBody = z
  .object({
    id: ScheduleId,
    account_id: z.string(),
    task: z.string().nullable(),
    job: z.string().nullable(),
    file: z.string().nullable().meta({ description: 'The file that each run reads' }),
    each: Each.nullable().meta({ description: 'What there is a run for each item of' }),
    ...FIELDS,
    trigger: Trigger,
    next_due_at: Time.nullable().meta({
      description: 'Null while it is paused, and where it waits for something else than a time',
    }),
    created_at: Time,
  })
  .meta({ id: 'Schedule' });

/** A due time of a schedule, and what became of it. */
export const FiringBody = z
  .object({
    id: z.string(),
    schedule_id: z.string(),
    due_at: Time,
    verdict: z.enum(VERDICTS).meta({ description: 'What became of it; `waiting`: nothing yet' }),
    message: z.string().nullable().meta({ description: 'Why there is no run' }),
    run_id: z.string().nullable(),
    outcome: z.enum(OUTCOMES).nullable().meta({ description: 'How its run has ended' }),
    ended_at: Time.nullable(),
    decided_at: Time.nullable(),
    count: z.int().meta({
      description: 'Due times that this stands for: many that were missed in a row are one',
    }),
    last_due_at: Time.meta({ description: 'The last of them' }),
    payload: z.unknown().meta({ description: 'What came with it; null for a time of the clock' }),
  })
  .meta({ id: 'Firing' });

export const OccurrenceBody = z
  .object({
    due_at: Time,
    local: z.string().meta({ description: 'In the zone', example: '2027-03-28T03:00:00+02:00' }),
    marks: z.array(z.enum(CLOCK_MARKS)).meta({
      description:
        'What the change of the clocks does. `moved`: its local time does not exist on that day, this is the next that does; `repeated`: it comes twice, and is due the first time; `clocks_changed` since the one before; `left_out_before`: one was left out, as its local time does not exist',
    }),
  })
  .meta({ id: 'Occurrence' });

export function scheduleWire(schedule: Schedule) {
  const { trigger, work } = schedule;
  return {
    id: schedule.id,
    account_id: schedule.accountId,
    name: schedule.name,
    task: work.kind === 'task' ? work.task : null,
    job: work.kind === 'job' ? work.jobId : null,
    file: work.file ?? null,
    each: work.each === undefined ? null : eachWire(work.each),
    arguments: { ...schedule.arguments },
    trigger: trigger.definition,
    overlap: trigger.overlap,
    missed: trigger.missed,
    missed_window: trigger.missedWindowMs / 1_000,
    paused: trigger.isPaused,
    next_due_at: timeOrNull(trigger.nextDueMs),
    created_at: time(schedule.createdAtMs),
  } satisfies z.input<typeof ScheduleBody>;
}

function eachWire({ source, classes }: EachItem): z.input<typeof Each> {
  return { source, ...(classes === undefined ? {} : { classes: [...classes] }) };
}

export function firingWire(firing: Firing) {
  return {
    id: firing.id,
    schedule_id: firing.triggerId,
    due_at: time(firing.dueMs),
    verdict: firing.verdict,
    message: firing.message ?? null,
    run_id: firing.runId ?? null,
    outcome: firing.outcome ?? null,
    ended_at: timeOrNull(firing.endedAtMs),
    decided_at: timeOrNull(firing.decidedAtMs),
    count: firing.count,
    last_due_at: time(firing.lastDueMs),
    payload: firing.payload ?? null,
  } satisfies z.input<typeof FiringBody>;
}

export const LeftFilesBody = z.object({
  id: z.string(),
  why: z.string().meta({ description: 'Why its folder could not be looked into' }),
  folder: z.string(),
  sftp: z.string().nullable().meta({ description: 'The SFTP connection; null: of the server' }),
  claimed: z.string().meta({ description: 'Where all that it had claimed lies' }),
  files: z
    .array(
      z.object({
        firing_id: z.string(),
        name: z.string().nullable(),
        is_done: z.boolean().meta({
          description: 'Whether its run had ended, or was refused: it was only to be put away',
        }),
        run_id: z.string().nullable(),
      }),
    )
    .meta({
      description:
        'Each in a folder of its firing: those that waited for a run, and those whose run had ended and that were not put away yet. One that waited for its job, archived, more than once may be named with each of its firings, and lies in one of them',
    }),
});

export function leftFilesWire({ scheduleId, why, folder, sftp, claimed, files }: LeftFiles) {
  return {
    id: scheduleId,
    why,
    folder,
    sftp: sftp ?? null,
    claimed,
    files: files.map((firing) => ({
      firing_id: firing.id,
      name: claimedFile(firing)?.name ?? null,
      is_done: !isWaiting(firing),
      run_id: firing.runId ?? null,
    })),
  } satisfies z.input<typeof LeftFilesBody>;
}

export function occurrenceWire({ dueMs, local, marks }: Occurrence) {
  return {
    due_at: time(dueMs),
    local,
    marks: [...marks],
  } satisfies z.input<typeof OccurrenceBody>;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : time(ms);
}
