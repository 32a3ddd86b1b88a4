import { z } from 'zod';
import {
  AlertCondition,
  AlertScope,
  QuietHours,
  type AlertRule,
} from '../../engine/automation/alerts/alert-rule.ts';
import type { AlertDelivery, AlertIncident } from '../../engine/ports/alert-store.ts';
import { JobName } from './job-definition-wire.ts';

const Time = z.iso.datetime();
const AlertId = z.string().meta({ description: 'Id of an alert', example: 'alr_7kq2m4xw9abc' });
export const OneAlert = z.object({ alert_id: AlertId });
const MOST_CHANNELS = 20;
const LONGEST_QUIET_S = 7 * 24 * 60 * 60;

const FIELDS = {
  name: JobName,
  condition: AlertCondition,
  webhooks: z
    .array(z.string().max(100))
    .max(MOST_CHANNELS)
    .meta({
      description: 'Ids of webhooks that are told, signed and sent again as all their messages are',
      example: ['whk_7kq2m4xw9abc'],
    }),
  emails: z
    .array(z.email().max(254))
    .max(MOST_CHANNELS)
    .meta({ description: 'Addresses that are told', example: ['ops@example.com'] }),
  recovery: z.boolean().meta({ description: 'It is told when it is over, too' }),
  quiet: z.int().min(0).max(LONGEST_QUIET_S).meta({
    description:
      'Seconds behind an alert in which the next of the same thing is not told, unless it lasts longer',
  }),
  quiet_hours: QuietHours.nullable(),
  paused: z.boolean(),
};
const DEFAULT_QUIET_S = 300;

/** What a new alert is made of. */
export const NewAlert = z
  .strictObject({
    name: FIELDS.name,
    scope: AlertScope.default({ kind: 'account' }),
    condition: FIELDS.condition,
    webhooks: FIELDS.webhooks.default([]),
    emails: FIELDS.emails.default([]),
    recovery: FIELDS.recovery.default(true),
    quiet: FIELDS.quiet.default(DEFAULT_QUIET_S),
    quiet_hours: FIELDS.quiet_hours.default(null),
    paused: FIELDS.paused.default(false),
  })
  .meta({ id: 'NewAlert' });

/** What is changed of an alert; what is not named stays. */
export const AlertPatch = z.strictObject(FIELDS).partial().meta({ id: 'AlertPatch' });

/** An alert, as every answer shows it. */
export const AlertBody = z
  .object({ id: AlertId, account_id: z.string(), scope: AlertScope, ...FIELDS, created_at: Time })
  .meta({ id: 'Alert' });

export const IncidentBody = z
  .object({
    id: z.string(),
    alert_id: AlertId,
    about: z.string().meta({ description: 'What it is about', example: 'job:job_7kq2m4xw9abc' }),
    opened_at: Time,
    resolved_at: Time.nullable().meta({ description: 'Null while it lasts' }),
    run_id: z.string().nullable(),
    summary: z.string(),
    text: z.string(),
    is_muted: z.boolean().meta({
      description: 'Nobody was told: it came within `quiet` seconds of the one before',
    }),
  })
  .meta({ id: 'AlertIncident' });

export const AlertDeliveryBody = z
  .object({
    id: z.string(),
    type: z.string().meta({ example: 'alert.opened' }),
    alert_id: z.string().nullable(),
    alert: z.string().nullable().meta({ description: 'Its name' }),
    summary: z.string().nullable(),
    run_id: z.string().nullable(),
    channel: z.string().meta({ description: 'Id of the webhook; see its deliveries' }),
    to: z
      .string()
      .meta({ description: 'The address of the webhook, or `mailto:` and one of a person' }),
    status: z.enum(['pending', 'delivered', 'failed']),
    created_at: Time,
    held_until: Time.nullable().meta({ description: 'The end of the quiet hours it waits for' }),
    next_attempt_at: Time.nullable(),
    attempts: z.int(),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'AlertDelivery' });

/** `urls`: where each of its channels sends to. */
export function alertWire(rule: AlertRule, urls: ReadonlyMap<string, string>) {
  const emails = rule.channels.flatMap((id) => emailOf(urls.get(id)) ?? []);
  const webhooks = rule.channels.filter((id) => emailOf(urls.get(id)) === undefined);
  return {
    id: rule.id,
    account_id: rule.accountId,
    name: rule.name,
    scope: rule.scope,
    condition: rule.condition,
    webhooks,
    emails,
    recovery: rule.tellsRecovery,
    quiet: rule.quietMs / 1_000,
    quiet_hours: rule.quietHours ?? null,
    paused: rule.isPaused,
    created_at: time(rule.createdAtMs),
  } satisfies z.input<typeof AlertBody>;
}

export function incidentWire(incident: AlertIncident) {
  return {
    id: incident.id,
    alert_id: incident.ruleId,
    about: incident.subject,
    opened_at: time(incident.openedAtMs),
    resolved_at: timeOrNull(incident.resolvedAtMs),
    run_id: incident.runId ?? null,
    summary: incident.summary,
    text: incident.text,
    is_muted: incident.isMuted,
  } satisfies z.input<typeof IncidentBody>;
}

export function alertDeliveryWire(delivery: AlertDelivery) {
  const { attempts, payload } = delivery;
  // Written by `alertPayload`.
  const { data } = JSON.parse(payload) as {
    readonly data: Readonly<Partial<Record<'alert_id' | 'alert' | 'summary' | 'run_id', string>>>;
  };
  const last = attempts.at(-1);
  const answer = last?.status === undefined ? null : `answered ${last.status}`;
  return {
    id: delivery.id,
    type: delivery.type,
    alert_id: data.alert_id ?? null,
    alert: data.alert ?? null,
    summary: data.summary ?? null,
    run_id: data.run_id ?? null,
    channel: delivery.channel,
    to: delivery.url,
    status: delivery.status,
    created_at: time(delivery.createdAtMs),
    held_until: timeOrNull(delivery.heldUntilMs),
    next_attempt_at: timeOrNull(delivery.dueAtMs),
    attempts: attempts.length,
    last_error: delivery.status === 'delivered' ? null : (last?.error ?? answer),
  } satisfies z.input<typeof AlertDeliveryBody>;
}

/** The address of `mailto:…`; undefined for what is none. */
export function emailOf(url: string | undefined): string | undefined {
  return url?.startsWith('mailto:') === true
    ? decodeURIComponent(url.slice('mailto:'.length))
    : undefined;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : time(ms);
}
