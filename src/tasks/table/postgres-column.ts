import type { ColumnKind, TableColumn } from './table-column.ts';

/** The columns of a table. Domains are described by the type they stand on, which judges first. */
export const COLUMNS_QUERY = `
  SELECT a.attname AS name,
         format_type(a.atttypid, a.atttypmod) AS type,
         format_type(a.atttypid, -1) AS cast_type,
         coalesce(b.typname, t.typname) AS base,
         a.atttypmod AS modifier,
         a.attnotnull OR t.typnotnull AS is_required,
         a.attgenerated <> '' OR a.attidentity = 'a' AS is_generated,
         (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder)
            FROM pg_enum e WHERE e.enumtypid = coalesce(b.oid, t.oid)) AS labels
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_type b ON b.oid = nullif(t.typbasetype, 0)
   WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attnum`;

/** Unique keys that an upsert can refer to; the primary key first. */
export const KEYS_QUERY = `
  SELECT i.indisprimary AS is_primary,
         (SELECT json_agg(a.attname ORDER BY k.position)
            FROM unnest(i.indkey) WITH ORDINALITY AS k(number, position)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
           WHERE k.position <= i.indnkeyatts) AS columns
    FROM pg_index i
   WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indimmediate
     AND i.indpred IS NULL AND i.indexprs IS NULL
   ORDER BY i.indisprimary DESC`;

export interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly cast_type: string;
  readonly base: string;
  readonly modifier: number;
  readonly is_required: boolean;
  readonly is_generated: boolean;
  readonly labels: readonly string[] | null;
}

export interface KeyRow {
  readonly is_primary: boolean;
  readonly columns: readonly string[];
}

/** A column, and the type that a text is cast to on its way into it. */
export interface PostgresColumn extends TableColumn {
  /** Without a length: a cast to varchar(3) would cut in silence, where an assignment refuses. Undefined for texts. */
  readonly castType: string | undefined;
}

export function postgresColumn(row: ColumnRow): PostgresColumn {
  const takes = columnKind(row);
  return {
    name: row.name,
    type: row.type,
    takes,
    isNullable: !row.is_required,
    isGenerated: row.is_generated,
    castType: takes.kind === 'text' ? undefined : row.cast_type,
  };
}

const INTEGER_BITS: Readonly<Record<string, bigint>> = { int2: 16n, int4: 32n, int8: 64n };
const SIMPLE_KINDS: Readonly<
  Record<string, Exclude<ColumnKind['kind'], 'integer' | 'timestamp' | 'enum' | 'text'>>
> = {
  numeric: 'number',
  float4: 'number',
  float8: 'number',
  bool: 'boolean',
  date: 'date',
  time: 'time',
  json: 'json',
  jsonb: 'json',
  uuid: 'uuid',
};

function columnKind({ base, modifier, labels }: ColumnRow): ColumnKind {
  if (labels !== null) return { kind: 'enum', labels };
  const bits = INTEGER_BITS[base];
  if (bits !== undefined)
    return { kind: 'integer', min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n };
  if (base === 'timestamp' || base === 'timestamptz') {
    return { kind: 'timestamp', hasZone: base === 'timestamptz' };
  }
  if (base === 'text') return { kind: 'text', maxLength: undefined };
  // The length is kept together with the 4 bytes of its header.
  if (base === 'varchar' || base === 'bpchar') {
    return { kind: 'text', maxLength: modifier < 5 ? undefined : modifier - 4 };
  }
  return { kind: SIMPLE_KINDS[base] ?? 'other' };
}
