import { createHash } from 'node:crypto';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { ApiKeys } from '../../engine/hosting/api-keys.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { SUPERADMIN, type ApiKey } from '../../engine/ports/key-store.ts';
import type { Actor } from '../actor.ts';
import { ApiProblem } from '../problem.ts';
import { isAccountId, type Caller } from './caller.ts';
import { refuseForeignPage } from './foreign-page.ts';
import { addressGroup, limited } from './rate-limits.ts';

/** A key that was right is asked for again after so long: the time in which other servers hear of a revocation. */
const REMEMBERED_MS = 5_000;
const MOST_REMEMBERED = 1_000;

/** Knows who calls by the key of the request. Before the first key is made, whoever is on this machine may do all. */
export class KeyAuthenticator {
  readonly #keys: ApiKeys;
  readonly #clock: Clock;
  readonly #ownHosts: readonly string[];
  readonly #corsOrigins: readonly string[];
  readonly #remembered = new Map<string, { readonly key: ApiKey; readonly untilMs: number }>();
  readonly #wrongKeysPerMinute: number;
  readonly #wrongKeys: RateLimiterMemory;
  #hasKeys = false;

  constructor({
    keys,
    clock,
    ownHosts,
    corsOrigins,
    wrongKeysPerMinute,
  }: {
    readonly keys: ApiKeys;
    readonly clock: Clock;
    /** Names that this server goes by, beside those of the machine itself. */
    readonly ownHosts: readonly string[];
    readonly corsOrigins: readonly string[];
    /** From one address. */
    readonly wrongKeysPerMinute: number;
  }) {
    this.#wrongKeysPerMinute = wrongKeysPerMinute;
    this.#wrongKeys = new RateLimiterMemory({ points: wrongKeysPerMinute, duration: 60 });
    this.#keys = keys;
    this.#clock = clock;
    this.#ownHosts = ownHosts;
    this.#corsOrigins = corsOrigins;
  }

  /** Throws `unauthorized`, `forbidden`, and `rate_limited` for who tries keys. */
  async actorOf(text: string | undefined, caller: Caller): Promise<Actor> {
    if (await this.isOpen()) {
      refuseForeignPage(caller, { ownHosts: this.#ownHosts, corsOrigins: this.#corsOrigins });
      return actorFor(
        { accountId: 'local', scopes: ['admin'], role: undefined, id: undefined },
        caller,
      );
    }
    if (text === undefined) {
      throw unauthorized('a key is needed: Authorization: Bearer rm_…, or X-Auth-Token: rm_…', '');
    }
    return actorFor(await this.#keyOf(text, caller), caller);
  }

  /** Asked of the store until the first key is there; none is ever removed. */
  async isOpen(): Promise<boolean> {
    this.#hasKeys ||= await this.#keys.store.hasAny();
    return !this.#hasKeys;
  }

  /** A key that was revoked is not remembered. */
  forget(keyId: string): void {
    for (const [hash, { key }] of this.#remembered) {
      if (key.id === keyId) this.#remembered.delete(hash);
    }
  }

  async #keyOf(text: string, { address }: Caller): Promise<ApiKey> {
    const hash = createHash('sha256').update(text).digest('base64');
    const now = this.#clock.now();
    const remembered = this.#remembered.get(hash);
    if (remembered !== undefined && now < remembered.untilMs) return remembered.key;
    this.#remembered.delete(hash);
    const group = addressGroup(address);
    const tried = await this.#wrongKeys.get(group);
    if (tried !== null && tried.consumedPoints >= this.#wrongKeysPerMinute) {
      throw limited('too many wrong keys from this address', tried.msBeforeNext);
    }
    const key = await this.#keys.find(text);
    if (key === undefined || key.status !== 'active') {
      await this.#wrongKeys.consume(group).catch((error: unknown) => {
        if (!(error instanceof RateLimiterRes)) throw error;
      });
      const why = key === undefined ? 'is unknown' : `is ${key.status}`;
      throw unauthorized(`the key ${why}`, ', error="invalid_token"');
    }
    if (this.#remembered.size >= MOST_REMEMBERED) {
      const [oldest = ''] = this.#remembered.keys();
      this.#remembered.delete(oldest);
    }
    this.#remembered.set(hash, { key, untilMs: now + REMEMBERED_MS });
    // When it was used is told to the minute; that it cannot be written now stops nobody.
    await this.#keys.store.touch(key.id).catch(() => undefined);
    return key;
  }
}

function actorFor(
  {
    accountId,
    scopes,
    role,
    id,
  }: Pick<ApiKey, 'accountId' | 'scopes' | 'role'> & { readonly id: string | undefined },
  { account }: Caller,
): Actor {
  const actor = {
    accountId,
    authAccountId: accountId,
    keyId: id,
    scopes: new Set(scopes),
    role: role === SUPERADMIN ? undefined : role,
  };
  if (account === '' || account === accountId) return actor;
  if (!isAccountId(account)) {
    throw new ApiProblem('bad_request', 'header.x-rowmill-account is no id of an account');
  }
  if (!actor.scopes.has('admin')) {
    throw new ApiProblem('forbidden', 'only a key with the scope admin acts for another account');
  }
  return { ...actor, accountId: account };
}

function unauthorized(message: string, more: string): ApiProblem {
  return new ApiProblem('unauthorized', message, {
    headers: { 'WWW-Authenticate': `Bearer realm="rowmill"${more}` },
  });
}

/** From one address. With keys of 256 random bits this saves work, not keys. */
const WRONG_KEYS_PER_MINUTE = 30;

/** As a server that is set up so tells who calls. */
export function keyAuthenticator(
  { keys, clock }: { readonly keys: ApiKeys; readonly clock: Clock },
  {
    host,
    publicUrl,
    corsOrigins,
    requestsPerMinute,
  }: {
    readonly corsOrigins: readonly string[];
    readonly host: string;
    readonly publicUrl?: string | undefined;
    /** 0 for any number. */
    readonly requestsPerMinute: number;
  },
): KeyAuthenticator {
  return new KeyAuthenticator({
    keys,
    clock,
    ownHosts: publicUrl === undefined ? [host] : [host, new URL(publicUrl).hostname],
    corsOrigins,
    wrongKeysPerMinute: requestsPerMinute === 0 ? Number.MAX_SAFE_INTEGER : WRONG_KEYS_PER_MINUTE,
  });
}
