import type { ScriptExecutor } from '../engine/ports/script-executor.ts';
import type { ApiKey } from '../engine/ports/key-store.ts';
import type { AlertDesk } from '../engine/automation/alerts/alert-desk.ts';
import type { SystemDesk } from '../engine/automation/system/system-desk.ts';
import type { EventDesk } from '../engine/automation/event-desk.ts';
import type { QueueDesk } from '../engine/automation/queue-desk.ts';
import type { ScheduleDesk } from '../engine/automation/schedule-desk.ts';
import type { ExecutorDesk } from '../engine/script/executor-desk.ts';
import type { JobDesk } from '../engine/jobs/job-desk.ts';
import type { SftpDesk } from '../engine/hosting/sftp-desk.ts';
import type { SourceDesk } from '../engine/automation/source-desk.ts';
import type { EntityDesk } from '../engine/handlers/entity-desk.ts';
import type { ServiceDesk } from '../engine/services/service-desk.ts';
import type { RunHandles, RunRequest, RunService, RunSummary } from '../engine/run/run-service.ts';
import type { SecretFacts } from '../engine/ports/secret-store.ts';
import type { RegisteredTask } from '../engine/task/registry.ts';
import type { Settings } from '../settings.ts';
import type { StopSignalName } from './exit-codes.ts';

/** A standard stream: a terminal, a pipe or a file. */
export interface OutputStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  /** False when the caller should wait for `drain`. */
  write(text: string): boolean;
  once(event: 'drain' | 'close' | 'error', listener: () => void): unknown;
  removeListener(event: 'drain' | 'close' | 'error', listener: () => void): unknown;
}

/** Flags that are settings too; undefined where the flag was not given. */
type SettingFlags = Readonly<Partial<Record<keyof Settings, unknown>>>;

/** A setting and who said so. */
export interface SettingExplanation {
  readonly name: string;
  readonly value: unknown;
  readonly source: string;
  readonly variable: string;
  readonly flag: string;
}

/** The tasks that can be run. */
interface TaskSource {
  find(name: string): Promise<RegisteredTask>;
  list(): Promise<readonly RegisteredTask[]>;
  /** Modules that did not load, so far. */
  readonly problems: readonly { readonly file: string; readonly message: string }[];
}

/** A task module whose code has changed. */
interface TaskModuleChange {
  readonly file: string;
  readonly tasks: readonly string[];
  /** Why the version before stays. */
  readonly problem: string | undefined;
}

/** What a command works with, once flags and settings are known. */
export interface Workspace {
  readonly settings: Settings;
  readonly explained: readonly SettingExplanation[];
  readonly configFile: string | undefined;
  /** About settings that mean nothing. */
  readonly warnings: readonly string[];
  readonly tasks: TaskSource;
  /** Reloads task modules when their files change, until the returned function is called. */
  watchTasks(listeners: {
    readonly onChange: (changes: readonly TaskModuleChange[]) => void;
    readonly onError: (message: string) => void;
  }): Promise<() => void>;
  /** Opens the runs at the first call. */
  runs(): Promise<RunService>;
  /** Undefined where everything happens on this machine. */
  readonly server: ServerWorkspace | undefined;
}

/** What only a server has. */
export interface ServerWorkspace {
  readonly url: string;
  /** Uploads the input of a run and starts it; its end is not waited for. */
  start(request: RunRequest, handles: RunHandles): Promise<RunSummary>;
  /** Downloads a file of a run; without a target to standard output. */
  download(runId: string, name: RunFileName, target: string | undefined): Promise<void>;
  /** `rowmill tasks template …` and the like; undefined where the task has no such thing. */
  taskText(name: string, text: 'template' | 'sample' | 'schema'): Promise<string | undefined>;
  /** Lets a run go on. The signal says that nobody waits for it any more. */
  resume(
    runId: string,
    options: { readonly acceptNewCode: boolean; readonly signal: AbortSignal },
  ): Promise<RunSummary>;
  /** Brings a deleted run back. */
  restore(runId: string): Promise<RunSummary>;
  /** Says that the end of a run was seen. Throws `wrong_status` for one that has not ended. */
  acknowledge(runId: string): Promise<RunSummary>;
  readonly kazoo: KazooServer;
  readonly jobs: JobDesk;
  readonly executors: ExecutorDesk;
  readonly schedules: ScheduleDesk;
  readonly events: EventDesk;
  readonly queues: QueueDesk;
  readonly system: SystemDesk;
  readonly alerts: AlertDesk;
  readonly services: ServiceDesk;
  readonly sources: SourceDesk;
  readonly sftp: SftpDesk;
  readonly entities: EntityDesk;
  readonly secrets: Pick<SecretDesk, 'set' | 'list' | 'delete'>;
}

