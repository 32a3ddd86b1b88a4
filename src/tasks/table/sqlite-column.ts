import type { ColumnKind } from './table-column.ts';

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/**
 * What a column of SQLite takes by its declared type. SQLite itself would store anything anywhere; a
 * table that says DATE means it.
 */
export function sqliteColumnKind(declared: string): ColumnKind {
  const type = declared.toUpperCase();
  const length = /^(?:N?VAR)?CHAR\w*\s*\(\s*(\d+)\s*\)/.exec(type)?.[1];
  if (/BOOL/.test(type)) return { kind: 'boolean' };
  if (/JSON/.test(type)) return { kind: 'json' };
  if (/UUID|GUID/.test(type)) return { kind: 'uuid' };
  if (/TIMESTAMP|DATETIME/.test(type)) return { kind: 'timestamp', hasZone: true };
  if (/^DATE$/.test(type)) return { kind: 'date' };
  if (/^TIME$/.test(type)) return { kind: 'time' };
  // From here on as SQLite finds the affinity of a column.
  if (/INT/.test(type)) return { kind: 'integer', ...INT64 };
  if (/CHAR|CLOB|TEXT/.test(type)) {
    return { kind: 'text', maxLength: length === undefined ? undefined : Number(length) };
  }
  if (type === '' || /BLOB/.test(type)) return { kind: 'text', maxLength: undefined };
  if (/REAL|FLOA|DOUB|NUM|DEC|MONEY/.test(type)) return { kind: 'number' };
  return { kind: 'other' };
}
