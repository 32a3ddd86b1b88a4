import { sql, type Selectable } from 'kysely';
import type {
  DeliveryOutcome,
  DueDelivery,
  NewWebhook,
  Webhook,
  WebhookDelivery,
  WebhookStore,
} from '../../engine/ports/webhook-store.ts';
import type { SecretBox } from '../../engine/ports/secret-box.ts';
import type { WebhookDeliveryTable } from './schema.ts';
import { storeError } from '../store-error.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';
import { aboutWebhook, deliveryOf, secretsOf, webhookOf } from './webhook-rows.ts';

/** A secret that was replaced signs for so long still. */
const OLD_SECRET_MS = 24 * 60 * 60 * 1_000;
/** Longer than any attempt takes. Who dies with a claim has it taken over after that. */
const CLAIM_MS = 60_000;
/** What is shown of the attempts of one delivery. */
const ATTEMPTS_KEPT = 20;

interface Page {
  readonly limit: number;
  readonly after?: { readonly createdAtMs: number; readonly id: string } | undefined;
}

/** Webhooks in SQLite or PostgreSQL, their secrets sealed. */
export class SqlWebhookStore implements WebhookStore {
  readonly #database: SqlDatabase;
  readonly #box: SecretBox;

  constructor(database: SqlDatabase, box: SecretBox) {
    this.#database = database;
    this.#box = box;
  }

  async create({
    events,
    accountId,
    runId,
    description,
    secret,
    ...webhook
  }: NewWebhook): Promise<Webhook> {
    return this.#try(async () => {
      const { db } = this.#database;
      await db
        .insertInto('webhooks')
        .values({
          ...webhook,
          account_id: accountId,
          run_id: runId ?? null,
          events: JSON.stringify(events),
          description: description ?? null,
          secret: this.#box.seal(secret, aboutWebhook(webhook.id)),
          created_at: nowMs(this.#database),
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
      const row = await db
        .selectFrom('webhooks')
        .selectAll()
        .where('id', '=', webhook.id)
        .executeTakeFirstOrThrow();
      return webhookOf(row);
    });
  }

  async get(accountId: string, webhookId: string): Promise<Webhook | undefined> {
    const row = await this.#try(() =>
      this.#database.db
        .selectFrom('webhooks')
        .selectAll()
        .where('id', '=', webhookId)
        .where('account_id', '=', accountId)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : webhookOf(row);
  }

  async page(
    accountId: string,
    { limit, after, runId }: Page & { readonly runId?: string | undefined },
  ): Promise<readonly Webhook[]> {
    const rows = await this.#try(() => {
      let query = this.#database.db
        .selectFrom('webhooks')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('run_id', runId === undefined ? 'is' : '=', runId ?? null);
      if (after !== undefined) {
        query = query.where(sql<boolean>`(created_at, id) < (${after.createdAtMs}, ${after.id})`);
      }
      return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map(webhookOf);
  }

  async update(webhookId: string, change: Parameters<WebhookStore['update']>[1]): Promise<void> {
    const { url, events, isEnabled } = change;
    await this.#try(() =>
      this.#database.db
        .updateTable('webhooks')
        .set({
          ...(url === undefined ? {} : { url }),
          ...(events === undefined ? {} : { events: JSON.stringify(events) }),
          ...('description' in change ? { description: change.description ?? null } : {}),
          ...(isEnabled === undefined
            ? {}
            : {
                is_enabled: isEnabled ? 1 : 0,
                disabled_reason: change.disabledReason ?? null,
                ...(isEnabled ? { failures: 0 } : {}),
              }),
          id: webhookId,
        })
        .where('id', '=', webhookId)
        .execute(),
    );
  }

