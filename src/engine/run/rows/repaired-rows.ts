import type { BlockReader } from '../../csv/read/block-reader.ts';
import type { RecordBlock } from '../../csv/read/record-block.ts';
import type { TaskLog } from '../../task/run-context.ts';
import type { RepairedRows } from '../run-service.ts';

/** Counts records that were read otherwise than they stand: their cells are right, but a person should know. */
export class RepairCounter {
  #count = 0;
  #firstRow = 0;
  #example = '';

  /** Undefined where nothing was repaired. */
  get found(): RepairedRows | undefined {
    return this.#count === 0
      ? undefined
      : { count: this.#count, firstRow: this.#firstRow, example: this.#example };
  }

  add({ repairs, firstNumber, lines }: RecordBlock, log?: TaskLog): void {
    if (repairs.size === 0) return;
    for (const [index, repair] of repairs) {
      const row = firstNumber + index;
      if (this.#count === 0) {
        this.#firstRow = row;
        this.#example = repair;
      }
      this.#count += 1;
      log?.info(`row ${row} was read otherwise than it stands: ${repair}`, {
        row,
        line: lines[index],
      });
    }
  }

  /** A reader whose blocks are counted on their way. */
  counting(reader: BlockReader, log: TaskLog): BlockReader {
    return {
      next: async () => {
        const block = await reader.next();
        if (block !== undefined) this.add(block, log);
        return block;
      },
    };
  }
}
