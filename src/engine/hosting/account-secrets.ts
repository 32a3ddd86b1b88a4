import { RowmillError } from '../errors.ts';
import type { KnownSecrets, RunSecretSource, SecretUse } from '../ports/run-secrets.ts';
import type { SecretBox } from '../ports/secret-box.ts';
import type { SecretFacts, SecretStore, StoredSecret } from '../ports/secret-store.ts';
import { placesOfMachine } from '../task/machine-places.ts';
import { secretName, secretsAskedFor } from '../task/secret-names.ts';
import type { NoteDeed } from './own-deeds.ts';

/** A shorter one is guessed, and could not be taken out of logs and outputs. */
export const SHORTEST_SECRET = 8;
/** Characters; a certificate with its key has fewer. */
export const LONGEST_SECRET = 65_536;
const MOST_SECRETS = 1_000;
/** The account of who uses the machine itself: the variables of its environment are its secrets too. */
const OWN_ACCOUNT = 'local';
const TRIES = 10;

interface AccountSecretPorts {
  readonly store: SecretStore;
  readonly box: SecretBox;
  /** The secrets of the server itself, which its environment has. */
  readonly machine: {
    get(name: string): string | undefined;
    names(): readonly string[];
  };
  readonly note: NoteDeed;
}

/** What the secrets of an account are sealed for: one of another account, name or version opens nothing. */
export function aboutSecret({
  accountId,
  name,
  version,
}: Pick<SecretFacts, 'accountId' | 'name' | 'version'>): string {
  return `secret ${accountId}/${name}/${version}`;
}

/** Secrets by account and name: they are set and used, and nobody reads them again. */
export class AccountSecrets implements KnownSecrets {
  readonly #ports: AccountSecretPorts;

  constructor(ports: AccountSecretPorts) {
    this.#ports = ports;
  }

  /** Throws `usage` for what can be no name or no secret. The value is in no message. */
  async set(
    { accountId, name: written }: Pick<SecretFacts, 'accountId' | 'name'>,
    value: string,
    { isJson = false }: { readonly isJson?: boolean } = {},
  ): Promise<SecretFacts> {
    const name = checkedName(written);
    refuseValue(name, value);
    if (isJson) refuseNoJson(name, value);
    const { store, box } = this.#ports;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = await store.find(accountId, name);
      if (before === undefined) await this.#refuseTooMany(accountId);
      const version = (before?.version ?? 0) + 1;
      const sealed = box.seal(value, aboutSecret({ accountId, name, version }));
      const put = await store.put({ accountId, name, version, sealed, isJson });
      if (put !== undefined) return put;
    }
    throw new RowmillError('internal', `the secret ${name} is set by others all the time`);
  }

  list(
    accountId: string,
    page: Parameters<SecretStore['page']>[1],
  ): Promise<readonly SecretFacts[]> {
    return this.#ports.store.page(accountId, page);
  }

  /** What a run of the account would be given; undefined where there is none. */
  async find(
    accountId: string,
    written: string,
  ): Promise<{ readonly isJson: boolean } | undefined> {
    const name = secretName(written);
    const own = await this.#ports.store.find(accountId, name);
    if (own !== undefined) return { isJson: own.isJson };
    const isOfMachine = accountId === OWN_ACCOUNT && this.#ports.machine.get(name) !== undefined;
    return isOfMachine ? { isJson: false } : undefined;
  }

  /** Whether there was one. */
  delete(accountId: string, written: string): Promise<boolean> {
    return this.#ports.store.delete(accountId, secretName(written));
  }

  /** The value, for what the account has done outside of its runs. Throws `usage` where there is none. */
  async use(accountId: string, written: string): Promise<string> {
    const { store, box, machine, note } = this.#ports;
    const name = secretName(written);
    const own = await store.find(accountId, name);
    const ofMachine = accountId === OWN_ACCOUNT ? machine.get(name) : undefined;
    const value = own === undefined ? ofMachine : box.open(own.sealed, aboutSecret(own));
    if (value === undefined) throw missing(written, { accountId, isPlace: false });
    await note({ action: 'useSecret', accountId, subject: name });
    return value;
  }

  /**
   * Those that a run may use: the account's own, and for the account `local` those of the machine. A place
   * of the machine (a file, a database) is never what an account says: its name is a secret of the machine.
   */
  async forRun(use: SecretUse): Promise<RunSecretSource> {
    const own = await this.#ports.store.all(use.accountId);
    return new UsedSecrets(use, new Map(own.map((secret) => [secret.name, secret])), this.#ports);
  }

  async #refuseTooMany(accountId: string): Promise<void> {
    const all = await this.#ports.store.page(accountId, { limit: MOST_SECRETS });
    if (all.length < MOST_SECRETS) return;
    throw new RowmillError(
      'usage',
      `the account ${accountId} has ${MOST_SECRETS} secrets: delete one first`,
    );
  }
}

