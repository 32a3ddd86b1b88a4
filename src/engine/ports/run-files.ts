import type { ByteSource } from './byte-source.ts';
import type { OutputFile } from './output-file.ts';

/** An input that is open. */
export interface InputFile extends ByteSource {
  /** For messages: a path, or `standard input`. */
  readonly name: string;
  /** Time of the last change, ms since 1970; undefined for a stream. */
  readonly modifiedMs: number | undefined;
  /** Whether something was written behind its end since it was opened. That is not read. */
  hasGrown(): Promise<boolean>;
  /** Whether bytes that were read can be read again. */
  readonly isSeekable: boolean;
  /**
   * From now on an end of the stream is not believed: a Ctrl-C ends the program that fills it, too, and
   * what it had still to say is missing.
   */
  distrustEnd(): void;
  /** Ends when what was read of a stream is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** An output that is open. */
export interface WritableFile extends OutputFile {
  /** Undefined where the output is a stream. */
  readonly path: string | undefined;
  close(): Promise<void>;
}

/** The files of runs. Errors are RowmillErrors that name the path. */
export interface RunFiles {
  openInput(path: string): Promise<InputFile>;
  /** Standard input; copied to `spoolPath` as it comes, if given, and compared with what is there already. */
  openStandardInput(spoolPath: string | undefined): Promise<InputFile>;
  /** Whether a spool holds its stream to the end, so that it can be opened as a file. */
  isSpoolWhole(spoolPath: string): Promise<boolean>;
  /**
   * Writes the whole input to `path`, unpacked, as UTF-8 and without the lines it is drawn with: for
   * what cannot be read in place. Gives what it was; the encoding where it was another.
   */
  copyAsUtf8(
    input: InputFile,
    path: string,
    options: { readonly encoding: string | undefined; readonly delimiter?: string | undefined },
  ): Promise<{
    readonly encoding: string | undefined;
    readonly wasPacked: boolean;
    readonly wasRuled: boolean;
  }>;
  /** A second name for a file, or a copy where the file system has no such thing. On the disk when it ends. */
  link(path: string, newPath: string): Promise<void>;
  /** A folder for what a check needs for a moment. */
  makeTemporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }>;
  /**
   * Opens for writing behind the first `keepBytes` bytes, the rest cut off; 0 begins anew. Where `confirm`
   * is given, it is called once the file is open, and nothing is changed in it where that throws.
   */
  openOutput(path: string, keepBytes: number, confirm?: () => Promise<void>): Promise<WritableFile>;
  openStandardOutput(): WritableFile;
  /** Throws where a file of this name could not be written: no folder, a folder of that name, no permission. */
  refuseUnwritable(path: string): Promise<void>;
  /** Whether there is a file of this name with at least a byte in it. */
  hasContent(path: string): Promise<boolean>;
  readText(path: string): Promise<string | undefined>;
  /** The one name of a path, symbolic links resolved. */
  realPath(path: string): Promise<string>;
  /**
   * The same for all names of one file, hard links among them; undefined for what may be written by many: a
   * device, a pipe.
   */
  identityOf(path: string): Promise<string | undefined>;
}
