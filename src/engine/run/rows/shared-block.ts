import { Buffer } from 'node:buffer';
import type { RecordBlock } from '../../csv/read/record-block.ts';
import type { RecordProblem } from '../../csv/read/record-problem.ts';

/** Room of a memory that is made anew: a block of the reader and its cells fit. */
const MEMORY_BYTES = 384 * 1024;

/** A block in memory that threads share: they read it where it lies. */
export interface SharedBlock {
  readonly memory: SharedArrayBuffer;
  readonly byteCount: number;
  readonly cellCount: number;
  readonly count: number;
  readonly offset: number;
  readonly firstNumber: number;
  readonly endOffset: number;
  readonly problems: ReadonlyMap<number, RecordProblem>;
  readonly repairs: ReadonlyMap<number, string>;
}

/** Memories that are used again. A fresh one for each block costs as much as copying it does. */
export class SharedMemories {
  readonly #free: SharedArrayBuffer[] = [];

  take(bytes: number): SharedArrayBuffer {
    const index = this.#free.findIndex(({ byteLength }) => byteLength >= bytes);
    const [memory] = index < 0 ? [] : this.#free.splice(index, 1);
    return memory ?? new SharedArrayBuffer(Math.max(bytes, MEMORY_BYTES));
  }

  /** Gives a memory back that nobody reads any longer. One made for a huge record is not kept. */
  give(memory: SharedArrayBuffer): void {
    if (memory.byteLength <= MEMORY_BYTES) this.#free.push(memory);
  }
}

/** Copies a block of the reader, which uses its buffers again. Only what is used of them: 30 µs. */
export function shareBlock(block: RecordBlock, memories: SharedMemories): SharedBlock {
  const { bytes, text, count, cellFirst, offset, firstNumber, endOffset } = block;
  const cellCount = cellFirst[count] ?? 0;
  const byteCount = text.length;
  const memory = memories.take(layoutOf({ count, cellCount, byteCount }).end);
  const view = arraysOf(memory, { count, cellCount, byteCount });
  view.lines.set(block.lines.subarray(0, count + 1));
  view.starts.set(block.starts.subarray(0, count));
  view.ends.set(block.ends.subarray(0, count));
  view.cellFirst.set(cellFirst.subarray(0, count + 1));
  view.cellStarts.set(block.cellStarts.subarray(0, cellCount));
  view.cellEnds.set(block.cellEnds.subarray(0, cellCount));
  view.cellKinds.set(block.cellKinds.subarray(0, cellCount));
  view.bytes.set(bytes.subarray(0, byteCount));
  const { problems, repairs } = block;
  return {
    memory,
    byteCount,
    cellCount,
    count,
    offset,
    firstNumber,
    endOffset,
    problems,
    repairs,
  };
}

/** The block as a reader gives it. `withText` false: for who looks at positions only. */
export function blockOf(
  shared: SharedBlock,
  { withText }: { readonly withText: boolean },
): RecordBlock {
  const { memory, offset, count, firstNumber, endOffset, problems, repairs } = shared;
  const arrays = arraysOf(memory, shared);
  return {
    ...arrays,
    text: withText ? arrays.bytes.toString('latin1') : '',
    offset,
    count,
    firstNumber,
    endOffset,
    strings: undefined,
    problems,
    repairs,
  };
}

/** Some records of a block as a block of their own. */
export function partOf(block: RecordBlock, from: number, to: number): RecordBlock {
  const { starts, ends, lines, cellFirst, count, endOffset, problems, repairs } = block;
  if (from === 0 && to === count) return block;
  return {
    ...block,
    count: to - from,
    firstNumber: block.firstNumber + from,
    starts: starts.subarray(from, to),
    ends: ends.subarray(from, to),
    lines: lines.subarray(from, to + 1),
    cellFirst: cellFirst.subarray(from, to + 1),
    endOffset: to < count ? (starts[to] ?? endOffset) : endOffset,
    problems: moved(problems, from, to),
    repairs: moved(repairs, from, to),
  };
}

function moved<T>(all: ReadonlyMap<number, T>, from: number, to: number): ReadonlyMap<number, T> {
  if (all.size === 0) return all;
  const inPart = [...all].filter(([index]) => index >= from && index < to);
  return new Map(inPart.map(([index, value]) => [index - from, value]));
}

type Sizes = Pick<SharedBlock, 'count' | 'cellCount' | 'byteCount'>;

/** Where each array begins, those of wide entries first, so that all are aligned. */
function layoutOf({ count, cellCount, byteCount }: Sizes) {
  const starts = 8 * (count + 1);
  const ends = starts + 4 * count;
  const cellFirst = ends + 4 * count;
  const cellStarts = cellFirst + 4 * (count + 1);
  const cellEnds = cellStarts + 4 * cellCount;
  const cellKinds = cellEnds + 4 * cellCount;
  const bytes = cellKinds + cellCount;
  return {
    starts,
    ends,
    cellFirst,
    cellStarts,
    cellEnds,
    cellKinds,
    bytes,
    end: bytes + byteCount,
  };
}

function arraysOf(memory: SharedArrayBuffer, sizes: Sizes) {
  const { count, cellCount, byteCount } = sizes;
  const at = layoutOf(sizes);
  // The arrays of a block are read only behind the message that hands it over, so no read is a race.
  return {
    lines: new Float64Array(memory, 0, count + 1),
    starts: new Int32Array(memory, at.starts, count),
    ends: new Int32Array(memory, at.ends, count),
    cellFirst: new Int32Array(memory, at.cellFirst, count + 1),
    cellStarts: new Int32Array(memory, at.cellStarts, cellCount),
    cellEnds: new Int32Array(memory, at.cellEnds, cellCount),
    cellKinds: new Uint8Array(memory, at.cellKinds, cellCount),
    bytes: Buffer.from(memory, at.bytes, byteCount),
  };
}
