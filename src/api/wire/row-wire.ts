import { z } from 'zod';
import { ROW_OUTCOMES, type RunErrorLine, type RunRow } from '../../engine/run/run-service.ts';

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
