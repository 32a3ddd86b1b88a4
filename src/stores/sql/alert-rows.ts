import { sql, type Selectable, type Transaction } from 'kysely';
import type { AlertRule } from '../../engine/automation/alerts/alert-rule.ts';
import type { AlertIncident, AlertNotice } from '../../engine/ports/alert-store.ts';
import type { RunEvent } from '../../engine/ports/run-events.ts';
import type { AlertIncidentTable, AlertRuleTable } from './alert-schema.ts';
import type { StoreSchema } from './schema.ts';

type Definition = Pick<
  AlertRule,
  'scope' | 'condition' | 'tellsRecovery' | 'quietMs' | 'quietHours' | 'channels'
>;

export function definitionJson(rule: Definition): string {
  const { scope, condition, tellsRecovery, quietMs, quietHours, channels } = rule;
  return JSON.stringify({ scope, condition, tellsRecovery, quietMs, quietHours, channels });
}

export function ruleOf(row: Selectable<AlertRuleTable>): AlertRule {
  const definition = JSON.parse(row.definition) as Definition; // by `definitionJson`
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    scope: definition.scope,
    condition: definition.condition,
    tellsRecovery: definition.tellsRecovery,
    quietMs: definition.quietMs,
    quietHours: definition.quietHours,
    channels: definition.channels,
    isPaused: row.is_paused === 1,
    createdAtMs: row.created_at,
  };
}

export function incidentOf(row: Selectable<AlertIncidentTable>): AlertIncident {
  return {
    id: row.id,
    ruleId: row.rule_id,
    accountId: row.account_id,
    subject: row.subject,
    openedAtMs: row.opened_at,
    resolvedAtMs: row.resolved_at ?? undefined,
    runId: row.run_id ?? undefined,
    summary: row.summary,
    text: row.text,
    isMuted: row.is_muted === 1,
  };
}

/** A run has ended: rules of its account, where there are any, are to look at it. */
export async function noteEnd(
  transaction: Transaction<StoreSchema>,
  { runId, atMs }: Pick<RunEvent, 'runId' | 'atMs'>,
): Promise<void> {
  await transaction
    .insertInto('ended_runs')
    .columns(['run_id', 'at'])
    .expression((query) =>
      query
        .selectFrom('runs')
        .select(['id', sql<number>`cast(${atMs} as bigint)`.as('at')])
        .where('id', '=', runId)
        .where((where) =>
          where.exists(
            where
              .selectFrom('alert_rules')
              .select('alert_rules.id')
              .whereRef('alert_rules.account_id', '=', 'runs.account_id'),
          ),
        ),
    )
    .onConflict((conflict) => conflict.column('run_id').doUpdateSet({ at: atMs }))
    .execute();
}

/** One message to each channel of a rule that is there. */
export async function deliverNotice(
  transaction: Transaction<StoreSchema>,
  { accountId, channels }: Pick<AlertRule, 'accountId' | 'channels'>,
  {
    about,
    runId,
    notice,
    now,
  }: {
    /** Id that tells the messages of this apart from others. */
    readonly about: string;
    readonly runId: string | undefined;
    readonly notice: AlertNotice;
    readonly now: ReturnType<typeof sql<number>>;
  },
): Promise<void> {
  const { type, payload, heldUntilMs } = notice;
  if (channels.length === 0) return;
  const there = await transaction
    .selectFrom('webhooks')
    .select('id')
    .where('account_id', '=', accountId)
    .where('id', 'in', [...channels])
    .execute();
  if (there.length === 0) return;
  await transaction
    .insertInto('webhook_deliveries')
    .values(
      there.map(({ id }) => ({
        id: `msg_${about.replace(/^inc_/, '')}_${type.replace('alert.', '')}_${id.replace(/^whk_/, '')}`,
        webhook_id: id,
        run_id: runId ?? null,
        type,
        payload,
        status: 'pending',
        created_at: now,
        due_at: heldUntilMs === undefined ? now : null,
        held_until: heldUntilMs ?? null,
      })),
    )
    .execute();
}
