/** What everybody of the account may know of a secret. */
export interface SecretFacts {
  readonly accountId: string;
  /** As `secretName` writes it. */
  readonly name: string;
  /** Grows each time it is set. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Of the key that sealed it. */
  readonly keyId: string;
  /** Scripts are given it as the JSON value that it is, not as text. */
  readonly isJson: boolean;
}

export interface StoredSecret extends SecretFacts {
  /** By a SecretBox. */
  readonly sealed: string;
}

/** Where the secrets of accounts live, sealed: nobody reads one here. */
export interface SecretStore {
  find(accountId: string, name: string): Promise<StoredSecret | undefined>;
  /** All of an account, in order of their names. */
  all(accountId: string): Promise<readonly StoredSecret[]>;
  /**
   * Version 1 makes a secret, a later one takes the place of the version before. Undefined where that is
   * not what is there: another was faster.
   */
  put(
    secret: Pick<StoredSecret, 'accountId' | 'name' | 'version' | 'sealed' | 'isJson'>,
  ): Promise<StoredSecret | undefined>;
  /** Whether there was one. */
  delete(accountId: string, name: string): Promise<boolean>;
  /** In order of their names, those behind `after`. */
  page(
    accountId: string,
    page: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<readonly SecretFacts[]>;
}