class UsedSecrets implements RunSecretSource {
  readonly #use: SecretUse;
  readonly #own: ReadonlyMap<string, StoredSecret>;
  readonly #ports: AccountSecretPorts;
  readonly #ofMachine: ReadonlySet<string>;
  /** By the injection keys of its job: the names of secrets. */
  readonly #injected: ReadonlyMap<string, string>;
  readonly #notes = new Map<string, Promise<void>>();

  constructor(use: SecretUse, own: ReadonlyMap<string, StoredSecret>, ports: AccountSecretPorts) {
    this.#use = use;
    this.#own = own;
    this.#ports = ports;
    this.#injected = new Map(
      Object.entries(use.job?.secrets ?? {}).map(([key, name]) => [secretName(key), name]),
    );
    this.#ofMachine = new Set(
      placesOfMachine(use.task)
        .map((argument) => use.arguments[argument])
        .flatMap((value) => (typeof value === 'string' ? secretsAskedFor(value) : [])),
    );
  }

  get(written: string): string {
    const key = secretName(written);
    const name = this.#nameOf(key);
    const value = this.#find(name);
    if (value === undefined) {
      const asked = name === key ? written : name;
      throw missing(asked, { ...this.#use, isPlace: this.#isPlace(name) });
    }
    if (!this.#notes.has(name)) this.#notes.set(name, this.#note(name));
    return value;
  }

  carried(): Readonly<Record<string, string>> {
    const { machine } = this.#ports;
    const values: Record<string, string> = {};
    for (const name of [...this.#own.keys(), ...this.#ofMachine, ...machine.names()]) {
      try {
        const value = this.#find(name);
        if (value !== undefined) values[name] = value;
      } catch (error) {
        // One that cannot be opened is in nobody's way but his who asks for it.
        if (!(error instanceof RowmillError) || error.code !== 'secret_unreadable') throw error;
      }
    }
    const injected = [...this.#injected].map(([key, name]) => [key, values[name]] as const);
    for (const [key, value] of injected) {
      if (value === undefined) delete values[key];
      else values[key] = value;
    }
    return values;
  }

  async close(): Promise<void> {
    await Promise.all(this.#notes.values());
  }

  /** A key of the job goes before the name of a secret; a place of the machine before both. */
  #nameOf(key: string): string {
    return this.#isPlace(key) ? key : (this.#injected.get(key) ?? key);
  }

  #note(name: string): Promise<void> {
    const { accountId, runId, job } = this.#use;
    const { authAccountId, keyId } = job?.startedBy ?? { ...this.#use, keyId: undefined };
    return this.#ports.note({
      action: 'useSecret',
      accountId,
      authAccountId,
      keyId,
      runId,
      runAs: job?.runAs,
      subject: name,
    });
  }

  #isPlace(name: string): boolean {
    return this.#ofMachine.has(name);
  }

  #find(name: string): string | undefined {
    const { machine, box } = this.#ports;
    if (this.#isPlace(name)) return machine.get(name);
    const own = this.#own.get(name);
    if (own !== undefined) return box.open(own.sealed, aboutSecret(own));
    return this.#use.accountId === OWN_ACCOUNT ? machine.get(name) : undefined;
  }
}

function missing(
  written: string,
  { accountId, isPlace }: { readonly accountId: string; readonly isPlace: boolean },
): RowmillError {
  const name = secretName(written);
  return new RowmillError(
    'usage',
    isPlace
      ? `there is no secret "${written}" of the server: who runs it sets ROWMILL_SECRET_${name}`
      : `there is no secret "${written}" of the account ${accountId}: set it by PUT /v1/secrets/${name}, or rowmill secrets set ${name}`,
  );
}

function checkedName(written: string): string {
  const name = secretName(written);
  if (/^[A-Z][A-Z\d_]{0,99}$/.test(name)) return name;
  throw new RowmillError(
    'usage',
    `"${written}" is no name of a secret: expected a letter, then up to 99 letters, digits, - and _`,
  );
}

function refuseNoJson(name: string, value: string): void {
  try {
    JSON.parse(value);
  } catch {
    // Without what the parser says: it quotes the value.
    throw new RowmillError('usage', `the value for ${name} is no JSON, as it was said to be`);
  }
}

function refuseValue(name: string, value: string): void {
  if (value.length >= SHORTEST_SECRET && value.length <= LONGEST_SECRET) return;
  throw new RowmillError(
    'usage',
    `the value for ${name} has ${value.length} characters: expected ${SHORTEST_SECRET} to ${LONGEST_SECRET}`,
  );
}