  async rotate(webhookId: string, secret: string): Promise<void> {
    const sealed = this.#box.seal(secret, aboutWebhook(webhookId));
    const until = sql<number>`${nowMs(this.#database)} + ${sql.lit(OLD_SECRET_MS)}`;
    await this.#try(() =>
      this.#database.db
        .updateTable('webhooks')
        .set({ old_secret: sql<string>`secret`, old_secret_until: until, secret: sealed })
        .where('id', '=', webhookId)
        .execute(),
    );
  }

  async delete(webhookId: string): Promise<void> {
    await this.#try(() =>
      this.#database.db.deleteFrom('webhooks').where('id', '=', webhookId).execute(),
    );
  }

  async addDelivery({
    id,
    webhookId,
    type,
    payload,
  }: Pick<WebhookDelivery, 'id' | 'webhookId' | 'type' | 'payload'>): Promise<void> {
    const now = nowMs(this.#database);
    await this.#try(() =>
      this.#database.db
        .insertInto('webhook_deliveries')
        .values({
          id,
          webhook_id: webhookId,
          type,
          payload,
          status: 'pending',
          created_at: now,
          due_at: now,
        })
        .execute(),
    );
  }

  async getDelivery(webhookId: string, deliveryId: string): Promise<WebhookDelivery | undefined> {
    const row = await this.#try(() =>
      this.#deliveries(webhookId).where('id', '=', deliveryId).executeTakeFirst(),
    );
    return row === undefined ? undefined : deliveryOf(row);
  }

  async deliveries(webhookId: string, { limit, after }: Page): Promise<readonly WebhookDelivery[]> {
    const rows = await this.#try(() => {
      let query = this.#deliveries(webhookId);
      if (after !== undefined) {
        query = query.where(sql<boolean>`(created_at, id) < (${after.createdAtMs}, ${after.id})`);
      }
      return query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    });
    return rows.map(deliveryOf);
  }

  async resend(deliveryId: string): Promise<void> {
    await this.#try(() =>
      this.#database.db
        .updateTable('webhook_deliveries')
        .set({ status: 'pending', due_at: nowMs(this.#database) })
        .where('id', '=', deliveryId)
        .execute(),
    );
  }

  async claimDue(limit: number): Promise<readonly DueDelivery[]> {
    const { db } = this.#database;
    const now = nowMs(this.#database);
    return this.#try(async () => {
      const due = await db
        .selectFrom('webhook_deliveries')
        .innerJoin('webhooks', 'webhooks.id', 'webhook_deliveries.webhook_id')
        .select(['webhook_deliveries.id', 'webhook_deliveries.due_at'])
        .where('webhook_deliveries.due_at', '<=', now)
        .where('webhooks.is_enabled', '=', 1)
        .orderBy('webhook_deliveries.due_at')
        .limit(limit)
        .execute();
      const claimed: DueDelivery[] = [];
      for (const { id, due_at } of due) {
        const row = await db
          .updateTable('webhook_deliveries')
          .set({ due_at: sql<number>`${now} + ${sql.lit(CLAIM_MS)}` })
          .where('id', '=', id)
          // Another server was faster.
          .where('due_at', '=', due_at)
          .returningAll()
          .executeTakeFirst();
        if (row !== undefined) claimed.push(await this.#dueOf(row));
      }
      return claimed;
    });
  }

  async settle(
    { id, webhookId, attempts }: WebhookDelivery,
    { attempt, status, retryAfterMs }: DeliveryOutcome,
  ): Promise<number> {
    const isWell = status === 'delivered';
    const due =
      retryAfterMs === undefined
        ? null
        : sql<number>`${nowMs(this.#database)} + ${sql.lit(retryAfterMs)}`;
    return this.#try(() =>
      this.#database.db.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('webhook_deliveries')
          .set({
            status,
            due_at: due,
            attempts: JSON.stringify([...attempts, attempt].slice(-ATTEMPTS_KEPT)),
          })
          .where('id', '=', id)
          .execute();
        const row = await transaction
          .updateTable('webhooks')
          .set({ failures: isWell ? 0 : sql<number>`failures + 1` })
          .where('id', '=', webhookId)
          .returning('failures')
          .executeTakeFirst();
        return row?.failures ?? 0;
      }),
    );
  }

  async prune(olderThanMs: number): Promise<number> {
    const before = sql<number>`${nowMs(this.#database)} - ${sql.lit(olderThanMs)}`;
    const { numDeletedRows } = await this.#try(() =>
      this.#database.db
        .deleteFrom('webhook_deliveries')
        .where('created_at', '<', before)
        .executeTakeFirstOrThrow(),
    );
    return Number(numDeletedRows);
  }

  async #dueOf(row: Selectable<WebhookDeliveryTable>): Promise<DueDelivery> {
    const webhook = await this.#database.db
      .selectFrom('webhooks')
      .selectAll()
      .select(nowMs(this.#database).as('now'))
      .where('id', '=', row.webhook_id)
      .executeTakeFirstOrThrow();
    return {
      ...deliveryOf(row),
      webhook: webhookOf(webhook),
      secrets: secretsOf(webhook, this.#box),
    };
  }

  #deliveries(webhookId: string) {
    return this.#database.db
      .selectFrom('webhook_deliveries')
      .selectAll()
      .where('webhook_id', '=', webhookId);
  }

  async #try<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw storeError(this.#database.name, error);
    }
  }
}
