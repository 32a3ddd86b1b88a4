import type { ByteSource } from '../../ports/byte-source.ts';
import type { BlockReader, ReadOptions } from './block-reader.ts';
import type { CsvTable, ReadPosition } from '../csv-table.ts';
import { ParsedReader } from './parsed-reader.ts';
import { isPlainDialect, PlainReader } from './plain-reader.ts';

export type { BlockReader } from './block-reader.ts';
export { cellDecoder, type CellDecoder } from '../encoding/cell-decoder.ts';
export { inspectInput, openTable, type OpenOptions } from '../open-table.ts';
export { isPlainDialect } from './plain-reader.ts';
export { withoutRules } from '../find/ruled-table.ts';
export { toUtf8 } from '../encoding/utf8-copy.ts';

/** Settings of `readBlocks` beside the table. */
export interface ReadBlocksOptions extends ReadOptions {
  /** Where to begin: a position that a block or a table gave. Default: the table's first record. */
  readonly from?: ReadPosition | undefined;
}

/** Reads the records of a table from a position on. Nothing is detected again: the table says it all. */
export function readBlocks(
  source: ByteSource,
  table: CsvTable,
  options: ReadBlocksOptions = {},
): BlockReader {
  const settings = { from: options.from ?? table.data, options };
  return isPlainDialect(table.dialect)
    ? new PlainReader(source, table, settings)
    : new ParsedReader(source, table, settings);
}
