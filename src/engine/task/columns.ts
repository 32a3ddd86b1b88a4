import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A pure check of one non-empty cell: `true`, or `false`, or a text that says what is wrong. */
export type Verifier = (cell: string) => boolean | string;

/** What a column promises: a verifier, or any Standard Schema (zod, valibot, arktype). */
export type Column<Value = unknown> =
  | Verifier
  | StandardSchemaV1<string | undefined, Value>
  | StandardSchemaV1<unknown, Value>;

/** The contracts of columns by name. Inferred column by column, so that inline verifiers keep their types. */
export type Columns<Values> = { readonly [K in keyof Values]: Column<Values[K]> };

/** A verifier gives no value type, and then the cell is the text itself. */
type CellOf<Value> = unknown extends Value ? string : Value;

/** A verified row: mandatory columns have a value, optional ones may be undefined. */
export type RowOf<Mandatory, Optional> = {
  readonly [K in keyof Mandatory]: CellOf<Mandatory[K]>;
} & { readonly [K in keyof Optional]: CellOf<Optional[K]> | undefined };

/** A column as the engine uses it. */
export interface ColumnSpec {
  readonly name: string;
  readonly isMandatory: boolean;
  /** Other names a file may use for it. */
  readonly aliases: readonly string[];
  readonly verify: Verifier | undefined;
  readonly schema: StandardSchemaV1 | undefined;
}

/** Whether a value is a Standard Schema. arktype's are functions, so this is asked before `typeof`. */
export function isStandardSchema(value: unknown): value is StandardSchemaV1 {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    '~standard' in value
  );
}
