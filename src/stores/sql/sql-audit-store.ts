import { sql, type Selectable } from 'kysely';
import { auditWords, type AuditEntry, type AuditStore } from '../../engine/ports/audit-store.ts';
import { storeError } from '../store-error.ts';
import type { AuditTable } from './schema.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** The audit in SQLite or PostgreSQL. */
export class SqlAuditStore implements AuditStore {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async append(entry: Parameters<AuditStore['append']>[0]): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .insertInto('audit')
        .values({ ...auditWords(entry), created_at: nowMs(this.#database) })
        .execute(),
    );
  }

  async page(
    filter: Parameters<AuditStore['page']>[0],
    { limit, after }: Parameters<AuditStore['page']>[1],
  ): Promise<readonly AuditEntry[]> {
    const { accountId, keyId, action, subject, runId, outcome, sinceMs, untilMs } = filter;
    const rows = await this.#try(() => {
      let query = this.#database.db
        .selectFrom('audit')
        .selectAll()
        .where('account_id', '=', accountId);
      if (keyId !== undefined) query = query.where('key_id', '=', keyId);
      if (action !== undefined) query = query.where('action', '=', action);
      if (subject !== undefined) query = query.where('subject', '=', subject);
      if (runId !== undefined) query = query.where('run_id', '=', runId);
      if (outcome !== undefined) query = query.where('outcome', '=', outcome);
      if (sinceMs !== undefined) query = query.where('created_at', '>=', sinceMs);
      if (untilMs !== undefined) query = query.where('created_at', '<', untilMs);
      if (after !== undefined) {
        query = query.where(sql<boolean>`(created_at, id) < (${after.createdAtMs}, ${after.id})`);
      }
      return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map(entryOf);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function entryOf(row: Selectable<AuditTable>): AuditEntry {
  return {
    id: row.id,
    createdAtMs: row.created_at,
    accountId: row.account_id,
    authAccountId: row.auth_account_id,
    keyId: row.key_id ?? undefined,
    requestId: row.request_id ?? undefined,
    runId: row.run_id ?? undefined,
    runAs: row.run_as ?? undefined,
    address: row.address ?? undefined,
    action: row.action,
    subject: row.subject ?? undefined,
    // Written by `append`.
    outcome: row.outcome as AuditEntry['outcome'],
    code: row.code ?? undefined,
  };
}
