import type { SystemPlans } from '../engine/automation/system/system-job.ts';
import type { HandlerCommands } from '../engine/handlers/handler-commands.ts';
import type { MaxFailures } from '../engine/task/task.ts';

/** How runs and the server behave, whatever the command. Flags > ROWMILL_* > rowmill.config.* > defaults. */
export interface Settings {
  /** Folder of the runs. Absolute. */
  readonly dataDir: string;
  /** Files, folders and globs of task modules beside the bundled ones. Absolute. */
  readonly tasks: readonly string[];
  /** Files, folders and globs of modules of handlers, for `serve`. Absolute. */
  readonly handlers: readonly string[];
  /** Where the Docker Engine API is that containers of scripts and entities are run by; undefined for none. */
  readonly containerEngine: string | undefined;
  /** Commands that job entities of a server may name. */
  readonly handlerCommands: HandlerCommands;
  readonly progress: 'auto' | 'bar' | 'plain' | 'json' | 'none';
  readonly color: 'auto' | 'always' | 'never';
  /** `kazoo`: 500 ms after each row, as Kazoo has it, unless the task or the run says otherwise. */
  readonly preset: 'none' | 'kazoo';
  /** Pause after each row, in ms, of tasks that do not say themselves. */
  readonly waitMs: number | undefined;
  readonly maxRowsPerSecond: number | undefined;
  readonly maxFailures: MaxFailures | undefined;
  /** Threads that share the rows of a run, where its task can do with more than one. */
  readonly threads: number;
  readonly excelSafe: boolean;
  /** Address that `serve` listens on. */
  readonly host: string;
  /** Port that `serve` listens on; 0 for any that is free. */
  readonly port: number;
  /** `postgres://…` of `serve`; undefined for SQLite in the data folder. */
  readonly database: string | undefined;
  /** The folder of uploads and runs, where several servers share it; undefined for the data folder. */
  readonly filesDir: string | undefined;
  /** Runs that `serve` carries out at the same time. */
  readonly slots: number;
  readonly maxUploadBytes: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where clients reach the server, when it stands behind a proxy. */
  readonly publicUrl: string | undefined;
  /** Hosts, addresses and networks that runs of `serve` may reach beside the public internet; `*` for all. */
  readonly allowAddresses: readonly string[];
  /** Folders of this machine below which the triggers of `serve` may watch. Absolute. */
  readonly fileRoots: readonly string[];
  /** Origins of web pages that may call `serve`. */
  readonly corsOrigins: readonly string[];
  /** Requests that a key, or an address, may make in a minute; 0 for any number. */
  readonly requestsPerMinute: number;
  /** How long `serve` keeps a draft that nobody removes. */
  readonly draftDays: number;
  readonly maxConnections: number;
  /** Days that `serve` keeps runs that have ended; undefined for ever. */
  readonly keepRunsDays: number | undefined;
  /** Days that `serve` keeps what somebody has deleted; 0: none. */
  readonly keepDeletedDays: number;
  /** What the runs that have ended may take on the disk of `serve`. */
  readonly keepRunsBytes: number | undefined;
  /** Whether `serve` keeps every run that nobody has acknowledged. */
  readonly keepUntilAcknowledged: boolean;
  /** `smtp://user@host:587` or `smtps://…`: takes the mail of alerts; its password is ROWMILL_SMTP_PASSWORD. */
  readonly smtpUrl: string | undefined;
  /** In whose name mail is sent. */
  readonly mailFrom: string | undefined;
  /** When `serve` looks after itself, where that is not by default. */
  readonly systemJobs: SystemPlans;
  /** The server that commands speak to; undefined for runs on this machine. */
  readonly server: string | undefined;
  /** Name of a login to use instead of the default one. */
  readonly profile: string | undefined;
}
