import type { ByteSource } from '../../../src/engine/ports/byte-source.ts';
import type { CsvTable, Dialect } from '../../../src/engine/csv/csv-table.ts';
import {
  cellDecoder,
  readBlocks,
  type ReadBlocksOptions,
} from '../../../src/engine/csv/read/reader.ts';

/** Bytes in memory, given `step` at a time. */
export function memorySource(bytes: Uint8Array, step = Infinity): ByteSource {
  return {
    size: step === Infinity ? bytes.length : undefined,
    async read(offset, into) {
      const length = Math.min(into.length, step, Math.max(bytes.length - offset, 0));
      into.set(bytes.subarray(offset, offset + length));
      return length;
    },
  };
}

/** Bytes in memory that come in two parts. */
export function splitSource(bytes: Uint8Array, split: number): ByteSource {
  return {
    size: undefined,
    async read(offset, into) {
      const end = offset < split ? split : bytes.length;
      const length = Math.min(into.length, Math.max(end - offset, 0));
      into.set(bytes.subarray(offset, offset + length));
      return length;
    },
  };
}

export function tableOf(dialect: Partial<Dialect> = {}, header: readonly string[] = []): CsvTable {
  return {
    dialect: {
      delimiter: ',',
      quote: '"',
      escape: '"',
      lineEnd: '\n',
      collapseDelimiters: false,
      ...dialect,
    },
    encoding: 'utf-8',
    header,
    data: { byte: 0, number: 1, line: 1 },
    dataEnd: undefined,
    preamble: [],
    footer: [],
    warnings: [],
  };
}

export interface ReadRecord {
  readonly number: number;
  readonly line: number;
  readonly byte: number;
  readonly end: number;
  readonly cells: readonly string[];
  readonly problem: string | undefined;
}

/** All records that the block reader gives. */
export async function readAll(
  source: ByteSource,
  table: CsvTable,
  options: ReadBlocksOptions = {},
): Promise<ReadRecord[]> {
  const reader = readBlocks(source, table, options);
  const decoder = cellDecoder(table);
  const records: ReadRecord[] = [];
  for (;;) {
    const block = await reader.next();
    if (block === undefined) return records;
    for (let record = 0; record < block.count; record++) {
      const cells: string[] = [];
      const last = block.cellFirst[record + 1] as number;
      for (let cell = block.cellFirst[record] as number; cell < last; cell++) {
        cells.push(decoder.cell(block, cell));
      }
      records.push({
        number: block.firstNumber + record,
        line: block.lines[record] as number,
        byte: block.offset + (block.starts[record] as number),
        end: block.offset + (block.ends[record] as number),
        cells,
        problem: block.problems.get(record)?.code,
      });
    }
  }
}
