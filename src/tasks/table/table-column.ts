import { isDate, isUuid } from '../../verifiers.ts';

/** What a column of a table takes. `other` is for the database to judge. */
export type ColumnKind =
  | { readonly kind: 'integer'; readonly min: bigint; readonly max: bigint }
  | { readonly kind: 'number' | 'boolean' | 'date' | 'time' | 'json' | 'uuid' | 'other' }
  | { readonly kind: 'timestamp'; readonly hasZone: boolean }
  | { readonly kind: 'enum'; readonly labels: readonly string[] }
  | { readonly kind: 'text'; readonly maxLength: number | undefined };

/** A column of a table, as its database describes it. */
export interface TableColumn {
  readonly name: string;
  /** As declared: `numeric(10,2)`. */
  readonly type: string;
  readonly takes: ColumnKind;
  readonly isNullable: boolean;
  /** Computed by the database: nothing can be written to it. */
  readonly isGenerated: boolean;
}

const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?$/;
const TIMESTAMP =
  /^(\d{4}-\d{2}-\d{2})(?:[T ]((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?) ?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;
const TRUE = new Set(['true', 't', 'yes', 'y', 'on', '1']);
const FALSE = new Set(['false', 'f', 'no', 'n', 'off', '0']);

/**
 * What is wrong with a cell for a column; undefined when it fits. The text itself is what goes to the
 * database, which converts it exactly: no number passes through a JavaScript one.
 */
export function whyUnfit(cell: string, { takes, type }: TableColumn): string | undefined {
  const value = cell.trim();
  switch (takes.kind) {
    case 'integer': {
      if (!INTEGER.test(value)) return `is not a whole number (${type})`;
      const number = BigInt(value);
      const fits = number >= takes.min && number <= takes.max;
      return fits ? undefined : `is outside of ${takes.min} to ${takes.max} (${type})`;
    }
    case 'number':
      return NUMBER.test(value) ? undefined : `is not a number such as -12.50 (${type})`;
    case 'boolean':
      return asBoolean(value) === undefined ? `is not true or false (${type})` : undefined;
    case 'date':
      return isDate(value) === true ? undefined : `is not a date such as 2026-11-21 (${type})`;
    case 'time':
      return TIME.test(value) ? undefined : `is not a time such as 09:30:00 (${type})`;
    case 'timestamp':
      return whyNoTimestamp(value, takes.hasZone, type);
    case 'json':
      return isJson(value) ? undefined : `is not JSON (${type})`;
    case 'uuid':
      return isUuid(value) === true ? undefined : `is not a UUID (${type})`;
    case 'enum':
      return takes.labels.includes(cell)
        ? undefined
        : `is not one of ${takes.labels.join(', ')} (${type})`;
    case 'text': {
      const { maxLength } = takes;
      if (maxLength === undefined || cell.length <= maxLength) return undefined;
      // The database counts code points, not UTF-16 units.
      const length = Array.from(cell).length;
      if (length <= maxLength) return undefined;
      return `has ${length} characters, but the column takes ${maxLength} (${type})`;
    }
    case 'other':
      return undefined;
  }
}

/** Undefined for a text that is neither. */
export function asBoolean(value: string): boolean | undefined {
  const word = value.toLowerCase();
  if (TRUE.has(word)) return true;
  return FALSE.has(word) ? false : undefined;
}

function whyNoTimestamp(value: string, hasZone: boolean, type: string): string | undefined {
  const [whole, day = '', , zone] = TIMESTAMP.exec(value) ?? [];
  if (whole === undefined || isDate(day) !== true) {
    return `is not a date and time such as 2026-11-21 09:30:00 (${type})`;
  }
  // PostgreSQL would drop the zone in silence.
  return zone !== undefined && !hasZone
    ? `has a time zone, which the column does not keep (${type})`
    : undefined;
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
