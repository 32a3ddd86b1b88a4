import { z } from 'zod';
import { delimiterOf, escapeOf, quoteOf } from '../../engine/csv/find/dialect-words.ts';
import { encodingName } from '../../engine/csv/encoding/encoding.ts';
import type { InputOptions, RunRequest } from '../../engine/run/run-service.ts';
import { parseMaxFailures } from '../../engine/task/max-failures.ts';
import type { Task } from '../../engine/task/task.ts';
import { RunWebhook } from './webhook-wire.ts';

/** More than any machine has. */
const MAX_THREADS = 256;
const MAX_CONCURRENCY = 10_000;

const Pairs = z.record(z.string(), z.string());

/** A text that stands for something; refused with `message` where it does not. */
function word<Value>(read: (written: string) => Value | undefined, message: string) {
  return z.string().transform((written, context) => {
    const value = read(written);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

const dialect = {
  delimiter: word(delimiterOf, 'expected the character, or a name such as tab').optional(),
  quote: word(quoteOf, 'expected ", \', double, single or none').optional(),
  escape: word(escapeOf, 'expected one character, backslash or double').optional(),
  encoding: word(knownEncoding, 'expected an encoding such as utf-8 or windows-1252').optional(),
};
const max_failures = word(parseMaxFailures, 'expected a count such as 100, or 5%');
const on_invalid = z.enum(['reject', 'abort']).optional();

/** How a file is to be read, beside what is found in it. */
export const ReadOptions = z
  .strictObject({
    ...dialect,
    skip_lines: z.int().min(0).optional(),
    map: Pairs.optional().meta({ description: 'Column of the file: column of the task' }),
    set: Pairs.optional().meta({ description: 'Column the file lacks: its value for all rows' }),
  })
  .meta({ id: 'ReadOptions' });

/** Changes of that: null is what is found in the file, what is not named stays. */
export const ReadOptionsPatch = z.strictObject({
  delimiter: dialect.delimiter.nullable(),
  quote: dialect.quote.nullable(),
  escape: dialect.escape.nullable(),
  encoding: dialect.encoding.nullable(),
  skip_lines: z.int().min(0).nullish(),
  map: Pairs.nullish(),
  set: Pairs.nullish(),
});

/** How a run is done, in a JSON body. */
export const RunOptions = ReadOptions.extend({
  limit: z.int().min(1).optional(),
  canary: z.int().min(1).optional(),
  from_row: z.int().min(1).optional(),
  concurrency: z.int().min(1).max(MAX_CONCURRENCY).optional(),
  threads: z.int().min(1).max(MAX_THREADS).optional(),
  max_failures: z.union([z.int().min(0), max_failures]).optional(),
  wait_after_row_ms: z.int().min(0).optional(),
  max_rows_per_second: z.number().positive().optional(),
  retry: z.int().min(0).optional(),
  excel_safe: z.boolean().optional(),
  on_invalid,
  webhook: RunWebhook.optional(),
}).meta({ id: 'RunOptions' });

const whole = (least: number) =>
  z.string().regex(/^\d+$/, 'expected a whole number').transform(Number).pipe(z.int().min(least));

/** The same in a query, where everything is text; `map` and `set` stand in `options`. */
export const runOptionsQuery = {
  ...dialect,
  skip_lines: whole(0).optional(),
  limit: whole(1).optional(),
  canary: whole(1).optional(),
  from_row: whole(1).optional(),
  concurrency: whole(1).pipe(z.int().max(MAX_CONCURRENCY)).optional(),
  threads: whole(1).pipe(z.int().max(MAX_THREADS)).optional(),
  max_failures: max_failures.optional(),
  wait_after_row_ms: whole(0).optional(),
  max_rows_per_second: z.coerce.number().positive().optional(),
  retry: whole(0).optional(),
  excel_safe: z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional(),
  on_invalid,
};

export type ReadOptionsWire = z.output<typeof ReadOptions>;
export type RunOptionsWire = z.output<typeof RunOptions>;

/** The part of a request that says how the file is read. */
export function inputOptionsOf({ skip_lines, ...options }: ReadOptionsWire): InputOptions {
  const { delimiter, quote, escape, encoding, map, set } = options;
  return { delimiter, quote, escape, encoding, map, set, skipLines: skip_lines };
}

export function readOptionsWire({ skipLines, ...options }: InputOptions): ReadOptionsWire {
  const { delimiter, quote, escape, encoding, map, set } = options;
  const wire = { delimiter, quote, escape, encoding, skip_lines: skipLines, map, set };
  // What was not said is left out, not null: the shape is the one that was sent.
  return JSON.parse(JSON.stringify(wire)) as ReadOptionsWire;
}

/** Options after a change. */
export function patchedReadOptions(
  before: ReadOptionsWire,
  patch: z.output<typeof ReadOptionsPatch>,
): ReadOptionsWire {
  const merged = Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null);
  return Object.fromEntries(merged);
}

/** What a request is told by its options, beside how its file is read. */
export function runRequestOptions(
  options: RunOptionsWire,
  task: Task,
): Omit<RunRequest, 'task' | 'codeHash' | 'arguments' | 'input' | 'output' | 'options'> {
  return {
    limit: options.limit,
    canary: options.canary,
    fromRow: options.from_row,
    concurrency: options.concurrency,
    threads: options.threads,
    maxFailures: options.max_failures,
    waitAfterRowMs: options.wait_after_row_ms,
    maxRowsPerSecond: options.max_rows_per_second,
    retry: options.retry === undefined ? undefined : { ...task.retry, attempts: options.retry + 1 },
    excelSafe: options.excel_safe ?? false,
    onInvalid: options.on_invalid ?? 'reject',
    resume: false,
    acceptNewCode: false,
  };
}

function knownEncoding(written: string): string | undefined {
  try {
    return encodingName(written);
  } catch {
    return undefined;
  }
}
