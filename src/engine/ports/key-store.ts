/** What a key may do. `admin` may do all, for all accounts. */
export const SCOPES = [
  'tasks:read',
  'runs:read',
  'runs:write',
  'jobs:read',
  'jobs:trigger',
  'jobs:admin',
  'webhooks:write',
  'alerts:write',
  'secrets:write',
  'metrics:read',
  'keys:write',
  'audit:read',
  'admin',
] as const;

export type Scope = (typeof SCOPES)[number];

/** The role that administers jobs. */
export const SUPERADMIN = 'superadmin';

/** What a key of this role may do beside what else it was given. */
export const SUPERADMIN_SCOPES: readonly Scope[] = [
  'tasks:read',
  'runs:read',
  'runs:write',
  'jobs:read',
  'jobs:trigger',
  'jobs:admin',
  'secrets:write',
];

/** A key to the HTTP API, without its secret, which nobody has but its owner. */
export interface ApiKey {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /**
   * `superadmin` administers jobs. Any other (`participant`, `provider`, …) starts jobs that allow it, sees
   * its own runs of them, and has no scope. Undefined: the scopes say it all.
   */
  readonly role: string | undefined;
  /** By the clock of the store. */
  readonly status: 'active' | 'expired' | 'revoked';
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
  /** To the minute. */
  readonly lastUsedAtMs: number | undefined;
}

export type NewApiKey = Pick<
  ApiKey,
  'id' | 'accountId' | 'name' | 'scopes' | 'role' | 'expiresAtMs'
> & {
  /** SHA-256, in hex. */
  readonly secretHash: string;
};

/** Where keys live. */
export interface KeyStore {
  create(key: NewApiKey): Promise<ApiKey>;
  /** Of any account, with the hash of its secret. */
  find(keyId: string): Promise<(ApiKey & { readonly secretHash: string }) | undefined>;
  /** Newest first. Without `accountId` those of all accounts. */
  page(request: {
    readonly accountId: string | undefined;
    readonly limit: number;
    readonly after?: { readonly createdAtMs: number; readonly id: string } | undefined;
  }): Promise<readonly ApiKey[]>;
  /** A key that is revoked already stays as it is. */
  revoke(keyId: string): Promise<void>;
  /** Notes that the key is used now. At most once a minute anything is written. */
  touch(keyId: string): Promise<void>;
  /** Whether a key was ever made, revoked ones too: from then on nobody calls without one. */
  hasAny(): Promise<boolean>;
  /**
   * Forgets keys that expired or were revoked so long ago, by the clock of the store; gives how many. The
   * last one of all stays: a server that never had a key is open to all.
   */
  prune(olderThanMs: number): Promise<number>;
}
