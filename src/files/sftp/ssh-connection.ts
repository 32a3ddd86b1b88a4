import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import type {
  AnyAuthMethod,
  AuthenticationType,
  AuthHandlerMiddleware,
  Client,
  ParsedKey,
  SFTPWrapper,
} from 'ssh2';
import { messageOf, RowmillError } from '../../engine/errors.ts';
import type { SftpCredentials, SftpTarget } from '../../engine/ports/sftp-session.ts';
import type { SftpDefinition } from '../../engine/ports/sftp-store.ts';

/** Opens sockets where that is allowed. */
export interface SocketSource {
  connect(host: string, port: number, withinMs: number): Promise<Socket>;
  /** Throws where a host is no address that may be connected to. */
  refuse(host: string): void;
}

/** A connection, and what the server showed of itself. */
export interface SshConnection {
  readonly client: Client;
  readonly sftp: SFTPWrapper;
  readonly hostKey: string;
  readonly software: string;
  /** Ends it. A server that does not let go of it is cut off. */
  hangUp(): void;
}

const HANGS_UP_WITHIN_MS = 2_000;

/**
 * A server has several keys, and shows the one that is asked for first. Where that is not the one that is
 * written down, another may be.
 */
const KEY_KINDS = [
  undefined,
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
] as const;

/** Connects, and throws `sftp_unreachable` with the reason. */
export async function connectSsh(
  target: SftpTarget,
  sockets: SocketSource,
): Promise<SshConnection> {
  const { name, host, port } = target.definition;
  let shown: string | undefined;
  for (const kinds of KEY_KINDS) {
    try {
      return await attempt(target, { sockets, kinds });
    } catch (error) {
      if (error instanceof WrongKey) {
        shown ??= error.shown;
        continue;
      }
      // It has no key of that kind.
      if (shown !== undefined && /host key/i.test(messageOf(error))) continue;
      if (error instanceof RowmillError) throw error;
      const message = `SFTP ${name}: ${host}:${port} cannot be reached: ${messageOf(error)}`;
      throw new RowmillError('sftp_unreachable', message, { cause: error });
    }
  }
  throw new RowmillError(
    'sftp_unreachable',
    `SFTP ${name}: ${host}:${port} shows the host key ${shown}, and ${target.hostKey} is written down. Where its owner has changed it, say so: rowmill sftp change ${name} --host-key ${shown}. Else somebody stands between`,
  );
}

/** It is not the key that is written down. */
class WrongKey extends Error {
  readonly shown: string;

  constructor(shown: string) {
    super('another host key');
    this.shown = shown;
  }
}

