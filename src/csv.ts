import { open, type FileHandle } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Readable } from 'node:stream';
import { CsvError } from './engine/csv/csv-error.ts';
import type { CsvTable, CsvWarning, Dialect, ReadPosition } from './engine/csv/csv-table.ts';
import {
  cellDecoder,
  inspectInput,
  openTable,
  readBlocks,
  toUtf8,
  withoutRules,
  type CellDecoder,
  type OpenOptions,
} from './engine/csv/read/reader.ts';
import { memorySource } from './engine/csv/read/memory-source.ts';
import type { RecordBlock } from './engine/csv/read/record-block.ts';
import type { RecordProblem, RecordProblemCode } from './engine/csv/read/record-problem.ts';
import { StreamSource } from './engine/csv/read/stream-source.ts';
import type { ByteSource } from './engine/ports/byte-source.ts';
import { gunzip } from './files/local/gunzip.ts';

export { CsvError, type CsvErrorCode, type CsvPlace } from './engine/csv/csv-error.ts';
export type { CsvWarning, Dialect, ReadPosition, RecordProblem, RecordProblemCode };

/**
 * What can be opened: bytes, the path or URL of a file, or a stream of bytes. Packed input (gzip) is
 * unpacked on the way. A string is a path; for text pass `Buffer.from(text)`.
 */
export type CsvInput =
  | Uint8Array
  | string
  | URL
  | Readable
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>;

/** What you know of the input: all else is found, and every guess is in `warnings`. */
export interface CsvOptions extends OpenOptions {
  /** Longest record in bytes that is read as one. Default 1,048,576. */
  readonly maxRecordBytes?: number | undefined;
}

/** One record of a CSV file. */
export interface CsvRecord {
  /** 1 is the first record below the header. */
  readonly number: number;
  /** Line of the file on which it starts, 1-based. */
  readonly line: number;
  /** Byte at which it starts, 0-based; of the UTF-8 copy where the input is UTF-16 or packed. */
  readonly byte: number;
  readonly cells: readonly string[];
  /** Why it is not as the header and the dialect say. Its cells are the best reading there is. */
  readonly problem?: RecordProblem;
  /** What was done to read it right, where it is not written as the dialect says. */
  readonly repair?: string;
}

/** An opened CSV file. Iterating it, or its `records`, reads it in constant memory. */
export interface CsvFile extends AsyncIterable<CsvRecord> {
  readonly dialect: Dialect;
  /** WHATWG name of the input's encoding, such as `utf-8` or `windows-1252`. */
  readonly encoding: string;
  /** Column names in the order of the file. They may be doubled or empty: then a warning says so. */
  readonly header: readonly string[];
  /** Lines above the header that are not part of the table. */
  readonly preamble: readonly string[];
  /** Lines below the table that are not part of it. Not looked for in a stream longer than 64 KiB. */
  readonly footer: readonly string[];
  readonly warnings: readonly CsvWarning[];
  /** The records. A stream can be read once, all else as often as you like. */
  readonly records: AsyncIterable<CsvRecord>;
}

/**
 * Opens a CSV file of any dialect and encoding: looks at its beginning (and, where it can, its end),
 * finds out how it is to be read, and gives the header and the records.
 *
 * @example
 * ```ts
 * const file = await openCsv('contacts.csv');
 * for await (const { cells, problem } of file) console.log(cells, problem?.message);
 * ```
 *
 * @throws CsvError with a stable `code` where there is nothing to read: an empty input, a directory,
 * an Excel workbook or other binary data, an unknown encoding.
 */
export async function openCsv(input: CsvInput, options: CsvOptions = {}): Promise<CsvFile> {
  if (typeof input === 'string' || input instanceof URL) return openFile(input, options);
  if (input instanceof Uint8Array) {
    const readable = await readableForm(memorySource(input), options);
    const bytes =
      readable.steps.length === 0 ? input : Buffer.concat(await collect(readable.chunks()));
    const source = memorySource(bytes);
    const table = await openTable(source, readable.options);
    return csvFile(table, { readable, records: () => recordsOf(source, table, options) });
  }
  const readable = await readableForm(new StreamSource(chunksOf(input)), options);
  const source = readable.source as StreamSource;
  const table = await openTable(source, readable.options);
  let isRead = false;
  const records = () => {
    if (isRead) throw new CsvError('unreadable', 'a stream can be read only once');
    isRead = true;
    source.forget();
    return recordsOf(source, table, options);
  };
  return csvFile(table, { readable, records });
}

async function openFile(input: string | URL, options: CsvOptions): Promise<CsvFile> {
  const path = input instanceof URL ? fileURLToPath(input) : input;
  const named = { ...options, name: options.name ?? path };
  const handle = await openHandle(path);
  try {
    const readable = await readableForm(await fileSource(handle), named);
    const table = await openTable(readable.source, readable.options);
    // The file is opened again to read its records: what is never read leaves nothing open.
    const records = async function* () {
      const again = await openHandle(path);
      try {
        yield* recordsOf(applySteps(await fileSource(again), readable.steps), table, options);
      } finally {
        await again.close();
      }
    };
    return csvFile(table, { readable, records });
  } finally {
    await handle.close();
  }
}

