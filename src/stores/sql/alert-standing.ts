import type { Transaction } from 'kysely';
import type { AlertRule } from '../../engine/automation/alerts/alert-rule.ts';
import type { WatchedSubject } from '../../engine/ports/alert-store.ts';
import { incidentOf, ruleOf } from './alert-rows.ts';
import type { StoreSchema } from './schema.ts';

type Db = Transaction<StoreSchema>;

/** Those that are not paused, of one account or of all. */
export async function rulesOf(
  db: Db,
  accountId: string | undefined,
): Promise<readonly AlertRule[]> {
  let query = db.selectFrom('alert_rules').selectAll().where('is_paused', '=', 0);
  if (accountId !== undefined) query = query.where('account_id', '=', accountId);
  return (await query.orderBy('created_at').orderBy('id').execute()).map(ruleOf);
}

/** How a rule stands with a subject. */
export async function standing(db: Db, rule: AlertRule, subject: string): Promise<WatchedSubject> {
  const of = db
    .selectFrom('alert_incidents')
    .where('rule_id', '=', rule.id)
    .where('subject', '=', subject);
  const open = await of.selectAll().where('resolved_at', 'is', null).executeTakeFirst();
  const told = await of
    .select((select) => select.fn.max('opened_at').as('at'))
    .where('is_muted', '=', 0)
    .executeTakeFirst();
  const lastToldMs = told?.at ?? undefined;
  return { rule, subject, open: open && incidentOf(open), lastToldMs };
}

/** Subjects of incidents that last and that nobody was told of. */
export async function mutedSubjects(db: Db, { id }: AlertRule): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('alert_incidents')
    .select('subject')
    .where('rule_id', '=', id)
    .where('resolved_at', 'is', null)
    .where('is_muted', '=', 1)
    .execute();
  return rows.map(({ subject }) => subject);
}
