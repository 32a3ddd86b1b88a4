import type { ColumnSpec } from '../../task/columns.ts';
import type { Failure } from '../../task/failure.ts';
import { cellReader, type CellReader, type OnVerifierCrash } from '../../task/verify-cell.ts';

/** Gives the text of the cell at a position of the record in hand. */
interface CellSource {
  cell(position: number): string;
}

/** Where a task's column comes from. */
export type ColumnSource = { readonly position: number } | { readonly constant: string } | 'absent';

/** Makes the rows of one run: verifies the cells of a record and puts the row object together. */
export class RowShape {
  readonly #readers: readonly CellReader[];
  /** Position of the cell, or -1 for a constant or absent column. */
  readonly #positions: Int32Array;
  readonly #constants: readonly string[];
  readonly #values: unknown[];
  readonly #make: (values: readonly unknown[]) => object;
  /** What was wrong with the last record that was not right. */
  failures: Failure[] = [];

  constructor(
    columns: readonly { readonly spec: ColumnSpec; readonly source: ColumnSource }[],
    onCrash: OnVerifierCrash,
  ) {
    this.#readers = columns.map(({ spec }) => cellReader(spec, onCrash));
    this.#positions = Int32Array.from(columns, ({ source }) =>
      typeof source === 'object' && 'position' in source ? source.position : -1,
    );
    this.#constants = columns.map(({ source }) =>
      typeof source === 'object' && 'constant' in source ? source.constant : '',
    );
    this.#values = columns.map(() => undefined);
    this.#make = rowMaker(columns.map(({ spec }) => spec.name));
  }

  /** The verified row, or undefined when a cell is wrong: then `failures` says which and why. */
  row(record: CellSource): object | undefined {
    return this.verify(record) ? this.#make(this.#values) : undefined;
  }

  /** Whether all cells of a record are right; else `failures` says which are not. Makes no row. */
  verify(record: CellSource): boolean {
    const readers = this.#readers;
    const positions = this.#positions;
    const values = this.#values;
    let failures: Failure[] | undefined;
    for (let index = 0; index < readers.length; index += 1) {
      const reader = readers[index] as CellReader; // index is below the length
      const position = positions[index] as number;
      const cell = position < 0 ? (this.#constants[index] ?? '') : record.cell(position);
      const failure = reader.read(cell);
      if (failure === undefined) values[index] = reader.value;
      else (failures ??= []).push(failure);
    }
    if (failures === undefined) return true;
    this.failures = failures;
    return false;
  }
}

/**
 * A function that makes row objects with these keys. Compiled as one literal, so that all rows have
 * one hidden class: 25 to 106 ns for 8 columns, where assigning keys in a loop takes 300 to 700.
 * Where the process forbids compiling (--disallow-code-generation-from-strings) the loop is used.
 */
function rowMaker(names: readonly string[]): (values: readonly unknown[]) => object {
  // A computed key makes `__proto__` an ordinary property.
  const entries = names.map((name, index) => `[${JSON.stringify(name)}]: values[${index}]`);
  try {
    // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- names reach the code as JSON strings only
    return new Function('values', `return { ${entries.join(', ')} };`) as (
      values: readonly unknown[],
    ) => object;
  } catch {
    return (values) => Object.fromEntries(names.map((name, index) => [name, values[index]]));
  }
}
