import { z } from 'zod';
import { LONGEST_SECRET, SHORTEST_SECRET } from '../../engine/hosting/account-secrets.ts';
import { pageResponse } from '../page.ts';
import { PAGE_HEADERS, pageReply } from '../page-of.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute } from '../route.ts';
import { secretWire, SecretWire } from '../wire/secret-wire.ts';

const tag = 'Secrets';
const scope = 'secrets:write';
const Name = z
  .string()
  .regex(/^[A-Z][A-Z\d_]{0,99}$/, 'must be capitals, digits and _, such as API_KEY')
  .meta({ description: '`API_KEY` is `{{secret:api-key}}` in an argument', example: 'API_KEY' });
const OneSecret = z.object({ secret_name: Name });

export const secretRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/secrets',
    operationId: 'listSecrets',
    tag,
    summary: 'Secrets of the account by name; never their values',
    scope,
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(50),
      after: z.string().max(100).optional().meta({ description: '`next` of the page before' }),
    }),
    responses: { 200: { ...pageResponse('A page', SecretWire), headers: PAGE_HEADERS } },
    handle: async ({ query: { limit, after }, actor, ports, context }) => {
      const found = await ports.secrets.list(actor.accountId, { limit: limit + 1, after });
      const data = found.slice(0, limit).map(secretWire);
      const next = found.length > limit ? (data.at(-1)?.name ?? null) : null;
      return pageReply(context, { data, next });
    },
  }),
  route({
    method: 'PUT',
    path: '/v1/secrets/{secret_name}',
    operationId: 'setSecret',
    tag,
    summary: 'Set a secret: runs of the account use it, nobody reads it again',
    description:
      'A run has it as `run.secrets.get("api-key")`, or where an argument says `{{secret:api-key}}`. It is sealed in the store, taken out of what the run logs and writes, and each use is in the audit. A run at work keeps the value that it began with, until it is paused.',
    scope,
    params: OneSecret,
    body: z.strictObject({
      value: z
        .string()
        .min(SHORTEST_SECRET)
        .max(LONGEST_SECRET)
        .meta({ description: 'Text, at least 8 characters', writeOnly: true }),
      json: z.boolean().default(false).meta({
        description: 'The text is JSON: scripts are given the value that it is',
      }),
    }),
    responses: {
      200: { description: 'It has a new value', schema: SecretWire },
      201: { description: 'It was not there before', schema: SecretWire },
    },
    handle: async ({ params: { secret_name: name }, body, actor, ports }) => {
      const { accountId } = actor;
      const secret = await ports.secrets.set({ accountId, name }, body.value, {
        isJson: body.json,
      });
      return { status: secret.version === 1 ? 201 : 200, json: secretWire(secret) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/secrets/{secret_name}',
    operationId: 'deleteSecret',
    tag,
    summary: 'Remove a secret',
    scope,
    params: OneSecret,
    responses: { 204: { description: 'It is gone' } },
    handle: async ({ params: { secret_name: name }, actor, ports }) => {
      if (await ports.secrets.delete(actor.accountId, name)) return { status: 204 };
      throw new ApiProblem('not_found', `there is no secret ${name}`);
    },
  }),
];
