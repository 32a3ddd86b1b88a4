import { z } from 'zod';
import type { Caller } from '../access/caller.ts';
import type { Actor } from '../actor.ts';
import type { ApiPorts } from '../api-ports.ts';
import { ApiProblem } from '../problem.ts';
import type { KazooReply } from './envelope.ts';
import { KazooError, validationError } from './kazoo-error.ts';

/** What a login gives, beside the token. */
export const KazooLogin = z.object({
  account_id: z.string(),
  account_name: z.string(),
  owner_id: z.string().optional(),
  apps: z.array(z.unknown()),
  is_reseller: z.boolean(),
  language: z.string(),
});

/** Kazoo's clients send `user:password` as an MD5 or SHA-1; a key that is stored hashed cannot be found by that. */
const HASHED = /^(?:[\da-f]{32}|[\da-f]{40})$/i;
const REASON =
  'credentials is an MD5 or SHA-1 of user and password, which this server cannot undo: send the API key itself, as api_key to /v2/api_auth or as credentials or password to /v2/user_auth';

/** A key becomes the token: it is the same, so that the sessions of clients end when the key does. */
export async function logIn(
  data: Readonly<Record<string, unknown>>,
  {
    field,
    ports,
    caller,
  }: {
    readonly field: 'api_key' | 'credentials';
    readonly ports: Pick<ApiPorts, 'authenticator'>;
    readonly caller: Caller;
  },
): Promise<KazooReply> {
  const given = textOf(data, field) ?? textOf(data, 'api_key') ?? textOf(data, 'password');
  if (given === undefined) {
    const message = 'Field is required but missing';
    throw validationError({ [field]: { required: { message } } });
  }
  const { key, actor } = await actorOf(given, ports, caller);
  return {
    data: {
      account_id: actor.accountId,
      account_name: actor.accountId,
      ...(actor.keyId === undefined ? {} : { owner_id: actor.keyId }),
      apps: [],
      is_reseller: false,
      language: 'en-us',
    },
    authToken: key,
  };
}

/** The key as it stands, or what is behind the first colon: `user:key`. */
async function actorOf(
  given: string,
  { authenticator }: Pick<ApiPorts, 'authenticator'>,
  caller: Caller,
): Promise<{ readonly key: string; readonly actor: Actor }> {
  const password = given.slice(given.indexOf(':') + 1);
  try {
    return { key: password, actor: await authenticator.actorOf(password, caller) };
  } catch (error) {
    const isRefused = error instanceof ApiProblem && error.code === 'unauthorized';
    if (!isRefused || !HASHED.test(given)) throw error;
    const data = { message: 'invalid credentials', reason: REASON };
    throw new KazooError(401, 'invalid_credentials', { data, cause: error });
  }
}

function textOf(data: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = data[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
