import { z } from 'zod';
import { TimeZone } from '../time-zone.ts';
import { DailyAtTrigger } from '../triggers/daily-at.ts';

const LONGEST_S = 366 * 24 * 60 * 60;
const Count = z.int().min(1).max(1_000);
const Seconds = z.int().min(1).max(LONGEST_S);

/** What is watched over. */
export const AlertScope = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('account') }),
    z.strictObject({ kind: z.literal('job'), job: z.string().max(100) }),
    z.strictObject({ kind: z.literal('schedule'), schedule: z.string().max(100) }),
    z.strictObject({ kind: z.literal('task'), task: z.string().max(200) }),
  ])
  .meta({
    id: 'AlertScope',
    description:
      'What is watched over: a job or a schedule by its id, a task, or each job and task of the account for itself',
    example: { kind: 'job', job: 'job_7kq2m4xw9abc' },
  });

/** What must happen. */
export const AlertCondition = z
  .discriminatedUnion('kind', [
    z
      .strictObject({ kind: z.literal('failures'), count: Count.default(1) })
      .meta({ description: 'So many runs in a row have ended as failure or internal_error' }),
    z
      .strictObject({ kind: z.literal('monitored') })
      .meta({ description: 'The same for each job with `monitored`, after as many as that says' }),
    z
      .strictObject({ kind: z.literal('zero_rows') })
      .meta({ description: 'A run has ended well and had no row' }),
    z
      .strictObject({ kind: z.literal('error_rate'), percent: z.number().min(0).lt(100) })
      .meta({ description: 'More than so many percent of the rows of a run have failed' }),
    z.strictObject({ kind: z.literal('late'), after: Seconds }).meta({
      description: 'A due time of the schedule has passed so long ago and started no run',
    }),
    z
      .strictObject({ kind: z.literal('no_success'), within: Seconds })
      .meta({ description: 'No run has ended well for so long' }),
  ])
  .meta({ id: 'AlertCondition', example: { kind: 'failures', count: 3 } });

/** When nobody is to be woken: what happens then is told at the end of it. */
export const QuietHours = z
  .strictObject({
    from: DailyAtTrigger.shape.time,
    to: DailyAtTrigger.shape.time,
    zone: TimeZone.default('UTC'),
  })
  .refine(({ from, to }) => from !== to, '`from` and `to` are the same time')
  .meta({
    id: 'QuietHours',
    description:
      'From a time of the day to another, also over midnight: what happens then is told at its end',
    example: { from: '22:00', to: '07:00', zone: 'Europe/Madrid' },
  });

export type AlertScope = z.output<typeof AlertScope>;
export type AlertCondition = z.output<typeof AlertCondition>;
export type QuietHours = z.output<typeof QuietHours>;

/** Who is told when what happens. */
export interface AlertRule {
  readonly id: string;
  readonly accountId: string;
  /** Unique in the account. */
  readonly name: string;
  readonly scope: AlertScope;
  readonly condition: AlertCondition;
  /** Whether it is told when it is over, too. */
  readonly tellsRecovery: boolean;
  /** Behind an alert the next one of the same thing is not told for so long, unless it lasts. */
  readonly quietMs: number;
  readonly quietHours: QuietHours | undefined;
  /** Ids of the webhooks that are told, those to e-mail addresses among them. */
  readonly channels: readonly string[];
  readonly isPaused: boolean;
  readonly createdAtMs: number;
}

/** What goes with what. */
export function scopeProblem(scope: AlertScope, condition: AlertCondition): string | undefined {
  if (condition.kind === 'late' && scope.kind !== 'schedule') {
    return 'late watches over due times: the scope must be a schedule';
  }
  if (condition.kind === 'monitored' && scope.kind !== 'account') {
    return 'monitored watches over all jobs that say so: the scope must be the account';
  }
  if (condition.kind === 'no_success' && scope.kind === 'account') {
    return 'no_success watches over one thing: the scope must be a job, a schedule or a task';
  }
  return undefined;
}
