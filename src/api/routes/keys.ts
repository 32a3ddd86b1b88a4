import { z } from 'zod';
import { scopesOf } from '../../engine/hosting/api-keys.ts';
import type { ApiKey, Scope } from '../../engine/ports/key-store.ts';
import { mayDo } from '../actor.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { RoleName } from '../wire/job-definition-wire.ts';
import {
  AccountId,
  AuditLine,
  AuditOutcome,
  auditWire,
  Key,
  KeyScope,
  keyWire,
  KeyWithSecret,
} from '../wire/key-wire.ts';

const tag = 'Keys';
const scope = 'keys:write';
const OneKey = z.object({ key_id: z.string() });

export const keyRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/keys',
    operationId: 'createKey',
    tag,
    summary: 'Make a key',
    description:
      'The key is shown here and never again; what is stored is a hash. A key cannot give what it has not: only an admin makes keys for other accounts, or with scopes it lacks itself.',
    scope,
    body: z.strictObject({
      name: z.string().min(1).max(200),
      scopes: z.array(KeyScope).default([]),
      role: RoleName.optional().meta({
        description:
          '`superadmin`: administers jobs. Any other, such as `participant`: starts jobs that allow it, sees its own runs of them, and may do nothing else',
      }),
      account_id: AccountId.optional(),
      expires_at: z.iso.datetime({ offset: true }).optional(),
    }),
    responses: {
      201: {
        description: 'The key, with its secret',
        schema: KeyWithSecret,
        headers: { Location: 'Where the key is' },
      },
    },
    handle: async ({ body, actor, ports, reservedId }) => {
      const wanted = scopesOf({ scopes: body.scopes, role: body.role });
      // Who makes a key that starts jobs may start them.
      const needed: readonly Scope[] = wanted.length === 0 ? ['jobs:trigger'] : wanted;
      const lacking = needed.filter((each) => !mayDo(actor, each));
      if (lacking.length > 0) {
        throw new ApiProblem('forbidden', `this key lacks the scope ${lacking.join(', ')} itself`);
      }
      const { account_id: accountId = actor.accountId } = body;
      if (accountId !== actor.accountId && !mayDo(actor, 'admin')) {
        throw new ApiProblem('forbidden', 'only an admin makes keys for other accounts');
      }
      const { key, text } = await ports.keys.create(
        {
          accountId,
          name: body.name,
          scopes: body.scopes,
          role: body.role,
          expiresAtMs: body.expires_at === undefined ? undefined : Date.parse(body.expires_at),
        },
        reservedId?.('key'),
      );
      return {
        status: 201,
        json: { ...keyWire(key), key: text },
        headers: { Location: `/v1/keys/${key.id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/keys',
    operationId: 'listKeys',
    tag,
    summary: 'Keys of the account, newest first',
    scope,
    query: PageQuery,
    responses: { 200: pageResponse('A page', Key) },
    handle: ({ query, actor, ports, context }) =>
      pageReply(query, {
        context,
        wire: keyWire,
        list: (page) => ports.keys.store.page({ ...page, accountId: actor.accountId }),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/keys/{key_id}',
    operationId: 'getKey',
    tag,
    summary: 'One key',
    scope,
    params: OneKey,
    responses: { 200: { description: 'The key', schema: Key } },
    handle: async (call) => ({ status: 200, json: keyWire(await ownKey(call)) }),
  }),
  route({
    method: 'DELETE',
    path: '/v1/keys/{key_id}',
    operationId: 'revokeKey',
    tag,
    summary: 'Revoke a key',
    description:
      'It is refused from now on (by other servers on the same store within 5 s), and stays in the list.',
    scope,
    params: OneKey,
    responses: { 204: { description: 'It is revoked' } },
    handle: async (call) => {
      const { id } = await ownKey(call);
      await call.ports.keys.store.revoke(id);
      call.ports.authenticator.forget(id);
      return { status: 204 };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/audit',
    operationId: 'listAudit',
    tag: 'Audit',
    summary: 'Who changed what, newest first',
    description:
      'Every call that is no GET and comes with a right key leaves a line, refused ones too.',
    scope: 'audit:read',
    query: PageQuery.extend({
      key_id: z.string().optional(),
      action: z.string().optional().meta({ description: 'An operation of this API' }),
      subject: z.string().optional().meta({ description: 'Id of a run, a draft, a key …' }),
      run_id: z.string().optional().meta({ description: 'What this run did' }),
      outcome: AuditOutcome.optional(),
      since: z.iso.datetime({ offset: true }).optional(),
      until: z.iso.datetime({ offset: true }).optional(),
    }),
    responses: { 200: pageResponse('A page', AuditLine) },
    handle: ({ query, actor, ports, context }) =>
      pageReply(query, {
        context,
        wire: auditWire,
        list: (page) =>
          ports.audit.page(
            {
              accountId: actor.accountId,
              keyId: query.key_id,
              action: query.action,
              subject: query.subject,
              runId: query.run_id,
              outcome: query.outcome,
              sinceMs: msOf(query.since),
              untilMs: msOf(query.until),
            },
            page,
          ),
      }),
  }),
];

/** The key of the call. Another account's is not there. */
async function ownKey({
  params: { key_id: keyId },
  actor,
  ports,
}: Pick<Call<{ readonly key_id: string }>, 'params' | 'actor' | 'ports'>): Promise<ApiKey> {
  const key = await ports.keys.store.find(keyId);
  if (key?.accountId === actor.accountId) return key;
  throw new ApiProblem('not_found', `there is no key ${keyId}`);
}

function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time);
}
