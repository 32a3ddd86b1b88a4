import { sql, type Selectable } from 'kysely';
import type { EventPayload } from '../../engine/automation/event-filter.ts';
import type {
  EventDelivery,
  EventKind,
  EventKindStore,
  EventName,
  KeptEvent,
  ToldEventStore,
} from '../../engine/ports/told-event-store.ts';
import { storeError } from '../store-error.ts';
import type { ToldEventTable } from './automation-schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Events that were told, in SQLite or PostgreSQL. */
export class SqlToldEventStore implements ToldEventStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async keep({
    id,
    accountId,
    object,
    event,
    payload,
    deliveries,
  }: Omit<KeptEvent, 'createdAtMs'>) {
    await tried(this.#database, (db) =>
      db
        .insertInto('told_events')
        .values({
          id,
          account_id: accountId,
          object,
          event,
          payload: JSON.stringify(payload),
          deliveries: JSON.stringify(deliveries),
          created_at: nowMs(this.#database),
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute(),
    );
    const kept = await this.find(id);
    if (kept === undefined) throw new Error(`the event ${id} was not kept`);
    return kept;
  }

  async find(eventId: string): Promise<KeptEvent | undefined> {
    const row = await tried(this.#database, (db) =>
      db.selectFrom('told_events').selectAll().where('id', '=', eventId).executeTakeFirst(),
    );
    return row && eventOf(row);
  }

  async page({
    accountId,
    object,
    event,
    limit,
    after,
  }: Parameters<ToldEventStore['page']>[0]): Promise<readonly KeptEvent[]> {
    const rows = await tried(this.#database, (db) => {
      let query = db.selectFrom('told_events').selectAll().where('account_id', '=', accountId);
      if (object !== undefined) query = query.where('object', '=', object);
      if (event !== undefined) query = query.where('event', '=', event);
      if (after !== undefined) {
        const { createdAtMs, id } = after;
        query = query.where(sql<boolean>`(created_at, id) < (${createdAtMs}, ${id})`);
      }
      return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map(eventOf);
  }

  async prune(beforeMs: number): Promise<number> {
    const { numDeletedRows } = await tried(this.#database, (db) =>
      db.deleteFrom('told_events').where('created_at', '<', beforeMs).executeTakeFirstOrThrow(),
    );
    return Number(numDeletedRows);
  }
}

/** What accounts say of their events, in SQLite or PostgreSQL. */
export class SqlEventKindStore implements EventKindStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async set(accountId: string, { object, event, description, example }: EventKind) {
    const said = { description, example: JSON.stringify(example) };
    const before = await this.list(accountId);
    await tried(this.#database, (db) =>
      db
        .insertInto('event_kinds')
        .values({ account_id: accountId, object, event, ...said })
        .onConflict((conflict) =>
          conflict.columns(['account_id', 'object', 'event']).doUpdateSet(said),
        )
        .execute(),
    );
    return before.some((kind) => kind.object === object && kind.event === event);
  }

  async list(accountId: string): Promise<readonly EventKind[]> {
    const rows = await tried(this.#database, (db) =>
      db
        .selectFrom('event_kinds')
        .selectAll()
        .where('account_id', '=', accountId)
        .orderBy('object')
        .orderBy('event')
        .execute(),
    );
    return rows.map(({ object, event, description, example }) => ({
      object,
      event,
      description,
      example: JSON.parse(example) as EventPayload, // written by `set`
    }));
  }

  async remove(accountId: string, { object, event }: EventName): Promise<boolean> {
    const { numDeletedRows } = await tried(this.#database, (db) =>
      db
        .deleteFrom('event_kinds')
        .where('account_id', '=', accountId)
        .where('object', '=', object)
        .where('event', '=', event)
        .executeTakeFirstOrThrow(),
    );
    return numDeletedRows > 0n;
  }
}

async function tried<Result>(
  { db, name }: SqlDatabase,
  work: (db: SqlDatabase['db']) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(db);
  } catch (error) {
    throw storeError(name, error);
  }
}

function eventOf(row: Selectable<ToldEventTable>): KeptEvent {
  return {
    id: row.id,
    accountId: row.account_id,
    object: row.object,
    event: row.event,
    // Both written by `keep`.
    payload: JSON.parse(row.payload) as EventPayload,
    deliveries: JSON.parse(row.deliveries) as readonly EventDelivery[],
    createdAtMs: row.created_at,
  };
}
