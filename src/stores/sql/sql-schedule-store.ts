import { sql, type Selectable } from 'kysely';
import type {
  NewSchedule,
  Schedule,
  ScheduledWork,
  ScheduleStore,
} from '../../engine/ports/schedule-store.ts';
import { storeError } from '../store-error.ts';
import type { ScheduleTable, TriggerTable } from './automation-schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';
import { triggerOf, triggerValues } from './trigger-rows.ts';

/** Schedules in SQLite or PostgreSQL. */
export class SqlScheduleStore implements ScheduleStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async create({ trigger, ...schedule }: NewSchedule): Promise<Schedule | undefined> {
    const { id, accountId } = schedule;
    await this.#try(() =>
      this.#database.db.transaction().execute(async (transaction) => {
        const named = await transaction
          .selectFrom('schedules')
          .select('id')
          .where('account_id', '=', accountId)
          .where('name', '=', schedule.name)
          .executeTakeFirst();
        if (named !== undefined) return;
        await transaction
          .insertInto('triggers')
          .values(triggerValues({ ...trigger, id, accountId }))
          .onConflict((conflict) => conflict.column('id').doNothing())
          .execute();
        await transaction
          .insertInto('schedules')
          .values({
            id,
            account_id: accountId,
            auth_account_id: schedule.authAccountId,
            name: schedule.name,
            work: JSON.stringify(schedule.work),
            arguments: JSON.stringify(schedule.arguments),
            created_at: nowMs(this.#database),
          })
          .execute();
      }),
    ).catch((error: unknown) => {
      // Another has taken the name, or made the same, at the same moment.
      if (!isDouble(error)) throw error;
    });
    return this.find(id);
  }

  async find(scheduleId: string): Promise<Schedule | undefined> {
    const row = await this.#try(() =>
      this.#schedules().where('s.id', '=', scheduleId).executeTakeFirst(),
    );
    return row === undefined ? undefined : scheduleOf(row);
  }

  async page({
    accountId,
    name,
    limit,
    after,
  }: Parameters<ScheduleStore['page']>[0]): Promise<readonly Schedule[]> {
    const rows = await this.#try(() => {
      let query = this.#schedules().where('s.account_id', '=', accountId);
      if (name !== undefined) query = query.where('s.name', '=', name);
      if (after !== undefined) {
        const { createdAtMs, id } = after;
        query = query.where(sql<boolean>`(s.created_at, s.id) < (${createdAtMs}, ${id})`);
      }
      return query.orderBy('s.created_at', 'desc').orderBy('s.id', 'desc').limit(limit).execute();
    });
    return rows.map(scheduleOf);
  }

  async update(
    scheduleId: string,
    { name, arguments: args }: Parameters<ScheduleStore['update']>[1],
  ): Promise<boolean> {
    try {
      await this.#try(() =>
        this.#database.db
          .updateTable('schedules')
          .set({
            ...(name === undefined ? {} : { name }),
            ...(args === undefined ? {} : { arguments: JSON.stringify(args) }),
            id: scheduleId,
          })
          .where('id', '=', scheduleId)
          .execute(),
      );
      return true;
    } catch (error) {
      if (isDouble(error)) return false;
      throw error;
    }
  }

  #schedules() {
    return this.#database.db
      .selectFrom('schedules as s')
      .innerJoin('triggers', 'triggers.id', 's.id')
      .selectAll('triggers')
      .select(['s.auth_account_id', 's.name', 's.work', 's.arguments', 's.created_at']);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function scheduleOf(
  row: Selectable<TriggerTable> &
    Pick<ScheduleTable, 'auth_account_id' | 'name' | 'work' | 'arguments' | 'created_at'>,
): Schedule {
  return {
    id: row.id,
    accountId: row.account_id,
    authAccountId: row.auth_account_id,
    name: row.name,
    // Both written by `create` and `update`.
    work: JSON.parse(row.work) as ScheduledWork,
    arguments: JSON.parse(row.arguments) as Schedule['arguments'],
    createdAtMs: row.created_at,
    trigger: triggerOf(row),
  };
}

/** Whether a unique key has refused a row. */
function isDouble(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? String(cause.code) : '';
    if (code === '23505' || code.startsWith('SQLITE_CONSTRAINT_')) return true;
  }
  return false;
}
