import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ColumnSpec } from './columns.ts';
import type { Failure } from './failure.ts';

/** Told when a verifier or schema throws: the cell counts as invalid, the crash belongs in a log. */
export type OnVerifierCrash = (column: string, cell: string, error: unknown) => void;

/** Reads the cells of one column: verifies each and keeps the value the row gets. */
export interface CellReader {
  readonly column: string;
  /** What the row gets for the last cell read without failure: its text, the schema's output, or undefined. */
  value: unknown;
  /** Undefined when the cell is right; then `value` is set. Allocates only for a cell that is wrong. */
  read(cell: string): Failure | undefined;
}

/**
 * Makes the reader of a column. One for each column and run: `value` is overwritten by the next read,
 * so that a right cell costs no object.
 */
export function cellReader(spec: ColumnSpec, onCrash?: OnVerifierCrash): CellReader {
  return spec.schema === undefined
    ? new VerifiedCellReader(spec, onCrash)
    : new SchemaCellReader(spec, onCrash);
}

/** Checks one cell without its value: for callers that only want to know what is wrong. */
export function verifyCell(
  spec: ColumnSpec,
  cell: string,
  onCrash?: OnVerifierCrash,
): Failure | undefined {
  return cellReader(spec, onCrash).read(cell);
}

class VerifiedCellReader implements CellReader {
  readonly column: string;
  value: unknown = undefined;
  readonly #isMandatory: boolean;
  readonly #verify: NonNullable<ColumnSpec['verify']>;
  readonly #onCrash: OnVerifierCrash | undefined;

  constructor(spec: ColumnSpec, onCrash: OnVerifierCrash | undefined) {
    this.column = spec.name;
    this.#isMandatory = spec.isMandatory;
    this.#verify = spec.verify ?? (() => true);
    this.#onCrash = onCrash;
  }

  read(cell: string): Failure | undefined {
    if (cell === '') {
      if (this.#isMandatory) return missing(this.column);
      this.value = undefined;
      return undefined;
    }
    let verdict: boolean | string;
    try {
      verdict = this.#verify(cell);
    } catch (error) {
      this.#onCrash?.(this.column, cell, error);
      return invalid(this.column, cell);
    }
    if (verdict === true) {
      this.value = cell;
      return undefined;
    }
    // From JavaScript anything may come back; only `true` is a yes, only a text is a reason.
    return invalid(this.column, cell, typeof verdict === 'string' ? verdict : undefined);
  }
}

class SchemaCellReader implements CellReader {
  readonly column: string;
  value: unknown = undefined;
  readonly #isMandatory: boolean;
  readonly #standard: StandardSchemaV1['~standard'];
  readonly #onCrash: OnVerifierCrash | undefined;

  constructor(spec: ColumnSpec, onCrash: OnVerifierCrash | undefined) {
    if (spec.schema === undefined) throw new TypeError(`column ${spec.name} has no schema`);
    this.column = spec.name;
    this.#isMandatory = spec.isMandatory;
    this.#standard = spec.schema['~standard'];
    this.#onCrash = onCrash;
  }

  read(cell: string): Failure | undefined {
    if (cell === '') {
      if (this.#isMandatory) return missing(this.column);
      this.value = undefined;
      return undefined;
    }
    let result: ReturnType<StandardSchemaV1['~standard']['validate']>;
    try {
      result = this.#standard.validate(cell);
    } catch (error) {
      this.#onCrash?.(this.column, cell, error);
      return invalid(this.column, cell);
    }
    if (result instanceof Promise) return this.#notAtOnce(cell, result);
    if (result.issues === undefined) {
      this.value = result.value;
      return undefined;
    }
    return invalid(this.column, cell, result.issues[0]?.message);
  }

  /**
   * A Promise for each cell would make every row asynchronous (5 times slower), so schemas answer at
   * once. zod also gives a Promise when a transform of its own throws, so one such cell must not end
   * the run: the row fails, and what was behind it is told when it is known.
   */
  #notAtOnce(cell: string, promise: Promise<unknown>): Failure {
    promise.then(
      () => this.#onCrash?.(this.column, cell, new Error(ASYNCHRONOUS)),
      (error: unknown) => this.#onCrash?.(this.column, cell, error),
    );
    return invalid(this.column, cell, ASYNCHRONOUS);
  }
}

const ASYNCHRONOUS =
  'could not be checked: the schema of its column threw, or is asynchronous (what must wait belongs in row)';

function missing(column: string): Failure {
  return { column, value: '', code: 'missing', message: 'missing' };
}

function invalid(column: string, value: string, message = 'is not valid'): Failure {
  return { column, value, code: 'invalid', message };
}
