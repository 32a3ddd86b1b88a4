import { sql, type Kysely, type Selectable } from 'kysely';
import { eventWord } from '../../engine/automation/read-trigger.ts';
import { toldAs } from '../../engine/automation/told-run-events.ts';
import type { RunEvent, RunEventType } from '../../engine/ports/run-events.ts';
import type { RunEventTable, StoreSchema } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

export type NewRunEvent = Omit<RunEvent, 'number' | 'atMs'>;

/** A run that has done this has done it, whichever server says so. */
const ENDS: ReadonlySet<RunEventType> = new Set(['ended', 'paused']);

/**
 * Numbers an event and keeps it, in a transaction where somebody may wait for it. Undefined where the last event says
 * the same end already.
 */
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
  if (row === undefined) return undefined;
  const { number, at: atMs } = row;
  const name = toldAs(type);
  if (name !== undefined) {
    const word = eventWord(name);
    await db
      .insertInto('untold_events')
      .columns(['run_id', 'number'])
      .expression(
        sql`select cast(${runId} as text), cast(${number} as bigint) where exists (select 1 from triggers where listens_to = ${word} and is_paused = 0)`,
      )
      .execute();
  }
  return { runId, type, data, number, atMs };
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
