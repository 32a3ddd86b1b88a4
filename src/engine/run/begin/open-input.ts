import { CsvError } from '../../csv/csv-error.ts';
import type { CsvTable } from '../../csv/csv-table.ts';
import { inspectInput, openTable, type OpenOptions } from '../../csv/read/reader.ts';
import { RowmillError } from '../../errors.ts';
import type { InputFile } from '../../ports/run-files.ts';
import type { CsvTask } from '../../task/task.ts';
import type { InputOptions } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/** Finds out how an input is to be read, by the columns of its task where there is one. Throws `input_refused` where it is no CSV. */
export function openTaskTable(
  input: InputFile,
  task: CsvTask | undefined,
  options: InputOptions,
): Promise<CsvTable> {
  const columns = task?.columns ?? [];
  const { map = {}, delimiter, quote, escape, encoding, skipLines } = options;
  return openNamedTable(input, {
    expectedColumns: [
      ...columns.map(({ name }) => name),
      ...columns.flatMap(({ aliases }) => aliases),
      ...Object.keys(map),
    ],
    delimiter,
    quote,
    escape,
    encoding,
    skipLines,
  });
}

/** The same for a file that has columns we know. */
export async function openNamedTable(input: InputFile, options: OpenOptions): Promise<CsvTable> {
  try {
    return await openTable(input, { ...options, name: input.name });
  } catch (error) {
    throw refusedInput(error);
  }
}

/** Whether the bytes of an input cannot be read in place: UTF-16, gzip, encodings of several bytes, tables drawn with lines. */
export async function needsCopy(
  input: InputFile,
  { encoding, delimiter }: InputOptions,
): Promise<boolean> {
  try {
    return (await inspectInput(input, { name: input.name, encoding, delimiter })).needsUtf8Copy;
  } catch (error) {
    throw refusedInput(error);
  }
}

/** A UTF-8 copy of an input, open; `describe` says in a table what the input itself was. */
export async function copyOf(
  input: InputFile,
  { path, options }: { readonly path: string; readonly options: InputOptions },
  { files }: Pick<ServicePorts, 'files'>,
): Promise<{ input: InputFile; describe: (table: CsvTable) => CsvTable }> {
  try {
    const { encoding, wasPacked, wasRuled } = await files.copyAsUtf8(input, path, {
      encoding: options.encoding,
      delimiter: options.delimiter,
    });
    const copy = { ...asInput(await files.openInput(path)), name: input.name };
    const what = [
      wasPacked ? 'packed with gzip' : '',
      encoding === undefined ? '' : `in ${encoding}`,
      wasRuled ? 'drawn with lines' : '',
    ]
      .filter((text) => text !== '')
      .join(' and ');
    return {
      input: copy,
      describe: (table) => ({
        ...table,
        warnings: [
          { code: 'copied_as_utf8', message: `the input is ${what}: a UTF-8 copy of it is read` },
          ...table.warnings,
        ],
      }),
    };
  } catch (error) {
    throw refusedInput(error);
  }
}

/** The methods of an open file as properties, so that it can be given another name. */
function asInput(file: InputFile): InputFile {
  return {
    name: file.name,
    size: file.size,
    modifiedMs: file.modifiedMs,
    isSeekable: file.isSeekable,
    hasGrown: () => file.hasGrown(),
    read: (offset, into) => file.read(offset, into),
    distrustEnd: () => file.distrustEnd(),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

/** Errors of reading, in the codes of runs. */
function refusedInput(error: unknown): unknown {
  if (!(error instanceof CsvError)) return error;
  if (error.code === 'invalid_option')
    return new RowmillError('usage', error.message, { cause: error });
  return new RowmillError('input_refused', error.message, { cause: error });
}
