import type { ResultCode } from '../jobs/result-code.ts';
import type { JsonValue } from '../task/json-value.ts';
import type { KeyValueStorage, SftpFiles } from '../task/run-resources.ts';

/** One file of a script. */
interface ScriptFile {
  /** Relative to the script's folder, with `/` between folders: `main.py`, `lib/names.ts`. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** What an author uploads: files that import each other, and where to begin. */
export interface ScriptBundle {
  /** `javascript`, `typescript`, `python`, or whatever else a runtime of the executor speaks. */
  readonly language: string;
  readonly files: readonly ScriptFile[];
  /** Path of the file that has the job's class. */
  readonly entry: string;
  /** Name of the job's class; undefined where the entry has exactly one. */
  readonly className?: string | undefined;
}

/** What a script may use. A limit that is hit ends the script, with all the processes it began. */
export interface ScriptLimits {
  /** Of all its processes together, in MiB. */
  readonly memoryMb: number;
  /** Wall clock, in seconds. */
  readonly timeoutSeconds: number;
  /** Of what it prints, logs and gives as its result together, in bytes. */
  readonly outputBytes: number;
  /** Processes and threads of it at once. */
  readonly processes: number;
  /** Of the files it writes, in MiB. */
  readonly folderMb: number;
}

/** What a script may reach beyond its own folder. */
export interface ScriptAccess {
  /** The host's network, the machine itself included; otherwise none at all. */
  readonly network: boolean;
  /** Files and folders of the host that it may read, each under its own absolute path. */
  readonly readable: readonly string[];
}

export const SCRIPT_LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type ScriptLogLevel = (typeof SCRIPT_LOG_LEVELS)[number];

/** One execution of a script. */
export interface ScriptCall {
  readonly bundle: ScriptBundle;
  readonly event: JsonValue;
  /** By injection key. Their texts are struck from all that comes back. */
  readonly secrets: Readonly<Record<string, JsonValue>>;
  /** `$STABLE`, `$LATEST`, or a version such as `3.11`. */
  readonly runtimeVersion: string;
  /** Of executors that execute scripts in containers. */
  readonly image?: string | undefined;
  readonly limits: ScriptLimits;
  readonly access: ScriptAccess;
  /** What is logged below this level is dropped. */
  readonly logLevel: ScriptLogLevel;
  readonly storage: KeyValueStorage;
  /** Undefined: it may use none. */
  readonly sftp?: ((connection: string) => SftpFiles) | undefined;
  /** Aborted: the script is told, then it gets TERM, then KILL. */
  readonly signal: AbortSignal;
}

export type ScriptLimitName = 'memory' | 'timeout' | 'output' | 'processes' | 'folder';

/** Why a script ended in an error, and where in the author's own files. */
export interface ScriptError {
  /** Its class: `TypeError`, `KeyError`; or what ended it: `LimitExceeded`, `Aborted`, `NoResult`. */
  readonly name: string;
  readonly message: string;
  readonly file?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
  /** From 1. */
  readonly column?: number | undefined;
  readonly stack?: string | undefined;
}

/** What a script printed, up to the limit. */
export interface CapturedText {
  readonly text: string;
  /** All it printed, as far as it was read. */
  readonly bytes: number;
  /** How many of these are not in `text`. */
  readonly cutBytes: number;
}

export interface ScriptLogEntry {
  readonly level: ScriptLogLevel;
  readonly message: string;
}

interface ScriptStatistics {
  readonly wallMs: number;
  /** User and system time of all its processes, as far as they were waited for or seen alive. */
  readonly cpuMs: number;
  /** Highest memory seen, its children included, in bytes. */
  readonly peakMemoryBytes: number;
  readonly eventBytes: number;
  readonly resultBytes: number;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
}

/** What came of an execution. That a script failed is a value; only what kept it from beginning is thrown. */
export interface ScriptOutcome {
  readonly resultCode: ResultCode;
  /** What the script returned; null where it returned nothing or did not come to its end. */
  readonly result: JsonValue;
  /** Of an idle script: why there was nothing to do. */
  readonly message?: string | undefined;
  readonly error?: ScriptError | undefined;
  /** The limit that ended it. */
  readonly limit?: ScriptLimitName | undefined;
  readonly log: readonly ScriptLogEntry[];
  readonly stdout: CapturedText;
  readonly stderr: CapturedText;
  readonly statistics: ScriptStatistics;
  readonly runtime: ScriptRuntimeName;
}

export interface ScriptRuntimeName {
  readonly language: string;
  readonly version: string;
}

/** A version of a language that scripts can be written in, and the libraries that come with it. */
export interface ScriptRuntimeFacts extends ScriptRuntimeName {
  /** What `$STABLE` or `$LATEST` means, where it means this one. */
  readonly channels: readonly ('$STABLE' | '$LATEST')[];
  /** `name version`, in alphabetical order. */
  readonly libraries: readonly string[];
}

/** Executes scripts that nobody here has read. */
export interface ScriptExecutor {
  /**
   * Throws `task_invalid` for a bundle that is none, `arguments_invalid` for limits it cannot keep, and
   * `executor_unavailable` where this machine has no such runtime or cannot isolate it.
   */
  run(call: ScriptCall): Promise<ScriptOutcome>;
  /** `image`: for executors whose runtimes are those of an image. `signal`: nobody waits for them any more. */
  runtimes(image?: string, signal?: AbortSignal): Promise<readonly ScriptRuntimeFacts[]>;
  /** How scripts are isolated here, in a sentence. Throws `executor_unavailable` with the reason where they cannot be. */
  isolation(): Promise<string>;
}
