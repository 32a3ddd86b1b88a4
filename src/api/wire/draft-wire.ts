import { z } from 'zod';
import { checkJson, dialectJson } from '../../engine/run/check/check-json.ts';
import type { CheckedRow } from '../../engine/run/check/checked-rows.ts';
import type { Draft as EngineDraft, DraftCheck } from '../../engine/ports/draft-store.ts';
import { readOptionsWire } from './run-options-wire.ts';

export const DraftId = z
  .string()
  .meta({ description: 'Id of a draft', example: 'drf_7kq2m4xw9abc' });
const Time = z.iso.datetime().meta({ description: 'RFC 3339, UTC' });

const Dialect = z.object({
  delimiter: z.string(),
  quote: z.string(),
  escape: z.string(),
  line_end: z.string(),
  collapse_delimiters: z.boolean(),
});
const Match = z.object({
  column: z.string(),
  header: z.string(),
  how: z.enum(['exact', 'folded', 'alias', 'mapped']),
});
const Warning = z.object({ code: z.string(), message: z.string() });
const Cause = z.object({
  column: z.string().nullable(),
  code: z.string(),
  message: z.string(),
  count: z.int(),
  first_row: z.int(),
  example_value: z.string().nullable(),
});

/** How the file is to be read: what was said, and not what was found. */
const GivenOptions = z.object({
  delimiter: z.string().optional(),
  quote: z.string().optional(),
  escape: z.string().optional(),
  encoding: z.string().optional(),
  skip_lines: z.int().optional(),
  map: z.record(z.string(), z.string()).optional(),
  set: z.record(z.string(), z.string()).optional(),
});

/** What was found in the file. */
const Found = z.object({
  table: z
    .object({
      encoding: z.string(),
      dialect: Dialect,
      header: z.array(z.string()),
      warnings: z.array(Warning),
      rows: z.array(
        z.object({
          row: z.int(),
          line: z.int(),
          cells: z.array(z.string()),
          problem: z.string().nullable(),
        }),
      ),
    })
    .nullable()
    .meta({ description: 'Null where the file cannot be read; `problems` says why' }),
  matches: z.array(Match),
  unknown_columns: z.array(z.string()),
  problems: z.array(z.string()).meta({ description: 'All that forbids a run' }),
});

/** What `rowmill check --json` prints. */
const CheckResult = z
  .object({
    task: z.string(),
    rows: z.int(),
    valid: z.int(),
    invalid: z.int(),
    encoding: z.string(),
    dialect: Dialect,
    header: z.array(z.string()),
    matches: z.array(Match),
    unknown_columns: z.array(z.string()),
    causes: z.array(Cause),
    damage: z.array(
      z.object({
        kind: z.string(),
        column: z.string(),
        count: z.int(),
        first_row: z.int(),
        example_value: z.string(),
      }),
    ),
    duplicate_rows: z.int(),
    repaired_rows: z.int(),
    dry_run: z
      .object({
        rows: z.int(),
        succeeded: z.int(),
        failed: z.int(),
        causes: z.array(Cause),
      })
      .nullable(),
    expected_run_ms: z.int().nullable(),
    warnings: z.array(Warning),
    elapsed_ms: z.int(),
  })
  .meta({ id: 'CheckResult' });

/** A check of all rows: nothing is called, nothing written. */
export const Check = z
  .object({
    state: z.enum(['waiting', 'executing', 'done', 'failed', 'cancelled', 'interrupted']),
    asked_at: Time,
    rows: z.int(),
    invalid: z.int(),
    bytes_done: z.int(),
    result: CheckResult.nullable(),
    message: z.string().nullable().meta({ description: 'Why it failed' }),
  })
  .meta({ id: 'Check' });

const shared = {
  id: DraftId,
  account_id: z.string(),
  task: z.string().nullable(),
  file_name: z.string().nullable(),
  bytes: z.int(),
  sha256: z.string(),
  created_at: Time,
  updated_at: Time,
  expires_at: Time,
};

/** A draft in a list. */
export const DraftSummary = z
  .object({ ...shared, check_state: Check.shape.state.nullable() })
  .meta({ id: 'DraftSummary' });

/** A file on its way to a run. */
export const Draft = z
  .object({
    ...shared,
    arguments: z.record(z.string(), z.unknown()),
    options: GivenOptions,
    found: Found,
    check: Check.nullable(),
  })
  .meta({ id: 'Draft' });

/** A row as it stands in the file. */
export const DraftRow = z
  .object({
    row: z.int(),
    line: z.int(),
    outcome: z.enum(['valid', 'invalid']),
    errors: z.array(
      z.object({
        column: z.string().nullable(),
        value: z.string().nullable(),
        code: z.string(),
        message: z.string(),
      }),
    ),
    cells: z.record(z.string(), z.string()),
  })
  .meta({ id: 'DraftRow' });

export function draftSummaryWire(draft: EngineDraft): z.input<typeof DraftSummary> {
  return { ...sharedWire(draft), check_state: draft.check?.state ?? null };
}

export function draftWire(draft: EngineDraft): Record<string, unknown> {
  const { table, matches, unknownColumns, problems } = draft.found;
  return {
    ...sharedWire(draft),
    arguments: { ...draft.arguments },
    options: readOptionsWire(draft.options),
    found: {
      table:
        table === undefined
          ? null
          : {
              encoding: table.encoding,
              dialect: dialectJson(table.dialect),
              header: table.header,
              warnings: table.warnings,
              rows: table.rows.map(({ row, line, cells, problem = null }) => ({
                row,
                line,
                cells,
                problem,
              })),
            },
      matches,
      unknown_columns: unknownColumns,
      problems,
    },
    check: draft.check === undefined ? null : checkWire(draft.check),
  };
}

export function checkWire(check: DraftCheck): Record<string, unknown> {
  return {
    state: check.state,
    asked_at: new Date(check.askedAtMs).toISOString(),
    rows: check.rows,
    invalid: check.invalid,
    bytes_done: check.bytesDone,
    result: check.result === undefined ? null : checkJson(check.result),
    message: check.message ?? null,
  };
}

export function draftRowWire({ row, line, failures, cells }: CheckedRow): z.input<typeof DraftRow> {
  return {
    row,
    line,
    outcome: failures.length === 0 ? 'valid' : 'invalid',
    errors: failures.map(({ column, value, code, message }) => ({
      column: column ?? null,
      value: value ?? null,
      code,
      message,
    })),
    cells: { ...cells },
  };
}

function sharedWire(draft: EngineDraft) {
  return {
    id: draft.draftId,
    account_id: draft.accountId,
    task: draft.task ?? null,
    file_name: draft.fileName ?? null,
    bytes: draft.bytes,
    sha256: draft.sha256,
    created_at: new Date(draft.createdAtMs).toISOString(),
    updated_at: new Date(draft.updatedAtMs).toISOString(),
    expires_at: new Date(draft.expiresAtMs).toISOString(),
  };
}