/** A server as Kazoo's maintenance commands see it: what it answers is printed as it is. */
export interface KazooServer {
  help(category: string | undefined, action: string | undefined): Promise<unknown>;
  /** `before`: those created until then, in Gregorian seconds. */
  tasks(account: string | undefined, before?: number): Promise<unknown>;
  task(taskId: string): Promise<unknown>;
  /** Writes a file of a task to standard output. */
  file(taskId: string, which: 'input' | 'output'): Promise<void>;
  add(
    task: { readonly category: string; readonly action: string; readonly path: string | undefined },
    account: string | undefined,
  ): Promise<unknown>;
  start(taskId: string): Promise<unknown>;
  restart(taskId: string): Promise<unknown>;
  remove(taskId: string, account?: string): Promise<unknown>;
}

/** Files of a run that a server gives. */
export const RUN_FILE_NAMES = [
  'output',
  'failed',
  'unprocessed',
  'errors',
  'merged',
  'input',
] as const;

export type RunFileName = (typeof RUN_FILE_NAMES)[number];

/** A server and the key to it. */
export interface Login {
  readonly server: string;
  /** Undefined where the server asks for none. */
  readonly key: string | undefined;
}

/** The logins of the user. */
interface Logins {
  /** The file they are in. */
  readonly path: string;
  list(): Promise<ReadonlyMap<string, Login>>;
  set(name: string, login: Login): Promise<void>;
  remove(name: string): Promise<void>;
}

/** Something `doctor` tries. Throws when it does not work; gives what it found. */
export interface Probe {
  readonly name: string;
  /** Undefined where there is nothing to try. `settings`: undefined where they cannot be read. */
  readonly try: (settings: Settings | undefined) => Promise<string | undefined>;
  /** What most runs do not need: where it fails, that is a warning. */
  readonly isOptional?: boolean;
}

/** What `serve` needs beside the settings. */
interface ServeOptions {
  readonly workspace: Workspace;
}

/** A line of the log of a server: what happened, and what is known of it. */
interface ServerEvent extends Readonly<Record<string, unknown>> {
  readonly event: string;
}

/** A server that listens. */
export interface ServingServer {
  readonly url: string;
  /** No key was made yet: whoever reaches it may do all. */
  readonly isOpen: boolean;
  /** Writes a line into its log. */
  log(event: ServerEvent): void;
  close(): Promise<void>;
}

/** Where keys are made and revoked. */
export interface KeyDesk {
  /** `text` is the key itself, which nobody sees again. */
  create(
    wanted: Pick<ApiKey, 'accountId' | 'name' | 'scopes' | 'expiresAtMs'>,
  ): Promise<{ readonly key: ApiKey; readonly text: string }>;
  list(): Promise<readonly ApiKey[]>;
  find(keyId: string): Promise<ApiKey | undefined>;
  revoke(key: ApiKey): Promise<void>;
  close(): Promise<void>;
}

/** Where secrets are set and removed; nobody reads one. `account` undefined: that of the key, or `local`. */
export interface SecretDesk {
  /** `isJson`: the value is JSON, and scripts are given it as such. */
  set(
    account: string | undefined,
    name: string,
    secret: { readonly value: string; readonly isJson: boolean },
  ): Promise<SecretFacts>;
  list(account: string | undefined): Promise<readonly SecretFacts[]>;
  delete(account: string | undefined, name: string): Promise<void>;
  /** Makes a master key and seals all secrets with it. */
  rotate(): Promise<{
    readonly keyId: string;
    readonly resealed: number;
    /** What could not be opened, and why. */
    readonly unreadable: readonly string[];
  }>;
  close(): Promise<void>;
}

/** The world around the command line, handed in: a test has its own. */
export interface CommandLineHost {
  readonly version: string;
  readonly stdin: { readonly isTTY?: boolean | undefined };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly processId: number;
  /** `here`: whatever the settings say of a server, this machine is meant. */
  open(flags: SettingFlags, place: 'here' | 'as_set'): Promise<Workspace>;
  logins(): Promise<Logins>;
  /** Throws unless the server is there and takes the key. */
  tryLogin(login: Login): Promise<void>;
  /** All of standard input, as text. */
  readStdin(): Promise<string>;
  /** Starts the server and says where it listens. */
  serve(options: ServeOptions): Promise<ServingServer>;
  /** The keys of the server on this data folder. */
  keys(workspace: Workspace): Promise<KeyDesk>;
  /** Executes scripts on this machine. */
  scripts(): Promise<ScriptExecutor>;
  /** The secrets of the server that the settings name, or of the one on this data folder. */
  secrets(workspace: Workspace): Promise<SecretDesk>;
  /** Calls back at each signal until the returned function is called. */
  onSignal(listener: (signal: StopSignalName) => void): () => void;
  /** Called when the reader of stdout has gone. */
  onPipeClosed(listener: () => void): () => void;
  /** Ends the process at once: the user's last resort. */
  terminate(exitCode: number): void;
  readonly probes: readonly Probe[];
}
