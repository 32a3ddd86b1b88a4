import { CsvError } from '../csv/csv-error.ts';
import type { CsvTable } from '../csv/csv-table.ts';
import { openTable, type OpenOptions } from '../csv/reader.ts';
import { RowmillError } from '../errors.ts';
import type { InputFile } from '../ports/run-files.ts';
import type { CsvTask } from '../task/task.ts';
import type { InputOptions } from './run-service.ts';

/** Finds out how the input of a task is to be read. Throws `input_refused` where it is no CSV. */
export async function openTaskTable(
  input: InputFile,
  task: CsvTask,
  options: InputOptions,
): Promise<CsvTable> {
  const { map = {}, delimiter, quote, escape, encoding, skipLines } = options;
  const open: OpenOptions = {
    name: input.name,
    expectedColumns: [
      ...task.columns.flatMap(({ name, aliases }) => [name, ...aliases]),
      ...Object.keys(map),
    ],
    delimiter,
    quote,
    escape,
    encoding,
    skipLines,
  };
  try {
    return await openTable(input, open);
  } catch (error) {
    throw refusedInput(error);
  }
}

/** Errors of reading, in the codes of runs. */
export function refusedInput(error: unknown): unknown {
  if (!(error instanceof CsvError)) return error;
  if (error.code === 'invalid_option')
    return new RowmillError('usage', error.message, { cause: error });
  return new RowmillError('input_refused', error.message, { cause: error });
}
