type JsonObject = Readonly<Record<string, unknown>>;

/** An SFTP connection of a server, for a person. */
export interface ShownSftp {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly root: string;
  /** Undefined until the host was seen first. */
  readonly hostKey: string | undefined;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** Something that lies in a folder of an SFTP server. */
export interface ShownSftpEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder' | 'other';
  readonly bytes: number;
  readonly modified_at: string;
}

/** What a test has seen. */
export interface ShownSftpTest extends JsonObject {
  readonly host_key: string;
  readonly is_first: boolean;
  readonly software: string;
  readonly root: string;
  readonly files: number;
  readonly folders: number;
}

/** The SFTP connections of an account on a server, by their names. */
export interface SftpDesk {
  list(): Promise<readonly ShownSftp[]>;
  show(name: string): Promise<ShownSftp>;
  /** As `POST /v1/sftp-connections` takes it. */
  add(connection: JsonObject): Promise<ShownSftp>;
  /** As `PATCH /v1/sftp-connections/{sftp_name}` takes it. */
  change(name: string, patch: JsonObject): Promise<ShownSftp>;
  remove(name: string): Promise<void>;
  /** Connects. */
  test(name: string): Promise<ShownSftpTest>;
  /** What lies in a folder, by name. */
  files(name: string, folder: string): Promise<readonly ShownSftpEntry[]>;
  /** Downloads a file; undefined: to standard output. */
  get(name: string, path: string, target: string | undefined): Promise<void>;
  put(name: string, path: string, source: string): Promise<void>;
  removeFile(name: string, path: string): Promise<void>;
}
