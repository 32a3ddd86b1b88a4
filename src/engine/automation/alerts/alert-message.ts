import type { AlertNotice } from '../../ports/alert-store.ts';
import type { AlertRule } from './alert-rule.ts';

/** What a message of an alert says. Both a program and a person can act on it. */
export interface AlertFacts {
  readonly incidentId: string | undefined;
  readonly subject: string;
  readonly summary: string;
  readonly text: string;
  readonly runId: string | undefined;
  readonly openedAtMs: number;
  readonly resolvedAtMs: number | undefined;
}

/** Where clients reach the server; undefined where nobody has said so. */
export type PublicUrl = string | undefined;

/** The message as it is sent: to a webhook as it is, in a mail its `subject` and `text`. */
export function alertPayload(
  rule: AlertRule,
  type: AlertNotice['type'],
  {
    facts,
    atMs,
    publicUrl,
  }: { readonly facts: AlertFacts; readonly atMs: number; readonly publicUrl: PublicUrl },
): string {
  const { runId, resolvedAtMs } = facts;
  return JSON.stringify({
    type,
    timestamp: time(atMs),
    data: {
      alert_id: rule.id,
      alert: rule.name,
      incident_id: facts.incidentId ?? null,
      about: facts.subject,
      condition: rule.condition,
      summary: facts.summary,
      text: facts.text,
      run_id: runId ?? null,
      link: runId === undefined ? null : (linkTo(runId, publicUrl) ?? null),
      opened_at: time(facts.openedAtMs),
      resolved_at: resolvedAtMs === undefined ? null : time(resolvedAtMs),
    },
  });
}

export function linkTo(runId: string, publicUrl: PublicUrl): string | undefined {
  return publicUrl === undefined ? undefined : `${publicUrl.replace(/\/$/, '')}/v1/runs/${runId}`;
}

export function time(ms: number): string {
  return new Date(ms).toISOString();
}

/** `2 min`, `3 h`, `4 days`: as long as a person says. */
export function lengthWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return `${Math.round(ms / 1_000)} s`;
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
