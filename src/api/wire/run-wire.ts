import { z } from 'zod';
import { situationOf } from '../../engine/hosting/run-situation.ts';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import type { RunFamilySummary } from '../../engine/run/run-service.ts';
import { RUN_STATUSES } from '../../engine/run/status.ts';

export const RunId = z.string().meta({ description: 'Id of a run', example: 'run_7kq2m4xw9abc' });
export const OneRun = z.object({ run_id: RunId });
const Time = z.iso.datetime().meta({ description: 'RFC 3339, UTC' });

const Cause = z.object({
  column: z.string().nullable(),
  code: z.string(),
  message: z.string(),
  count: z.int(),
  first_row: z.int(),
  example_value: z.string().nullable(),
});

/** A run, as every answer shows it. */
export const Run = z
  .object({
    id: RunId,
    task: z.string().meta({ description: '`category/action`' }),
    kind: z.enum(['run', 'retry', 'revert']).meta({
      description: '`retry`: it does rows of another run again; `revert`: it undoes them',
    }),
    parent_run_id: RunId.nullable().meta({ description: 'The run whose rows those are' }),
    status: z.enum(RUN_STATUSES),
    is_interrupted: z
      .boolean()
      .meta({ description: 'Its server has gone, and it is taken up again by itself' }),
    is_live: z.boolean().meta({ description: 'Whether a server carries it out right now' }),
    asked: z.enum(['pause', 'resume', 'stop']).nullable(),
    account_id: z.string(),
    auth_account_id: z.string(),
    file_name: z.string().nullable(),
    arguments: z.record(z.string(), z.unknown()),
    succeeded: z.int(),
    failed: z.int(),
    bytes_done: z.int().nullable(),
    bytes_total: z.int().nullable(),
    elapsed_ms: z.int(),
    causes: z.array(Cause),
    message: z.string().nullable().meta({ description: 'Why the run stands as it does' }),
    error_code: z.string().nullable().meta({ description: 'Why it could not be carried out' }),
    hint: z.string().nullable().meta({ description: 'What helps, where the run needs somebody' }),
    created_at: Time,
    due_at: Time.nullable(),
    started_at: Time.nullable(),
    finished_at: Time.nullable(),
    acknowledged_at: Time.nullable(),
    deleted_at: Time.nullable().meta({ description: 'When it was deleted; it can be restored' }),
  })
  .meta({ id: 'Run' });

export function runWire(run: HostedRun): z.input<typeof Run> {
  const { record, state, facts } = run;
  return {
    id: record.runId,
    task: record.task,
    kind: record.parent?.kind ?? 'run',
    parent_run_id: record.parent?.runId ?? null,
    status: state.status,
    is_interrupted: situationOf(run) === 'interrupted',
    is_live: run.isHeld,
    asked: state.asked ?? null,
    account_id: run.accountId,
    auth_account_id: record.owner?.authAccountId ?? run.accountId,
    file_name: record.fileName ?? null,
    arguments: { ...record.arguments },
    succeeded: state.succeeded,
    failed: state.failed,
    bytes_done: state.position?.byte ?? null,
    bytes_total: record.inputIdentity?.size ?? null,
    elapsed_ms: Math.round(state.elapsedMs),
    causes: state.causes.slice(0, 20).map((cause) => ({
      column: cause.column ?? null,
      code: cause.code,
      message: cause.message,
      count: cause.count,
      first_row: cause.firstRow,
      example_value: cause.exampleValue ?? null,
    })),
    message: state.message ?? null,
    error_code: state.status === 'internal_error' ? (facts.errorCode ?? null) : null,
    hint: hintOf(run),
    created_at: time(record.createdAtMs),
    due_at: timeOrNull(facts.dueAtMs),
    started_at: timeOrNull(state.startedAtMs),
    finished_at: timeOrNull(state.finishedAtMs),
    acknowledged_at: timeOrNull(facts.acknowledgedAtMs),
    deleted_at: timeOrNull(facts.deletedAtMs),
  };
}

/** A run with those that came from it. */
export const RunWithFamily = Run.extend({
  children: z
    .array(
      z.object({
        run_id: RunId,
        kind: z.enum(['retry', 'revert']),
        status: z.enum(RUN_STATUSES),
      }),
    )
    .meta({ description: 'Runs that did its rows again or undid them, the oldest first' }),
  is_reverted: z.boolean().meta({ description: 'Whether all that succeeded was undone' }),
  effective: z
    .object({
      status: z.enum(RUN_STATUSES),
      succeeded: z.int(),
      failed: z.int(),
      fixed_by: z
        .array(z.object({ run_id: RunId, rows: z.int() }))
        .meta({ description: 'Rows that succeeded at last, by the run that did it' }),
    })
    .nullable()
    .meta({
      description:
        'What has become of its rows by now; null where none was run again, or its files are not on this server',
    }),
}).meta({ id: 'RunWithFamily' });

export function runWithFamilyWire(
  run: HostedRun,
  { children, isReverted, effective }: RunFamilySummary,
): z.input<typeof RunWithFamily> {
  return {
    ...runWire(run),
    children: children.map(({ runId, kind, status }) => ({ run_id: runId, kind, status })),
    is_reverted: isReverted,
    effective:
      effective === undefined
        ? null
        : {
            status: effective.status,
            succeeded: effective.succeeded,
            failed: effective.failed,
            fixed_by: effective.fixedBy.map(({ runId, rows }) => ({ run_id: runId, rows })),
          },
  };
}

const RESUME = 'Remove the cause, then resume the run: it goes on from its last checkpoint.';

/** What a person can do about a run that goes no further by itself. */
function hintOf({ state, facts }: HostedRun): string | null {
  if (state.status !== 'internal_error') return null;
  if (facts.errorCode === 'code_changed') {
    return 'Resume the run with accept_new_code, or start another one.';
  }
  return facts.errorCode === undefined ? `${RESUME} Its log says more.` : RESUME;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : time(ms);
}
