import { z } from 'zod';
import { RowmillError } from '../errors.ts';
import type { DueTimes } from './trigger.ts';
import { AfterOutcomeTrigger } from './triggers/after-outcome.ts';
import { AfterRunTrigger } from './triggers/after-run.ts';
import { AlignedTrigger, alignedTimes } from './triggers/aligned.ts';
import { CronTrigger, cronTimes } from './triggers/cron.ts';
import { DailyAtTrigger, dailyTimes } from './triggers/daily-at.ts';
import { EventTrigger } from './triggers/event.ts';
import { FileTrigger } from './triggers/file.ts';
import { IntervalTrigger, intervalTimes } from './triggers/interval.ts';
import { RruleTrigger, rruleTimes } from './triggers/rrule.ts';

const KINDS = [
  AlignedTrigger,
  IntervalTrigger,
  DailyAtTrigger,
  CronTrigger,
  RruleTrigger,
  AfterOutcomeTrigger,
  AfterRunTrigger,
  EventTrigger,
  FileTrigger,
] as const;

/** What says when a job runs, as a document: it is stored and sent as it stands. */
export const Trigger = z
  .discriminatedUnion('kind', KINDS, {
    error: ({ input }) =>
      `${JSON.stringify(kindOf(input))} is no kind of trigger: expected ${kindNames().join(', ')}`,
  })
  .meta({ id: 'Trigger' });

export type TriggerDefinition = z.output<typeof Trigger>;

/** Throws `usage` that names each field that is wrong, its value and what was expected. */
export function readTrigger(given: unknown): TriggerDefinition {
  const result = Trigger.safeParse(given);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    ['trigger', ...path].join('.').concat(': ', message),
  );
  throw new RowmillError('usage', problems.join('; '), { problems });
}

/** The due times of a clock trigger; undefined for one that waits for something else to happen. */
export function dueTimesOf(definition: TriggerDefinition): DueTimes | undefined {
  switch (definition.kind) {
    case 'minutely':
    case 'hourly':
    case 'daily':
      return alignedTimes(definition);
    case 'interval':
      return intervalTimes(definition);
    case 'daily_at':
      return dailyTimes(definition);
    case 'cron':
      return cronTimes(definition);
    case 'rrule':
      return rruleTimes(definition);
    case 'after_outcome':
    case 'after_run':
    case 'event':
    case 'file':
      return undefined;
  }
}

/** The time zone in which a person reads its times. */
export function zoneOf(definition: TriggerDefinition): string {
  return 'zone' in definition ? definition.zone : 'UTC';
}

/** What those wait for that look for files by themselves. */
export const ARRIVAL_WORD = 'files';

/** A trigger that waits for files. */
export type ArrivalTrigger = Extract<TriggerDefinition, { readonly glob: string }>;

export function isArrival(definition: TriggerDefinition): definition is ArrivalTrigger {
  return 'glob' in definition;
}

/** Whether what was claimed by one trigger is found by the other. */
export function isSamePlace(one: TriggerDefinition, other: TriggerDefinition): boolean {
  if (!isArrival(one) || !isArrival(other)) return false;
  return one.folder === other.folder && one.sftp === other.sftp;
}

/** What a trigger waits for that is told, not a time. */
export function listeningWord(definition: TriggerDefinition): string | undefined {
  if (definition.kind === 'event') return eventWord(definition);
  if (isArrival(definition)) return ARRIVAL_WORD;
  return definition.kind === 'after_run' ? runWord(definition.of) : undefined;
}

export function eventWord({
  object,
  event,
}: {
  readonly object: string;
  readonly event: string;
}): string {
  return `event:${object}:${event}`;
}

/** A run of this schedule or job has ended. */
export function runWord(id: string): string {
  return `run:${id}`;
}

function kindOf(given: unknown): unknown {
  return typeof given === 'object' && given !== null && 'kind' in given ? given.kind : given;
}

function kindNames(): readonly string[] {
  return KINDS.flatMap(({ shape: { kind } }) =>
    'options' in kind ? kind.options : Array.from(kind.values),
  );
}
