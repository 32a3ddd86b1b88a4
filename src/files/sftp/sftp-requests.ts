import type { SFTPWrapper } from 'ssh2';
import { RowmillError } from '../../engine/errors.ts';
import type { SftpDefinition } from '../../engine/ports/sftp-store.ts';
import { refusal, statusOf } from './sftp-errors.ts';
import type { SshConnection } from './ssh-connection.ts';

type Done<Value> = (error: Error | null | undefined, value: Value) => void;

/** What is asked of an SFTP server, until the connection is lost: from then on all is answered with that. */
export class SftpRequests {
  readonly #connection: SshConnection;
  readonly #definition: SftpDefinition;
  readonly #waiting = new Set<(error: unknown) => void>();
  #lost: RowmillError | undefined;
  /** What all paths are below of. */
  root: string;

  constructor(connection: SshConnection, definition: SftpDefinition) {
    this.#connection = connection;
    this.#definition = definition;
    this.root = definition.root;
    const { client, sftp } = connection;
    client.on('error', (error) => this.lose(error.message));
    client.on('close', () => this.lose('the server has closed it'));
    sftp.on('error', (error: Error) => this.lose(error.message));
    sftp.on('close', () => this.lose('the server has closed the session'));
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  do(
    path: string,
    start: (sftp: SFTPWrapper, place: string, done: (error?: Error | null) => void) => void,
  ): Promise<void> {
    return this.ask<void>(path, (sftp, place, done) =>
      start(sftp, place, (error) => done(error, undefined)),
    );
  }

  ask<Value>(
    path: string,
    start: (sftp: SFTPWrapper, place: string, done: Done<Value>) => void,
  ): Promise<Value> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const { timeoutSeconds } = this.#definition;
    return new Promise<Value>((resolve, reject) => {
      const end = (): boolean => {
        clearTimeout(timer);
        return this.#waiting.delete(fail);
      };
      const fail = (error: unknown): void => {
        end();
        reject(error);
      };
      const timer = setTimeout(
        () => this.lose(`no answer within ${timeoutSeconds} s`),
        timeoutSeconds * 1_000,
      );
      this.#waiting.add(fail);
      try {
        start(this.#connection.sftp, this.place(path), (error, value) => {
          if (!end()) return;
          if (error instanceof Error) reject(this.#explained(error, path));
          else resolve(value);
        });
      } catch (error) {
        fail(error);
      }
    });
  }

  #explained(error: Error, path: string): RowmillError {
    const status = statusOf(error);
    if (status !== undefined) return refusal(error, { status, about: this.about(path) });
    return this.#lostBy(error.message);
  }

  lose(why: string): void {
    if (this.#lost === undefined) this.#connection.hangUp();
    this.#lost ??= this.#lostBy(why);
    for (const fail of this.#waiting) fail(this.#lost);
  }

  #lostBy(why: string): RowmillError {
    const { name, host, port } = this.#definition;
    const message = `SFTP ${name}: the connection to ${host}:${port} is lost: ${why}`;
    return new RowmillError('sftp_unreachable', message);
  }

  about(path: string): string {
    return `SFTP ${this.#definition.name}: ${path === '' ? this.root : path}`;
  }

  place(path: string): string {
    return path === '' ? this.root : `${this.root.replace(/\/$/, '')}/${path}`;
  }
}