async function openHandle(path: string): Promise<FileHandle> {
  const place = { name: path };
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CsvError('unreadable', `the file cannot be read: ${reason}`, { place, cause });
  }
  if ((await handle.stat()).isDirectory()) {
    await handle.close();
    throw new CsvError('unreadable', 'this is a directory; a CSV file was expected', { place });
  }
  return handle;
}

async function fileSource(handle: FileHandle): Promise<ByteSource> {
  const { size } = await handle.stat();
  return {
    size,
    async read(offset, into) {
      return (await handle.read(into, 0, into.length, offset)).bytesRead;
    },
  };
}

type Chunks = AsyncIterable<Uint8Array>;
type Step = (chunks: Chunks) => Chunks;

/** An input as it can be read: as it is, or through the steps that make UTF-8 of it. */
interface ReadableForm {
  readonly source: ByteSource;
  readonly steps: readonly Step[];
  /** The encoding of the input where the steps change it. */
  readonly encoding: string | undefined;
  readonly isGuessed: boolean;
  /** The steps take out the lines it is drawn with. */
  readonly isRuled: boolean;
  /** What the table is opened with. */
  readonly options: OpenOptions;
  readonly chunks: () => Chunks;
}

async function readableForm(source: ByteSource, options: CsvOptions): Promise<ReadableForm> {
  const steps: Step[] = [];
  let current = source;
  let encoding: string | undefined;
  let isGuessed = false;
  let isRuled = false;
  let wanted: OpenOptions = options;
  for (;;) {
    const form = await inspectInput(current, wanted);
    if (!form.needsUtf8Copy) break;
    if (form.encoding === undefined) steps.push(gunzip);
    else if (form.isRuled) {
      isRuled = true;
      steps.push(withoutRules);
    } else {
      const from = form.encoding;
      encoding = from;
      isGuessed = form.isGuessed;
      wanted = { ...options, encoding: 'utf-8' };
      steps.push((chunks) => toUtf8(chunks, from));
    }
    current = applySteps(current, steps.slice(-1));
  }
  return {
    source: current,
    steps,
    encoding,
    isGuessed,
    isRuled,
    options: wanted,
    chunks: () => chunksFrom(current),
  };
}

function applySteps(source: ByteSource, steps: readonly Step[]): ByteSource {
  if (steps.length === 0) return source;
  let chunks = chunksFrom(source);
  for (const step of steps) chunks = step(chunks);
  return new StreamSource(chunks);
}

function chunksFrom(source: ByteSource): Chunks {
  return source instanceof StreamSource ? source.rest() : chunksOfSource(source);
}

async function* chunksOfSource(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  for (let offset = 0; ;) {
    const chunk = Buffer.alloc(65_536);
    const length = await source.read(offset, chunk);
    if (length === 0) return;
    offset += length;
    yield chunk.subarray(0, length);
  }
}

async function* chunksOf(
  input: Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Node's types leave out that a web stream is an AsyncIterable there.
  for await (const chunk of input as AsyncIterable<Uint8Array | string>) {
    yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }
}

async function collect(chunks: Chunks): Promise<Uint8Array[]> {
  const collected: Uint8Array[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return collected;
}

function csvFile(
  table: CsvTable,
  file: {
    readonly readable: ReadableForm;
    readonly records: () => AsyncGenerator<CsvRecord, void, undefined>;
  },
): CsvFile {
  const { dialect, header, preamble, footer } = table;
  const { readable, records } = file;
  const encoding = readable.encoding ?? table.encoding;
  const warnings: CsvWarning[] = [...table.warnings];
  if (readable.isRuled) {
    const message =
      'the table is drawn with lines: they are left out, and so are the blanks around its cells';
    warnings.unshift({ code: 'rules_removed', message });
  }
  if (readable.isGuessed) {
    warnings.unshift({
      code: 'encoding_guessed',
      message: `the file does not say its encoding; read as ${encoding}`,
    });
  }
  const iterable = { [Symbol.asyncIterator]: records };
  return { dialect, encoding, header, preamble, footer, warnings, records: iterable, ...iterable };
}

async function* recordsOf(
  source: ByteSource,
  table: CsvTable,
  options: CsvOptions,
): AsyncGenerator<CsvRecord, void, undefined> {
  const reader = readBlocks(source, table, { maxRecordBytes: options.maxRecordBytes });
  const decoder = cellDecoder(table, { independent: true });
  try {
    for (;;) {
      const block = await reader.next();
      if (block === undefined) return;
      for (let index = 0; index < block.count; index++) yield recordOf(block, index, decoder);
    }
  } finally {
    if (source instanceof StreamSource) await source.close();
  }
}

function recordOf(block: RecordBlock, index: number, decoder: CellDecoder): CsvRecord {
  const cells: string[] = [];
  const end = block.cellFirst[index + 1] as number;
  for (let cell = block.cellFirst[index] as number; cell < end; cell++) {
    cells.push(decoder.cell(block, cell));
  }
  const problem = block.problems.get(index);
  const repair = block.repairs.get(index);
  return {
    number: block.firstNumber + index,
    line: block.lines[index] as number,
    byte: block.offset + (block.starts[index] as number),
    cells,
    ...(problem === undefined ? {} : { problem }),
    ...(repair === undefined ? {} : { repair }),
  };
}
