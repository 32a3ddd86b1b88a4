import { isElsewhere, RowmillError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  SftpCredentials,
  SftpServerFacts,
  SftpSession,
  SftpSessions,
} from '../ports/sftp-session.ts';
import type { SftpDefinition, SftpStore, StoredSftpConnection } from '../ports/sftp-store.ts';
import { LARGEST_LISTING } from './sftp-files.ts';

interface SftpConnectionsPorts {
  readonly store: SftpStore;
  readonly sessions: SftpSessions;
  readonly secrets: { use(accountId: string, name: string): Promise<string> };
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
}

/** A connection that is open, for all who work with it. */
interface Open {
  readonly session: Promise<Awaited<ReturnType<SftpSessions['open']>>>;
  users: number;
  /** Ends the wait after which one that nobody uses is closed. */
  idle: AbortController | undefined;
}

/** One that nobody has used for so long is closed. */
const IDLE_MS = 30_000;

/** What a test of a connection has found. */
export interface SftpTest {
  readonly connection: StoredSftpConnection;
  readonly server: SftpServerFacts;
  /** It was the first time that the host showed its key: it is written down. */
  readonly isFirst: boolean;
  readonly replacesAtOnce: boolean;
  /** What lies in its root, as far as it can be listed. */
  readonly files: number;
  readonly folders: number;
}

/** The SFTP connections of accounts, by their names: each is opened when somebody works with it. */
export class SftpConnections {
  readonly #ports: SftpConnectionsPorts;
  readonly #open = new Map<string, Open>();
  #isClosed = false;

  constructor(ports: SftpConnectionsPorts) {
    this.#ports = ports;
  }

  /**
   * Throws `usage` where the account has no such connection, or its host was never seen, what the port of
   * sessions says, and `sftp_unreachable` once this is closed.
   */
  async use<Result>(
    accountId: string,
    name: string,
    work: (session: SftpSession) => Promise<Result>,
  ): Promise<Result> {
    const connection = await this.#ports.store.find(accountId, name);
    if (connection === undefined) {
      const message = `the account ${accountId} has no SFTP connection ${name}: rowmill sftp add makes one`;
      throw new RowmillError('usage', message);
    }
    if (connection.hostKey === undefined) {
      const message = `SFTP ${name}: the key of its host is not known yet: rowmill sftp test ${name} shows it and writes it down`;
      throw new RowmillError('usage', message);
    }
    const key = keyOf(connection);
    await this.#forgetLost(key);
    if (this.#isClosed) throw closing(name);
    const open = this.#open.get(key) ?? this.#connect(key, connection);
    open.users += 1;
    open.idle?.abort();
    open.idle = undefined;
    try {
      return await work(await this.#opened(key, open));
    } catch (error) {
      // Whoever comes next connects anew.
      if (isElsewhere(error)) this.#forget(key, open);
      throw error;
    } finally {
      open.users -= 1;
      if (open.users === 0 && !this.#isClosed) void this.#closeLater(key, open);
    }
  }

  /** Connects, whatever is open, and looks into the root. A host that is seen first is known from then on. */
  async test(connection: StoredSftpConnection): Promise<SftpTest> {
    if (this.#isClosed) throw closing(connection.definition.name);
    const session = await this.#ports.sessions.open(this.#targetOf(connection));
    try {
      const { server, replacesAtOnce } = session;
      const { entries } = await session.listUpTo('', LARGEST_LISTING);
      const count = (kind: string): number => entries.filter((entry) => entry.kind === kind).length;
      const isFirst = connection.hostKey === undefined;
      const known = isFirst
        ? await this.#ports.store.trust(connection, server.hostKey)
        : connection;
      if (known === undefined) {
        const message = `SFTP ${connection.definition.name} was changed meanwhile: test it again`;
        throw new RowmillError('usage', message);
      }
      const [files, folders] = [count('file'), count('folder')];
      return { connection: known, server, isFirst, replacesAtOnce, files, folders };
    } finally {
      await session.close();
    }
  }

  /** For good: who works with a connection loses it, and nobody connects any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const all = [...this.#open];
    for (const [key, open] of all) this.#forget(key, open);
    await Promise.all(all.map(([, open]) => closed(open)));
  }

  async #opened(key: string, open: Open): Promise<SftpSession> {
    try {
      return await open.session;
    } catch (error) {
      this.#forget(key, open);
      throw error;
    }
  }

  /** One that was lost while nobody used it is nobody's trouble. */
  async #forgetLost(key: string): Promise<void> {
    const open = this.#open.get(key);
    const session = await open?.session.catch(() => undefined);
    if (open !== undefined && session?.isOpen === false) this.#forget(key, open);
  }

  #connect(key: string, connection: StoredSftpConnection): Open {
    const session = this.#ports.sessions.open(this.#targetOf(connection));
    const open: Open = { session, users: 0, idle: undefined };
    this.#open.set(key, open);
    return open;
  }

  #targetOf({ accountId, definition, hostKey }: StoredSftpConnection) {
    return { definition, hostKey, credentials: () => this.#credentials(accountId, definition) };
  }

  async #credentials(accountId: string, definition: SftpDefinition): Promise<SftpCredentials> {
    const { passwordSecret, privateKeySecret, passphraseSecret } = definition;
    const secret = (name: string): Promise<string> => this.#ports.secrets.use(accountId, name);
    if (privateKeySecret === undefined) return { password: await secret(passwordSecret ?? '') };
    return {
      privateKey: await secret(privateKeySecret),
      passphrase: passphraseSecret === undefined ? undefined : await secret(passphraseSecret),
    };
  }

  async #closeLater(key: string, open: Open): Promise<void> {
    const { clock, makeStop } = this.#ports;
    const idle = makeStop();
    open.idle = idle;
    await clock.sleep(IDLE_MS, idle.signal);
    if (idle.signal.aborted) return;
    this.#forget(key, open);
    await closed(open);
  }

  #forget(key: string, open: Open): void {
    open.idle?.abort();
    if (this.#open.get(key) === open) this.#open.delete(key);
  }
}

/** A connection as it was read: one that was changed is another. */
function keyOf({ accountId, definition, hostKey }: StoredSftpConnection): string {
  return JSON.stringify([accountId, hostKey, definition]);
}

function closing(name: string): RowmillError {
  return new RowmillError('sftp_unreachable', `SFTP ${name}: this server is ending`);
}

async function closed({ session }: Open): Promise<void> {
  // One that was never opened was told to who asked for it.
  await (await session.catch(() => undefined))?.close();
}
