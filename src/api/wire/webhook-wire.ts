import { z } from 'zod';
import {
  WEBHOOK_EVENTS,
  type Webhook,
  type WebhookDelivery,
} from '../../engine/ports/webhook-store.ts';

export const WebhookUrl = z
  .url({ protocol: /^https?$/, hostname: /./ })
  .max(2_000)
  .refine((url) => !/^\w+:\/\/[^/]*@/.test(url), 'must not hold a user name or password')
  .meta({ description: 'Where messages are sent', example: 'https://example.com/hooks/rowmill' });
export const WebhookEvents = z
  .array(z.enum(WEBHOOK_EVENTS))
  .min(1)
  .meta({ description: 'What it is told', example: ['run.ended'] });
/** As Standard Webhooks writes one: 24 to 64 bytes. */
const WebhookSecret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, 'must be whsec_ and 24 to 64 bytes in base64')
  .meta({ description: 'Signs the messages', example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' });

/** Who is told of one run. */
export const RunWebhook = z
  .strictObject({
    url: WebhookUrl,
    events: WebhookEvents.default(['run.ended']),
    secret: WebhookSecret.meta({ description: 'One of your own: it signs the messages' }),
  })
  .meta({ id: 'RunWebhook', description: 'Called when this run begins, pauses or ends' });

const Time = z.iso.datetime();

export const WebhookWire = z
  .object({
    id: z.string(),
    run_id: z.string().nullable().meta({ description: 'Of one run only' }),
    url: z.string(),
    events: WebhookEvents,
    description: z.string().nullable(),
    is_enabled: z.boolean(),
    disabled_reason: z
      .string()
      .nullable()
      .meta({ description: 'Why the server has disabled it by itself' }),
    failures: z.int().meta({ description: 'Attempts that failed since the last that did not' }),
    created_at: Time,
  })
  .meta({
    id: 'Webhook',
    example: {
      id: 'whk_7kq2m4xw9abc',
      run_id: null,
      url: 'https://example.com/hooks/rowmill',
      events: ['run.ended'],
      description: null,
      is_enabled: true,
      disabled_reason: null,
      failures: 0,
      created_at: '2026-05-04T08:30:00.000Z',
    },
  });

export const WebhookWithSecret = WebhookWire.extend({ secret: WebhookSecret }).meta({
  id: 'WebhookWithSecret',
});

export const Delivery = z
  .object({
    id: z
      .string()
      .meta({ description: 'The `webhook-id` of the message, the same at every attempt' }),
    webhook_id: z.string(),
    run_id: z.string().nullable(),
    type: z.string(),
    payload: z.record(z.string(), z.unknown()),
    status: z.enum(['pending', 'delivered', 'failed']),
    created_at: Time,
    next_attempt_at: Time.nullable(),
    attempts: z.array(
      z.object({
        at: Time,
        duration_ms: z.int(),
        status: z.int().nullable(),
        body: z.string().nullable().meta({ description: 'How the answer begins' }),
        error: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'WebhookDelivery' });

export function webhookWire(webhook: Webhook): z.input<typeof WebhookWire> {
  return {
    id: webhook.id,
    run_id: webhook.runId ?? null,
    url: webhook.url,
    events: [...webhook.events],
    description: webhook.description ?? null,
    is_enabled: webhook.isEnabled,
    disabled_reason: webhook.disabledReason ?? null,
    failures: webhook.failures,
    created_at: time(webhook.createdAtMs),
  };
}

export function deliveryWire(delivery: WebhookDelivery): z.input<typeof Delivery> {
  const { dueAtMs, payload } = delivery;
  return {
    id: delivery.id,
    webhook_id: delivery.webhookId,
    run_id: delivery.runId ?? null,
    type: delivery.type,
    payload: JSON.parse(payload) as Record<string, unknown>, // an object of ours
    status: delivery.status,
    created_at: time(delivery.createdAtMs),
    next_attempt_at: dueAtMs === undefined ? null : time(dueAtMs),
    attempts: delivery.attempts.map(({ atMs, durationMs, status, body, error }) => ({
      at: time(atMs),
      duration_ms: durationMs,
      status: status ?? null,
      body: body ?? null,
      error: error ?? null,
    })),
  };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
