import type { CheckResult, FailureCause } from '../run-service.ts';

// What programs are given of a check, by the command line and by the server: a field may be added, none
// may change.

/** What a check found. */
export function checkJson(check: CheckResult): Record<string, unknown> {
  return {
    task: check.task,
    rows: check.rows,
    valid: check.valid,
    invalid: check.invalid,
    encoding: check.encoding,
    dialect: dialectJson(check.dialect),
    header: check.header,
    matches: check.matches,
    unknown_columns: check.unknownColumns,
    causes: check.causes.map(causeJson),
    damage: check.damage.map(({ firstRow, exampleValue, ...rest }) => ({
      ...rest,
      first_row: firstRow,
      example_value: exampleValue,
    })),
    duplicate_rows: check.duplicateRows,
    repaired_rows: check.repaired?.count ?? 0,
    dry_run:
      check.dryRun === undefined
        ? null
        : { ...check.dryRun, causes: check.dryRun.causes.map(causeJson) },
    expected_run_ms: check.expectedRunMs ?? null,
    warnings: check.warnings,
    elapsed_ms: Math.round(check.elapsedMs),
  };
}

/** A cause of failures. */
export function causeJson(cause: FailureCause): Record<string, unknown> {
  return {
    column: cause.column ?? null,
    code: cause.code,
    message: cause.message,
    count: cause.count,
    first_row: cause.firstRow,
    example_value: cause.exampleValue ?? null,
  };
}

/** How records and cells are told apart. */
export function dialectJson(dialect: CheckResult['dialect']): Record<string, unknown> {
  return {
    delimiter: dialect.delimiter,
    quote: dialect.quote,
    escape: dialect.escape,
    line_end: dialect.lineEnd,
    collapse_delimiters: dialect.collapseDelimiters,
  };
}
