import { sql } from 'kysely';
import type {
  BegunRequest,
  IdempotencyStore,
  RepeatableRequest,
} from '../../engine/ports/idempotency-store.ts';
import { storeError } from '../store-error.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

const KEPT_MS = 24 * 60 * 60 * 1_000;
/** A server that has not renewed its claim on a request for so long has gone. */
const LEASE_MS = 15_000;

/** Requests with keys in SQLite or PostgreSQL. */
export class SqlIdempotencyStore implements IdempotencyStore {
  readonly #database: SqlDatabase;
  readonly #holder: string;
  /** Claims that are renewed while their request is carried out. */
  readonly #claims = new Map<string, NodeJS.Timeout>();

  constructor(database: SqlDatabase, { holder }: { readonly holder: string }) {
    this.#database = database;
    this.#holder = holder;
  }

  /** What an earlier process of this server had begun may be taken up at once. */
  async releaseAll(): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .updateTable('idempotent_requests')
        .set({ lease_until: 0 })
        .where('holder', '=', this.#holder)
        .where('answer', 'is', null)
        .execute(),
    );
  }

  async begin(
    request: RepeatableRequest,
    { head, nonce }: { readonly head: string; readonly nonce: string },
  ): Promise<BegunRequest> {
    const { db } = this.#database;
    const now = nowMs(this.#database);
    const lease = sql<number>`${now} + ${sql.lit(LEASE_MS)}`;
    return this.#try(async () => {
      // A key whose day is over is a new one, also before it is forgotten.
      await this.#outdated()
        .where('account_id', '=', request.accountId)
        .where('key_hash', '=', request.keyHash)
        .execute();
      const claimed = await db
        .insertInto('idempotent_requests')
        .values({
          account_id: request.accountId,
          key_hash: request.keyHash,
          head,
          nonce,
          created_at: now,
          holder: this.#holder,
          lease_until: lease,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['account_id', 'key_hash'])
            .doUpdateSet({ holder: this.#holder, lease_until: lease })
            .where('idempotent_requests.answer', 'is', null)
            .where('idempotent_requests.head', '=', head)
            .where('idempotent_requests.lease_until', '<', now),
        )
        .returning(['nonce'])
        .executeTakeFirst();
      if (claimed !== undefined) {
        this.#keepClaim(request);
        return { kind: 'begun', nonce: claimed.nonce, isTakenUp: claimed.nonce !== nonce };
      }
      const stored = await db
        .selectFrom('idempotent_requests')
        .select(['head', 'nonce', 'body_hash', 'answer'])
        .where('account_id', '=', request.accountId)
        .where('key_hash', '=', request.keyHash)
        .executeTakeFirst();
      // Abandoned just now: who asks again begins it.
      if (stored === undefined || stored.answer === null) return { kind: 'in_flight' };
      const { answer, body_hash: bodyHash } = stored;
      return {
        kind: 'answered',
        head: stored.head,
        nonce: stored.nonce,
        bodyHash: bodyHash ?? '',
        answer,
      };
    });
  }

  async prune(): Promise<number> {
    const { numDeletedRows } = await this.#try(() => this.#outdated().executeTakeFirstOrThrow());
    return Number(numDeletedRows);
  }

  async complete(
    request: RepeatableRequest,
    { bodyHash, answer }: { readonly bodyHash: string; readonly answer: string },
  ): Promise<void> {
    try {
      await this.#try(() =>
        this.#database.db
          .updateTable('idempotent_requests')
          .set({ body_hash: bodyHash, answer, lease_until: 0 })
          .where('account_id', '=', request.accountId)
          .where('key_hash', '=', request.keyHash)
          .execute(),
      );
    } finally {
      this.#letGo(request);
    }
  }

  async release(request: RepeatableRequest): Promise<void> {
    try {
      await this.#try(() =>
        this.#database.db
          .updateTable('idempotent_requests')
          .set({ lease_until: 0 })
          .where('account_id', '=', request.accountId)
          .where('key_hash', '=', request.keyHash)
          .execute(),
      );
    } finally {
      this.#letGo(request);
    }
  }

  async abandon(request: RepeatableRequest): Promise<void> {
    try {
      await this.#try(() =>
        this.#database.db
          .deleteFrom('idempotent_requests')
          .where('account_id', '=', request.accountId)
          .where('key_hash', '=', request.keyHash)
          .where('answer', 'is', null)
          .execute(),
      );
    } finally {
      this.#letGo(request);
    }
  }

  /** Lets the claims end by themselves. */
  close(): void {
    for (const timer of this.#claims.values()) clearInterval(timer);
    this.#claims.clear();
  }

  #keepClaim(request: RepeatableRequest): void {
    this.#letGo(request);
    const timer = setInterval(() => void this.#renew(request), LEASE_MS / 3);
    timer.unref();
    this.#claims.set(nameOf(request), timer);
  }

  #letGo(request: RepeatableRequest): void {
    clearInterval(this.#claims.get(nameOf(request)));
    this.#claims.delete(nameOf(request));
  }

  async #renew({ accountId, keyHash }: RepeatableRequest): Promise<void> {
    await this.#database.db
      .updateTable('idempotent_requests')
      .set({ lease_until: sql<number>`${nowMs(this.#database)} + ${sql.lit(LEASE_MS)}` })
      .where('account_id', '=', accountId)
      .where('key_hash', '=', keyHash)
      .where('holder', '=', this.#holder)
      .execute()
      // The next renewal may reach the store again.
      .catch(() => undefined);
  }

  #outdated() {
    return this.#database.db
      .deleteFrom('idempotent_requests')
      .where('created_at', '<', sql<number>`${nowMs(this.#database)} - ${sql.lit(KEPT_MS)}`);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}

function nameOf({ accountId, keyHash }: RepeatableRequest): string {
  return `${accountId} ${keyHash}`;
}
