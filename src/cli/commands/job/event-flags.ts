import { Option, type Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import { DEDUPE_MODES, type JsonObject } from '../../../engine/jobs/job-definition.ts';
import type { JobDesk } from '../../../engine/jobs/job-desk.ts';
import { readEventName } from '../../event-name.ts';
import { wholeNumber } from '../../flag-values.ts';
import { readWrittenObject } from '../../read-json.ts';

/** Flags that say which events start a job, and where it waits. */
export interface EventFlags {
  readonly on?: string;
  readonly off?: string;
  readonly object?: string;
  readonly event?: string;
  readonly filter?: string;
  readonly queue?: string | boolean;
  readonly dedupeWindow?: number;
  readonly dedupeKey?: string;
  readonly dedupeMode?: string;
}

export function addEventFlags(command: Command): Command {
  return command
    .option('--on <event>', 'start it at this event, such as appointment.create')
    .option('--object <name>', 'the same in two words: what it happens to, …')
    .option('--event <name>', '… and what happens')
    .option('--filter <json>', 'a MongoDB $match query that the payload must meet, or @file')
    .option('--off <event>', 'start it at this event no more')
    .option('--queue <name>', 'every start waits in this queue')
    .option('--no-queue', 'none does any more')
    .option('--dedupe-window <seconds>', 'equal events within it are one; 0: none', wholeNumber(0))
    .option('--dedupe-key <path>', 'payload, or the path of what makes events equal')
    .addOption(new Option('--dedupe-mode <mode>', 'which of them is run').choices(DEDUPE_MODES));
}

/** What these flags say of the job itself, as the server takes it. */
export function eventFields(command: Command, flags: EventFlags): JsonObject {
  const { dedupeWindow, dedupeKey, dedupeMode, queue } = flags;
  const dedupe = { window_s: dedupeWindow, key: dedupeKey, mode: dedupeMode };
  const isSaid = Object.values(dedupe).some((value) => value !== undefined);
  // Commander's default of a --no- flag is true: what nobody said is not sent.
  const isQueueSaid = command.getOptionValueSource('queue') === 'cli';
  return {
    ...(isSaid ? { dedupe } : {}),
    ...(isQueueSaid ? { queue: typeof queue === 'string' ? queue : null } : {}),
  };
}

/** Whether they name an event to wait for, or one to wait for no more. */
export function saysEvent({ on, off, object, event }: EventFlags): boolean {
  return [on, off, object, event].some((value) => value !== undefined);
}

/** Lets a job wait for the events that the flags name. */
export async function subscribe(
  desk: JobDesk,
  name: string,
  { flags, workingDirectory }: { readonly flags: EventFlags; readonly workingDirectory: string },
): Promise<void> {
  const { on, off, object, event, filter } = flags;
  if (off !== undefined) await desk.unsubscribe(name, readEventName(off));
  if ((object === undefined) !== (event === undefined)) {
    throw new RowmillError(
      'usage',
      '--object and --event go together, such as --object appointment --event create',
    );
  }
  if (on !== undefined && object !== undefined) {
    throw new RowmillError('usage', '--on and --object say the same: expected one of both');
  }
  const named = object === undefined || event === undefined ? undefined : { object, event };
  const wanted = on === undefined ? named : readEventName(on);
  if (wanted === undefined) {
    if (filter === undefined) return;
    throw new RowmillError('usage', '--filter goes with --on: say which event');
  }
  const what = '--filter';
  const query =
    filter === undefined ? {} : await readWrittenObject(filter, { what, workingDirectory });
  await desk.subscribe(name, wanted, query);
}
