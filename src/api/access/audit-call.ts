import type { AuditEntry } from '../../engine/ports/audit-store.ts';
import { problemOf } from '../problem.ts';
import type { AnyRoute, Call, Reply } from '../route.ts';

/**
 * Carries out a call and, where it may change something, leaves a line of who asked for what: here, so that
 * no route can forget it. It is written before the answer is sent.
 */
export async function audited(
  route: AnyRoute,
  call: Pick<Call, 'actor' | 'ports' | 'context'> & {
    readonly params: Readonly<Record<string, string>>;
  },
  work: () => Promise<Reply>,
): Promise<Reply> {
  if (route.method === 'GET' || route.method === 'HEAD' || route.scope === 'public') return work();
  try {
    const reply = await work();
    // What was answered before was noted before.
    if (!call.context.res.hasHeader('idempotency-replayed')) {
      const status = reply === 'sent' ? call.context.res.statusCode : reply.status;
      await note(route, call, { status, code: undefined, subject: subjectOf(reply, call.params) });
    }
    return reply;
  } catch (error) {
    const { status, code } = problemOf(error);
    await note(route, call, { status, code, subject: subjectOf(undefined, call.params) });
    throw error;
  }
}

async function note(
  { operationId: action }: AnyRoute,
  call: Parameters<typeof audited>[1],
  {
    status,
    code,
    subject,
  }: {
    readonly status: number;
    readonly code: string | undefined;
    readonly subject: string | undefined;
  },
): Promise<void> {
  const outcome = status >= 500 ? 'failed' : status >= 400 ? 'refused' : 'done';
  await noteCall(call, { action, subject, outcome, code });
}

/** Leaves a line of a call in the audit. Where that fails, what was done is done, and the server's log says so. */
export async function noteCall(
  { actor, ports, context }: Pick<Call, 'actor' | 'ports' | 'context'>,
  line: Pick<AuditEntry, 'action' | 'subject' | 'outcome' | 'code'>,
): Promise<void> {
  const requestId = String(context.state['requestId']);
  try {
    await ports.audit.append({
      id: ports.makeId('aud'),
      accountId: actor.accountId,
      authAccountId: actor.authAccountId,
      keyId: actor.keyId,
      requestId,
      runId: undefined,
      runAs: undefined,
      address: context.ip,
      ...line,
    });
  } catch (error) {
    ports.onError(error, requestId);
  }
}

/** What was made, or else what the path names. */
function subjectOf(
  reply: Reply | undefined,
  params: Readonly<Record<string, string>>,
): string | undefined {
  const named = Object.entries(params).findLast(([name]) => name.endsWith('_id'));
  if (named !== undefined) return named[1];
  const json = reply !== undefined && reply !== 'sent' && 'json' in reply ? reply.json : undefined;
  if (typeof json === 'object' && json !== null && 'id' in json && typeof json.id === 'string') {
    return json.id;
  }
  return Object.values(params).join('/') || undefined;
}
