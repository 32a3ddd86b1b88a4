import {
  scopeProblem,
  type AlertCondition,
  type AlertRule,
  type AlertScope,
} from '../engine/automation/alerts/alert-rule.ts';
import { ApiProblem } from './problem.ts';
import type { Call } from './route.ts';

type Said = Pick<Call, 'actor' | 'ports'>;

/** The alert of the call. Another account's is not there. */
export async function ownAlert({
  params: { alert_id: id },
  actor,
  ports,
}: Pick<Call<{ readonly alert_id: string }>, 'params' | 'actor' | 'ports'>): Promise<AlertRule> {
  const rule = await ports.alerts.store.find(id);
  if (rule?.accountId === actor.accountId) return rule;
  throw new ApiProblem('not_found', `there is no alert ${id}`);
}

/** Throws where what is to be watched over is not there, or cannot be watched like that. */
export async function refuseScope(
  scope: AlertScope,
  condition: AlertCondition,
  { actor, ports }: Said,
): Promise<void> {
  const problem = scopeProblem(scope, condition);
  if (problem !== undefined) throw new ApiProblem('bad_request', `body.condition: ${problem}`);
  if (scope.kind === 'task') await ports.tasks.find(scope.task);
  if (scope.kind === 'job') {
    const job = await ports.jobs.store.find(scope.job);
    if (job?.accountId !== actor.accountId) throw absent('job', scope.job);
  }
  if (scope.kind === 'schedule') {
    const schedule = await ports.schedules.store.find(scope.schedule);
    if (schedule?.accountId !== actor.accountId) throw absent('schedule', scope.schedule);
  }
}

/** Ids of the channels that are named: webhooks of the account, and one for each address. */
export async function channelsOf(
  {
    webhooks,
    emails,
  }: { readonly webhooks: readonly string[]; readonly emails: readonly string[] },
  { actor: { accountId }, ports }: Said,
): Promise<readonly string[]> {
  const { store } = ports.webhooks;
  if (webhooks.length + emails.length === 0) {
    throw new ApiProblem('bad_request', 'body: nobody is told: name webhooks or emails');
  }
  for (const id of webhooks) {
    const webhook = await store.get(accountId, id);
    if (webhook === undefined) {
      throw new ApiProblem('bad_request', `body.webhooks: there is no webhook ${id}`);
    }
  }
  if (emails.length > 0 && !ports.alerts.sendsMail) {
    throw new ApiProblem(
      'bad_request',
      'body.emails: this server sends no mail: no SMTP server is set (setting smtpUrl, ROWMILL_SMTP_URL)',
    );
  }
  const addressed = emails.map(async (email) => {
    const bytes = new TextEncoder().encode(`${accountId}\n${email}`);
    // The same address is one channel, however many alerts tell it.
    const id = `whk_${ports.jobs.sha256(bytes).slice(0, 24)}`;
    const url = `mailto:${encodeURIComponent(email)}`;
    await store.create({
      id,
      accountId,
      runId: undefined,
      url,
      events: ['alert'],
      description: `mail to ${email}`,
      secret: ports.webhooks.makeSecret(),
    });
    return id;
  });
  return [...new Set([...webhooks, ...(await Promise.all(addressed))])];
}

/** Where the channels of rules send to. */
export async function channelUrls(
  rules: readonly AlertRule[],
  { actor: { accountId }, ports }: Said,
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(rules.flatMap(({ channels }) => channels))];
  const found = await Promise.all(ids.map((id) => ports.webhooks.store.get(accountId, id)));
  return new Map(
    found.flatMap((webhook) => (webhook === undefined ? [] : [[webhook.id, webhook.url]])),
  );
}

function absent(what: string, id: string): ApiProblem {
  return new ApiProblem('bad_request', `body.scope: there is no ${what} ${id}`);
}
