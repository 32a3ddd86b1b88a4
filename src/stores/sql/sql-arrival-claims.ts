import { sql, type Selectable } from 'kysely';
import type {
  ArrivalClaim,
  ArrivalClaims,
  StrayClaim,
  UntoldClaim,
} from '../../engine/ports/arrival-claims.ts';
import type { NewFiring } from '../../engine/ports/firing-store.ts';
import { storeError } from '../store-error.ts';
import type { ArrivalClaimTable } from './automation-schema.ts';
import { addFirings } from './firing-rows.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';
import { definitionOf } from './trigger-rows.ts';

/** Claims of files in SQLite or PostgreSQL. */
export class SqlArrivalClaims implements ArrivalClaims {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async add(
    claimId: string,
    { id, revision }: Parameters<ArrivalClaims['add']>[1],
    { isTold = false, place }: Parameters<ArrivalClaims['add']>[2] = {},
  ): Promise<boolean> {
    const { numInsertedOrUpdatedRows = 0n } = await this.#try(() =>
      this.#database.db
        .insertInto('arrival_claims')
        .columns(['id', 'trigger_id', 'account_id', 'definition', 'place', 'is_told', 'created_at'])
        .expression((from) =>
          from
            .selectFrom('triggers')
            .select([
              sql<string>`cast(${claimId} as text)`.as('claim_id'),
              'id',
              'account_id',
              'definition',
              sql<string | null>`cast(${place ?? null} as text)`.as('claim_place'),
              sql<number>`${sql.lit(isTold ? 1 : 0)}`.as('is_told'),
              nowMs(this.#database).as('created_at'),
            ])
            .where('id', '=', id)
            .where('revision', '=', revision),
        )
        .executeTakeFirstOrThrow(),
    );
    return numInsertedOrUpdatedRows > 0n;
  }

  async fire(
    firing: NewFiring,
    { id, revision }: Parameters<ArrivalClaims['fire']>[1],
  ): ReturnType<ArrivalClaims['fire']> {
    return this.#try(() =>
      this.#database.db.transaction().execute(async (transaction) => {
        // Who changes the trigger waits for this, or has done it before.
        const { numUpdatedRows } = await transaction
          .updateTable('triggers')
          .set({ revision })
          .where('id', '=', id)
          .where('revision', '=', revision)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) return 'refused';
        const added = await addFirings(transaction, [firing], nowMs(this.#database));
        return added === 0 ? 'known' : 'kept';
      }),
    );
  }

  async get(claimId: string): Promise<ArrivalClaim | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('arrival_claims')
        .selectAll()
        .where('id', '=', claimId)
        .executeTakeFirst(),
    );
    return row && claimOf(row);
  }

  async remove(claimId: string): Promise<void> {
    await this.#try(() =>
      this.#database.db.deleteFrom('arrival_claims').where('id', '=', claimId).execute(),
    );
  }

  async note(claimId: string, what: 'told' | 'away'): Promise<void> {
    await this.#try(() =>
      this.#database.db.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('arrival_claims')
          .set(what === 'told' ? { is_told: 1 } : { is_away: 1 })
          .where('id', '=', claimId)
          .execute();
        await transaction
          .deleteFrom('arrival_claims')
          .where('id', '=', claimId)
          .where('is_told', '=', 1)
          .where('is_away', '=', 1)
          .execute();
      }),
    );
  }

  async lying(triggerId: string, place?: string): Promise<readonly string[]> {
    const rows = await this.#try(() => {
      let query = this.#database.db
        .selectFrom('arrival_claims as c')
        .innerJoin('firings', 'firings.id', 'c.id')
        .select('c.id')
        .where('c.trigger_id', '=', triggerId)
        .where('c.is_away', '=', 0);
      if (place !== undefined) query = query.where(isSeenFrom(place));
      return query.orderBy('c.created_at').orderBy('c.id').execute();
    });
    return rows.map(({ id }) => id);
  }

  async leave(triggerId: string): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .deleteFrom('arrival_claims')
        .where('trigger_id', '=', triggerId)
        .where(sql<boolean>`exists (select 1 from firings f where f.id = arrival_claims.id)`)
        .execute(),
    );
  }

  async untold(
    limit: number,
    forMs: number,
    after?: Parameters<ArrivalClaims['untold']>[2],
  ): Promise<readonly UntoldClaim[]> {
    const since = sql<number>`${nowMs(this.#database)} - ${sql.lit(forMs)}`;
    const rows = await this.#try(() => {
      let query = this.#database.db
        .selectFrom('arrival_claims as c')
        .innerJoin('firings', 'firings.id', 'c.id')
        .selectAll('c')
        .where('c.is_told', '=', 0)
        .where('firings.created_at', '<=', since);
      if (after !== undefined) query = query.where(isBehind(after));
      return query.orderBy('c.created_at').orderBy('c.id').limit(limit).execute();
    });
    return rows.map((row) => Object.assign(claimOf(row), { createdAtMs: row.created_at }));
  }

  async strays({
    limit,
    forMs,
    place,
    after,
  }: Parameters<ArrivalClaims['strays']>[0]): Promise<readonly StrayClaim[]> {
    const age = sql<number>`${nowMs(this.#database)} - c.created_at`;
    const rows = await this.#try(() => {
      let query = this.#database.db
        .selectFrom('arrival_claims as c')
        .leftJoin('triggers as t', 't.id', 'c.trigger_id')
        .selectAll('c')
        .select(age.as('age'))
        .where(age, '>=', forMs)
        .where(sql<boolean>`not exists (select 1 from firings f where f.id = c.id)`)
        .where(sql<boolean>`(t.id is null or t.definition <> c.definition)`)
        .where(isSeenFrom(place));
      if (after !== undefined) query = query.where(isBehind(after));
      return query.orderBy('c.created_at').orderBy('c.id').limit(limit).execute();
    });
    return rows.map((row) => ({
      id: row.id,
      ageMs: row.age,
      createdAtMs: row.created_at,
      trigger: {
        id: row.trigger_id,
        accountId: row.account_id,
        definition: definitionOf(row),
      },
    }));
  }

  async prune(beforeMs: number): Promise<number> {
    const { numDeletedRows } = await this.#try(() =>
      this.#database.db
        .deleteFrom('arrival_claims')
        .where('created_at', '<', beforeMs)
        .where(sql<boolean>`not exists (select 1 from firings f where f.id = arrival_claims.id)`)
        .executeTakeFirstOrThrow(),
    );
    return Number(numDeletedRows);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function isBehind({ createdAtMs, id }: Pick<UntoldClaim, 'createdAtMs' | 'id'>) {
  return sql<boolean>`(c.created_at, c.id) > (${createdAtMs}, ${id})`;
}

function isSeenFrom(place: string) {
  return sql<boolean>`(c.place is null or c.place = ${place})`;
}

function claimOf({ id, trigger_id, is_told }: Selectable<ArrivalClaimTable>): ArrivalClaim {
  return { id, triggerId: trigger_id, isTold: is_told === 1 };
}
