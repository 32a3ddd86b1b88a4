import { z } from 'zod';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import { NODE_NAME } from './envelope.ts';
import { gregorianSeconds } from './gregorian-time.ts';
import { taskIdOf } from './task-id.ts';

const STATUSES = [
  'pending',
  'executing',
  'success',
  'failure',
  'partial',
  'stopped',
  'internal_error',
] as const;

export type TaskStatus = (typeof STATUSES)[number];

const Seconds = z.int().meta({ description: 'Gregorian seconds: Unix time + 62167219200' });

/** A run, which Kazoo calls a task. What is not known is left out. */
export const KazooTask = z
  .object({
    id: z.string().meta({ description: '30 hex characters' }),
    node: z.string().optional(),
    account_id: z.string(),
    auth_account_id: z.string(),
    category: z.string(),
    action: z.string(),
    file_name: z.string().optional(),
    created: Seconds,
    start_timestamp: Seconds.optional(),
    end_timestamp: Seconds.optional(),
    total_count: z.int().optional(),
    success_count: z.int().optional(),
    failure_count: z.int().optional(),
    status: z.enum(STATUSES),
    csvs: z.array(z.enum(['in.csv', 'out.csv'])),
  })
  .meta({ id: 'KazooTask' });

export type KazooTaskWire = z.input<typeof KazooTask>;

export function taskWire(run: HostedRun, nowMs: number): KazooTaskWire {
  const { record, state, facts } = run;
  const [category = '', action = ''] = record.task.split('/');
  const status = taskStatusOf(run, nowMs);
  const startedAtMs = state.startedAtMs ?? (status === 'executing' ? facts.dueAtMs : undefined);
  const endedAtMs = endOf(run, status);
  const total = totalOf(run);
  return {
    id: taskIdOf(record.runId),
    ...(startedAtMs === undefined ? {} : { node: NODE_NAME }),
    account_id: run.accountId,
    auth_account_id: record.owner?.authAccountId ?? run.accountId,
    category,
    action,
    ...(record.fileName === undefined ? {} : { file_name: record.fileName }),
    created: gregorianSeconds(record.createdAtMs),
    ...(startedAtMs === undefined ? {} : { start_timestamp: gregorianSeconds(startedAtMs) }),
    ...(endedAtMs === undefined ? {} : { end_timestamp: gregorianSeconds(endedAtMs) }),
    ...(total === undefined ? {} : { total_count: total }),
    ...(startedAtMs === undefined
      ? {}
      : { success_count: state.succeeded, failure_count: state.failed }),
    status,
    csvs: [
      ...(record.input.kind === 'file' ? (['in.csv'] as const) : []),
      ...(hasOutput(run, status) ? (['out.csv'] as const) : []),
    ],
  };
}

/** What a run is to Kazoo, which knows no pause and has no queue: what was started is executing. */
export function taskStatusOf({ state, facts }: HostedRun, nowMs: number): TaskStatus {
  switch (state.status) {
    case 'pending':
      return facts.dueAtMs !== undefined && facts.dueAtMs <= nowMs ? 'executing' : 'pending';
    case 'paused':
    case 'executing':
      return 'executing';
    case 'dropped_dup':
      return 'stopped';
    case 'success':
    case 'failure':
    case 'partial':
    case 'stopped':
    case 'internal_error':
      return state.status;
  }
}

/** Kazoo has no output before a task has ended: a client that polls for it takes what it finds for all. */
export function hasOutput({ state }: HostedRun, status: TaskStatus): boolean {
  return status !== 'pending' && status !== 'executing' && state.outputBytes > 0;
}

/** A run that can be resumed has no end of its own; what it has worked so far tells it. */
function endOf({ record, state }: HostedRun, status: TaskStatus): number | undefined {
  if (state.finishedAtMs !== undefined) return state.finishedAtMs;
  if (status === 'pending' || status === 'executing') return undefined;
  return (state.startedAtMs ?? record.createdAtMs) + Math.round(state.elapsedMs);
}

/** Rows of the input: as counted when it was sent, or as they were when the run had seen all of them. */
function totalOf({ record, state }: HostedRun): number | undefined {
  if (record.input.kind === 'none') return undefined;
  if (record.totalRows !== undefined) return record.totalRows;
  const { status, succeeded, failed } = state;
  const isWhole = status === 'success' || status === 'failure' || status === 'partial';
  return isWhole && record.limit === undefined ? succeeded + failed : undefined;
}
