import { sql, type Selectable } from 'kysely';
import type { ArrivalClaim, ArrivalClaims } from '../../engine/ports/arrival-claims.ts';
import { storeError } from '../store-error.ts';
import type { ArrivalClaimTable } from './automation-schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** Claims of files in SQLite or PostgreSQL. */
export class SqlArrivalClaims implements ArrivalClaims {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async add(
    claimId: string,
    { id, revision }: Parameters<ArrivalClaims['add']>[1],
    { isTold }: { readonly isTold: boolean } = { isTold: false },
  ): Promise<boolean> {
    const { numInsertedOrUpdatedRows = 0n } = await this.#try(() =>
      this.#database.db
        .insertInto('arrival_claims')
        .columns(['id', 'trigger_id', 'is_told', 'created_at'])
        .expression((from) =>
          from
            .selectFrom('triggers')
            .select([
              sql<string>`cast(${claimId} as text)`.as('claim_id'),
              'id',
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

  async untold(limit: number, forMs: number): Promise<readonly ArrivalClaim[]> {
    const since = sql<number>`${nowMs(this.#database)} - ${sql.lit(forMs)}`;
    const rows = await this.#try(() =>
      this.#database.db
        .selectFrom('arrival_claims')
        .innerJoin('firings', 'firings.id', 'arrival_claims.id')
        .selectAll('arrival_claims')
        .where('arrival_claims.is_told', '=', 0)
        .where('firings.created_at', '<=', since)
        .orderBy('firings.created_at')
        .orderBy('firings.id')
        .limit(limit)
        .execute(),
    );
    return rows.map(claimOf);
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

function claimOf({ id, trigger_id, is_told }: Selectable<ArrivalClaimTable>): ArrivalClaim {
  return { id, triggerId: trigger_id, isTold: is_told === 1 };
}
