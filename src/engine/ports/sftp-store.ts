/** An SFTP server that an account works with: plain data, to be stored. What proves who we are is a secret's name. */
export interface SftpDefinition {
  /** Unique in its account. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Name of the secret that is the password; undefined where there is a private key. */
  readonly passwordSecret: string | undefined;
  /** Name of the secret that is the private key, in PEM or as OpenSSH writes it, … */
  readonly privateKeySecret: string | undefined;
  /** … and of the one that opens it, where it is sealed. */
  readonly passphraseSecret: string | undefined;
  /** The folder that all paths are below of. */
  readonly root: string;
  /** Of one attempt to connect. */
  readonly connectTimeoutSeconds: number;
  /** After so long without an answer the connection counts as lost. */
  readonly timeoutSeconds: number;
}

/** An SFTP connection of an account. */
export interface StoredSftpConnection {
  readonly accountId: string;
  readonly definition: SftpDefinition;
  /** Fingerprint of the key by which the host is known, `SHA256:…`; undefined until it was seen first. */
  readonly hostKey: string | undefined;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Where the SFTP connections of accounts live. */
export interface SftpStore {
  /** Undefined where the account has one of this name. */
  create(
    accountId: string,
    definition: SftpDefinition,
    hostKey: string | undefined,
  ): Promise<StoredSftpConnection | undefined>;
  find(accountId: string, name: string): Promise<StoredSftpConnection | undefined>;
  /** In the order of their names, those behind `after`. */
  page(
    accountId: string,
    page: { readonly limit: number; readonly after: string | undefined },
  ): Promise<readonly StoredSftpConnection[]>;
  /** In the place of the one of the same name; undefined where there is none. */
  update(
    accountId: string,
    definition: SftpDefinition,
    hostKey: string | undefined,
  ): Promise<StoredSftpConnection | undefined>;
  /** Writes down the key of a host that had none, unless the connection has changed since it was read. */
  trust(
    connection: StoredSftpConnection,
    hostKey: string,
  ): Promise<StoredSftpConnection | undefined>;
  /** Whether there was one. */
  delete(accountId: string, name: string): Promise<boolean>;
}