async function attempt(
  target: SftpTarget,
  {
    sockets,
    kinds,
  }: { readonly sockets: SocketSource; readonly kinds: (typeof KEY_KINDS)[number] },
): Promise<SshConnection> {
  const { host, port, user, connectTimeoutSeconds, timeoutSeconds } = target.definition;
  const withinMs = connectTimeoutSeconds * 1_000;
  const { default: ssh2 } = await import('ssh2');
  const begunAt = performance.now();
  const socket = await sockets.connect(host, port, withinMs);
  const seen = { hostKey: '', software: '', isWrong: false };
  socket.on('data', (bytes: Buffer) => {
    seen.software ||= /^SSH-[\d.]+-(\S{1,100})/m.exec(bytes.toString('latin1'))?.[1] ?? '';
  });
  const client = new ssh2.Client();
  let timer: NodeJS.Timeout | undefined;
  try {
    const sftp = await new Promise<SFTPWrapper>((resolve, reject) => {
      // Over all of it: a host that lets us in may still open no session, and says so to nobody.
      timer = setTimeout(
        () =>
          reject(new Error(`Timed out: it opened no session within ${connectTimeoutSeconds} s`)),
        Math.max(0, withinMs - (performance.now() - begunAt)),
      );
      const authentication = new Authentication(target, reject);
      client.on('error', reject);
      client.on('close', () => reject(new Error('it closed the connection')));
      client.on('ready', () => {
        client.sftp((error, sftp) => (error === undefined ? resolve(sftp) : reject(error)));
      });
      client.connect({
        sock: socket,
        username: user,
        readyTimeout: 0,
        keepaliveInterval: Math.ceil((timeoutSeconds * 1_000) / 2),
        keepaliveCountMax: 2,
        ...(kinds === undefined ? {} : { algorithms: { serverHostKey: [...kinds] } }),
        hostVerifier: (key: Buffer) => {
          seen.hostKey = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
          seen.isWrong = target.hostKey !== undefined && target.hostKey !== seen.hostKey;
          return !seen.isWrong;
        },
        authHandler: authentication.next,
      });
    });
    const hangUp = (): void => {
      client.end();
      const late = setTimeout(() => socket.destroy(), HANGS_UP_WITHIN_MS).unref();
      socket.once('close', () => clearTimeout(late));
    };
    return { client, sftp, hostKey: seen.hostKey, software: seen.software, hangUp };
  } catch (error) {
    client.destroy();
    socket.destroy();
    throw seen.isWrong ? new WrongKey(seen.hostKey) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Says who we are, once the host has shown its key: by a private key, or by a password, in either way. */
class Authentication {
  readonly #target: SftpTarget;
  readonly #fail: (error: unknown) => void;
  readonly #tried = new Set<AuthenticationType>();
  #credentials: SftpCredentials | undefined;

  constructor(target: SftpTarget, fail: (error: unknown) => void) {
    this.#target = target;
    this.#fail = fail;
  }

  readonly next: AuthHandlerMiddleware = (left, _, callback) => {
    void this.#answer(left, callback);
  };

  async #answer(
    left: readonly AuthenticationType[] | null,
    answer: (method: AnyAuthMethod) => void,
  ): Promise<void> {
    try {
      answer(await this.#method(left));
    } catch (error) {
      this.#fail(error);
    }
  }

  async #method(left: readonly AuthenticationType[] | null): Promise<AnyAuthMethod> {
    const credentials = (this.#credentials ??= await this.#target.credentials());
    const isOpen = (way: AuthenticationType): boolean => {
      if (this.#tried.has(way) || left?.includes(way) === false) return false;
      this.#tried.add(way);
      return true;
    };
    const { user: username } = this.#target.definition;
    if ('privateKey' in credentials) {
      const key = await readKey(credentials, this.#target.definition);
      if (isOpen('publickey')) return { type: 'publickey', username, key };
      throw this.#refused(left);
    }
    const { password } = credentials;
    if (isOpen('password')) return { type: 'password', username, password };
    if (!isOpen('keyboard-interactive')) throw this.#refused(left);
    return {
      type: 'keyboard-interactive',
      username,
      prompt: (...[, , , prompts, finish]) => finish(prompts.map(() => password)),
    };
  }

  #refused(left: readonly AuthenticationType[] | null): RowmillError {
    const { name, user, privateKeySecret, passwordSecret } = this.#target.definition;
    const given =
      privateKeySecret === undefined
        ? `password (secret ${passwordSecret})`
        : `private key (secret ${privateKeySecret})`;
    const message = `SFTP ${name}: the server does not let the user ${user} in with this ${given}; it takes ${left?.join(', ') ?? 'nothing'}`;
    return new RowmillError('sftp_unreachable', message);
  }
}

/** Throws `usage` for what is no private key; nothing of it is in the message. */
async function readKey(
  { privateKey, passphrase }: Extract<SftpCredentials, { readonly privateKey: string }>,
  { name, privateKeySecret }: SftpDefinition,
): Promise<ParsedKey> {
  const { default: ssh2 } = await import('ssh2');
  const key = ssh2.utils.parseKey(privateKey, passphrase);
  if (!(key instanceof Error) && key.isPrivateKey()) return key;
  const why = key instanceof Error ? key.message : 'it is a public key';
  const message = `SFTP ${name}: the secret ${privateKeySecret} is no private key that can be used: ${why}`;
  throw new RowmillError('usage', message);
}
