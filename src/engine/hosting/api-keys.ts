import type { Sha256 } from '../ports/hash.ts';
import type { MakeId } from '../ports/ids.ts';
import { RowmillError } from '../errors.ts';
import {
  SUPERADMIN,
  SUPERADMIN_SCOPES,
  type ApiKey,
  type KeyStore,
  type NewApiKey,
  type Scope,
} from '../ports/key-store.ts';

interface Ports {
  readonly store: KeyStore;
  readonly sha256: Sha256;
  readonly makeId: MakeId;
  /** 256 random bits, as letters and digits. */
  readonly makeSecret: () => string;
}

type WantedKey = Omit<NewApiKey, 'id' | 'secretHash'>;

/** What a key of these scopes and this role may do. Throws `usage` as `create` does. */
export function scopesOf({ scopes, role }: Pick<WantedKey, 'scopes' | 'role'>): readonly Scope[] {
  if (role === undefined) {
    if (scopes.length > 0) return [...new Set(scopes)];
    throw new RowmillError('usage', 'a key has a scope or a role: say which');
  }
  if (role === SUPERADMIN) return [...new Set([...scopes, ...SUPERADMIN_SCOPES])];
  if (scopes.length === 0) return [];
  throw new RowmillError(
    'usage',
    `a key of the role ${role} starts jobs that allow it, and has no scope: ${scopes.join(', ')}`,
  );
}

const KEY = /^rm_([\w-]{1,64})_([a-z\d]{52})$/;
const PREFIX = 'key_';

/**
 * Makes keys, `rm_<id>_<secret>`, and knows them again. What is stored is the SHA-256 of the secret: with
 * 256 random bits there is nothing to guess, and a slow hash would only slow the server down.
 */
export class ApiKeys {
  readonly store: KeyStore;
  readonly #ports: Ports;

  constructor(ports: Ports) {
    this.store = ports.store;
    this.#ports = ports;
  }

  /**
   * Gives the key itself too: it is shown now and never again. `id` begins with `key_`. Throws `usage` for
   * a key that could do nothing, or more than its role.
   */
  async create(
    wanted: WantedKey,
    id = this.#ports.makeId('key'),
  ): Promise<{ readonly key: ApiKey; readonly text: string }> {
    const secret = this.#ports.makeSecret();
    const scopes = scopesOf(wanted);
    const secretHash = this.#hash(secret);
    const key = await this.store.create({ ...wanted, scopes, id, secretHash });
    return { key, text: `rm_${id.slice(PREFIX.length)}_${secret}` };
  }

  /** The key that a text is, whatever its status; undefined for what is none. */
  async find(text: string): Promise<ApiKey | undefined> {
    const [, id, secret] = KEY.exec(text) ?? [];
    if (id === undefined || secret === undefined) return undefined;
    const found = await this.store.find(`${PREFIX}${id}`);
    // The same work for an id that is not there.
    const isRight = equalHex(found?.secretHash ?? this.#hash(''), this.#hash(secret));
    if (found === undefined || !isRight) return undefined;
    const { secretHash: _, ...key } = found;
    return key;
  }

  #hash(secret: string): string {
    return this.#ports.sha256(new TextEncoder().encode(secret));
  }
}

/** In a time that does not depend on where they differ. */
function equalHex(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  // oxlint-disable-next-line no-bitwise, unicorn/prefer-code-point -- of hex digits, and without a branch
  for (let at = 0; at < a.length; at += 1) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}
