import type { Selectable, Transaction } from 'kysely';
import type { RunEvent } from '../../engine/ports/run-events.ts';
import type { SecretBox } from '../../engine/ports/secret-box.ts';
import {
  WEBHOOK_EVENTS,
  type Webhook,
  type WebhookAttempt,
  type WebhookDelivery,
  type WebhookSecrets,
} from '../../engine/ports/webhook-store.ts';
import type { StoreSchema, WebhookDeliveryTable, WebhookTable } from './schema.ts';

export function webhookOf(row: Selectable<WebhookTable>): Webhook {
  return {
    id: row.id,
    accountId: row.account_id,
    runId: row.run_id ?? undefined,
    url: row.url,
    events: eventsOf(row),
    description: row.description ?? undefined,
    isEnabled: row.is_enabled === 1,
    disabledReason: row.disabled_reason ?? undefined,
    failures: row.failures,
    createdAtMs: row.created_at,
  };
}

/** What the secrets of a webhook are sealed for. */
export function aboutWebhook(webhookId: string): string {
  return `webhook ${webhookId}`;
}

export function secretsOf(
  row: Selectable<WebhookTable> & { readonly now: number },
  box: SecretBox,
): WebhookSecrets {
  const about = aboutWebhook(row.id);
  const secret = box.open(row.secret, about);
  const isOldGood = row.old_secret !== null && (row.old_secret_until ?? 0) > row.now;
  return isOldGood && row.old_secret !== null
    ? [secret, box.open(row.old_secret, about)]
    : [secret];
}

export function deliveryOf(row: Selectable<WebhookDeliveryTable>): WebhookDelivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    runId: row.run_id ?? undefined,
    type: row.type,
    payload: row.payload,
    // Both written by the store of webhooks.
    status: row.status as WebhookDelivery['status'],
    attempts: JSON.parse(row.attempts) as WebhookAttempt[],
    createdAtMs: row.created_at,
    dueAtMs: row.due_at ?? undefined,
  };
}

/** Whether a webhook can be told an event of this type. */
export function isToldToWebhooks(type: RunEvent['type']): boolean {
  return WEBHOOK_EVENTS.some((known) => known === `run.${type}`);
}

/**
 * One delivery for each webhook that wants to be told of an event, in the transaction that keeps the
 * event: neither is there without the other.
 */
export async function addDeliveries(
  transaction: Transaction<StoreSchema>,
  { runId, number, type, atMs, data }: RunEvent,
): Promise<void> {
  const event = `run.${type}`;
  const run = await transaction
    .selectFrom('runs')
    .select(['account_id', 'task', 'record'])
    .where('id', '=', runId)
    .executeTakeFirst();
  if (run === undefined) return;
  const candidates = await transaction
    .selectFrom('webhooks')
    .selectAll()
    .where('account_id', '=', run.account_id)
    .where((where) => where.or([where('run_id', 'is', null), where('run_id', '=', runId)]))
    .where('is_enabled', '=', 1)
    .execute();
  const wanted = candidates.filter((row) => eventsOf(row).some((known) => known === event));
  if (wanted.length === 0) return;
  // Written by `create` of the store of runs.
  const { fileName } = JSON.parse(run.record) as { readonly fileName?: string };
  const payload = JSON.stringify({
    type: event,
    timestamp: new Date(atMs).toISOString(),
    data: { run_id: runId, task: run.task, file_name: fileName ?? null, event: number, ...data },
  });
  await transaction
    .insertInto('webhook_deliveries')
    .values(
      wanted.map(({ id }) => ({
        id: `msg_${runId.replace(/^run_/, '')}_${number}_${id.replace(/^whk_/, '')}`,
        webhook_id: id,
        run_id: runId,
        type: event,
        payload,
        status: 'pending',
        created_at: atMs,
        due_at: atMs,
      })),
    )
    .execute();
}

function eventsOf({ events }: Selectable<WebhookTable>): Webhook['events'] {
  return JSON.parse(events) as Webhook['events']; // written by `create` and `update`
}
