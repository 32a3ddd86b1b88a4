import type { SftpDefinition } from './sftp-store.ts';

/** Something that lies in a folder of an SFTP server. */
export interface SftpEntry {
  readonly name: string;
  /** `other`: a link, a device. */
  readonly kind: 'file' | 'folder' | 'other';
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** What was found in a folder. */
export interface SftpListing {
  readonly entries: readonly SftpEntry[];
  /** What the server has named, the entries and more. */
  readonly seen: number;
  /** What was met before its end, for a person, such as `10000 entries`; undefined where these are all. */
  readonly limit: string | undefined;
}

/**
 * A connection to an SFTP server. Paths are relative to its root, with `/`; an empty one is the root. What
 * is not said to be an answer is thrown: `input_not_found` for what is not there, `sftp_unreachable` for
 * a connection that is lost (what was asked may have been done, or not), `sftp_failed` for what the server
 * refuses.
 */
export interface SftpSession {
  /** False once the connection is lost. */
  readonly isOpen: boolean;
  /** Whether a file takes the place of another in one step there. */
  readonly replacesAtOnce: boolean;
  /** Throws `input_too_large` for a folder that has more than can be listed. */
  list(folder: string): Promise<readonly SftpEntry[]>;
  /** So many entries at most, whatever there is. */
  listUpTo(folder: string, most: number): Promise<SftpListing>;
  /** Undefined where nothing is there. Links are not followed. */
  entry(path: string): Promise<SftpEntry | undefined>;
  /** Throws `input_too_large` for a file of more bytes. */
  read(path: string, mostBytes: number): Promise<Uint8Array>;
  /** Reads a file piece by piece. Gives how many bytes it had. */
  readTo(path: string, take: (piece: Uint8Array) => Promise<void>): Promise<number>;
  write(path: string, content: Uint8Array): Promise<void>;
  /** With the folders above it. What is there already stays. */
  makeFolder(path: string): Promise<void>;
  /** False where it is not empty, or not there. */
  removeFolder(path: string): Promise<boolean>;
  /** False where it is not there. */
  remove(path: string): Promise<boolean>;
  /**
   * Gives a file or a folder another path, in one step. `taken`: something else has it, and stays, unless
   * it is to be replaced and the server does that in one step.
   */
  rename(
    from: string,
    to: string,
    options?: { readonly replaces: boolean },
  ): Promise<'done' | 'missing' | 'taken'>;
  close(): Promise<void>;
}

/** What an SFTP server showed when it was connected to. */
export interface SftpServerFacts {
  /** Fingerprint of its key, `SHA256:…`. */
  readonly hostKey: string;
  /** What it says that it is: `OpenSSH_9.6`. */
  readonly software: string;
  /** Its path of the root. */
  readonly root: string;
}

export interface SftpTarget {
  readonly definition: SftpDefinition;
  /** The only key that it may show; undefined: any. */
  readonly hostKey: string | undefined;
  /** What proves who we are: asked for once the host has shown its key. */
  readonly credentials: () => Promise<SftpCredentials>;
}

export type SftpCredentials =
  | { readonly password: string }
  | { readonly privateKey: string; readonly passphrase: string | undefined };

/** Connects to SFTP servers. */
export interface SftpSessions {
  /** Throws `sftp_unreachable` with the reason, in which no secret is. */
  open(target: SftpTarget): Promise<SftpSession & { readonly server: SftpServerFacts }>;
  /** Why no address of this host is connected to, as far as its name says so. */
  whyNot(host: string): string | undefined;
}
