import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { StoreSchema } from './schema.ts';

/** A database of the store, and what differs between the two kinds. */
export interface SqlDatabase {
  readonly db: Kysely<StoreSchema>;
  readonly kind: 'sqlite' | 'postgres';
  readonly bytesType: 'blob' | 'bytea';
  /** For messages; no password in it. */
  readonly name: string;
}

/** The database's own clock, in ms since 1970: one clock for all servers. */
export function nowMs({ kind }: SqlDatabase): RawBuilder<number> {
  return kind === 'sqlite'
    ? sql<number>`cast(unixepoch('subsec') * 1000 as integer)`
    : sql<number>`cast(extract(epoch from clock_timestamp()) * 1000 as bigint)`;
}
