import { z } from 'zod';
import {
  ROW_OUTCOMES,
  type RowLineage,
  type RunErrorLine,
  type RunRow,
} from '../../engine/run/run-service.ts';

/** What became of a row. */
export const Row = z
  .object({
    row: z.int().nullable().meta({ description: 'Number of the record; null for what is of none' }),
    line: z.int().nullable(),
    outcome: z.enum(ROW_OUTCOMES),
    error: z.string().nullable(),
    cells: z
      .record(z.string(), z.string())
      .meta({ description: 'Of the output; of a row that is not in it, those of the input' }),
  })
  .meta({ id: 'Row' });

export function rowWire({ number, line, outcome, error, cells }: RunRow): z.input<typeof Row> {
  return { row: number ?? null, line: line ?? null, outcome, error: error ?? null, cells };
}

/** A failed row, and why it failed. */
export const RowError = z
  .object({
    row: z.int(),
    line: z.int(),
    column: z.string().nullable(),
    value: z.string().nullable(),
    code: z.string(),
    message: z.string(),
  })
  .meta({ id: 'RowError' });

export function rowErrorWire(error: RunErrorLine): z.input<typeof RowError> {
  return { ...error, column: error.column ?? null, value: error.value ?? null };
}

/** A line of the log of a run. Beside these it has what the task said. */
export const LogLine = z
  .looseObject({
    number: z.int().meta({ description: '1 for the first line' }),
    time: z.iso.datetime(),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
  })
  .meta({ id: 'LogLine' });

/** What the runs of a line made of a row. */
export const Lineage = z
  .object({
    row: z.int(),
    outcome: z
      .enum(['ok', 'failed', 'unprocessed'])
      .meta({ description: 'What has become of it by now' }),
    results: z.array(
      z.object({
        run_id: z.string(),
        outcome: z.enum(['ok', 'failed']),
        error: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'RowLineage' });

export function lineageWire({ row, results }: RowLineage): z.input<typeof Lineage> {
  return {
    row,
    outcome: results.at(-1)?.outcome ?? 'unprocessed',
    results: results.map(({ runId, outcome, error }) => ({
      run_id: runId,
      outcome,
      error: error ?? null,
    })),
  };
}
