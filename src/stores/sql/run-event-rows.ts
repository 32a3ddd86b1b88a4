import { sql, type Kysely, type Selectable } from 'kysely';
import type { RunEvent, RunEventType } from '../../engine/ports/run-events.ts';
import type { RunEventTable, StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

export type NewRunEvent = Omit<RunEvent, 'number' | 'atMs'>;

/** A run that has done this has done it, whichever server says so. */
const ENDS: ReadonlySet<RunEventType> = new Set(['ended', 'paused']);

/** Numbers an event and keeps it. Undefined where the last event says the same end already. */
export async function insertEvent(
  { runId, type, data }: NewRunEvent,
  { db, database }: { readonly db: Kysely<StoreSchema>; readonly database: SqlDatabase },
): Promise<RunEvent | undefined> {
  const last = sql`(select type from run_events where run_id = ${runId} order by number desc limit 1)`;
  const isSaid = ENDS.has(type) ? sql`coalesce(${last}, '') = ${type}` : sql`1 = 0`;
  const row = await db
    .insertInto('run_events')
    .columns(['run_id', 'number', 'type', 'at', 'data'])
    .expression(
      sql`select cast(${runId} as text), coalesce(max(number), 0) + 1, cast(${type} as text), ${nowMs(database)}, cast(${JSON.stringify(data)} as text) from run_events where run_id = ${runId} having not (${isSaid})`,
    )
    .returning(['number', 'at'])
    .executeTakeFirst();
  return row === undefined ? undefined : { runId, type, data, number: row.number, atMs: row.at };
}

export function eventOf(row: Selectable<RunEventTable>): RunEvent {
  return {
    runId: row.run_id,
    number: row.number,
    atMs: row.at,
    // Both written by `insertEvent`.
    type: row.type as RunEventType,
    data: JSON.parse(row.data) as RunEvent['data'],
  };
}

/** Whether a row of this key is there (PostgreSQL; in SQLite a statement is alone). */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23505';
}
