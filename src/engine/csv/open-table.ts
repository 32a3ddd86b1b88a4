import type { ByteSource } from '../ports/byte-source.ts';
import { cellDecoder } from './cell-decoder.ts';
import { CsvError } from './csv-error.ts';
import type { CsvTable, Dialect } from './csv-table.ts';
import { PlainReader } from './plain-reader.ts';

/** What the caller knows of an input; all else is found. */
export interface OpenOptions {
  readonly delimiter?: string | undefined;
  /** Names that the header may have: the task's columns and their aliases. */
  readonly expectedColumns?: readonly string[] | undefined;
  /** For messages, such as a path. */
  readonly name?: string | undefined;
}

const SAMPLE_BYTES = 65_536;

/** Finds out how an input is to be read. */
export async function openTable(source: ByteSource, options: OpenOptions = {}): Promise<CsvTable> {
  const sample = Buffer.alloc(SAMPLE_BYTES);
  let length = 0;
  while (length < sample.length) {
    const bytes = await source.read(length, sample.subarray(length));
    if (bytes === 0) break;
    length += bytes;
  }
  if (length === 0) {
    throw new CsvError('empty_input', 'the file is empty; a header row was expected', {
      place: { name: options.name },
    });
  }
  const start = sample[0] === 0xef && sample[1] === 0xbb && sample[2] === 0xbf ? 3 : 0;
  const text = sample.toString('utf8', start, length);
  const [firstLine = ''] = text.split(/\r\n|\n|\r/, 1);
  const counts = [',', ';', '\t', '|'].map((delimiter) => firstLine.split(delimiter).length);
  const best = counts.indexOf(Math.max(...counts));
  const dialect: Dialect = {
    delimiter: options.delimiter ?? ([',', ';', '\t', '|'][best] as string),
    quote: '"',
    escape: '"',
    lineEnd: /\r\n|\n|\r/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n',
    collapseDelimiters: false,
  };
  const table: CsvTable = {
    dialect,
    encoding: 'utf-8',
    header: [],
    data: { byte: start, number: 0, line: 1 },
    dataEnd: undefined,
    preamble: [],
    footer: [],
    warnings: [],
  };
  const reader = new PlainReader(source, table, {
    from: table.data,
    options: { width: 0 },
  });
  const block = await reader.next();
  if (block === undefined) return table;
  const decoder = cellDecoder(table);
  const header: string[] = [];
  for (let cell = 0; cell < (block.cellFirst[1] as number); cell++) {
    header.push(decoder.cell(block, cell).trim());
  }
  const next = block.count > 1 ? (block.starts[1] as number) : block.endOffset;
  return {
    ...table,
    header,
    data: { byte: block.offset + next, number: 1, line: block.lines[1] as number },
  };
}
