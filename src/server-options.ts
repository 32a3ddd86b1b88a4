import type { RequestLine } from './api/access/log-request.ts';
import type { ApiPorts, ApiSettings } from './api/api-ports.ts';
import type { SystemPlans } from './engine/automation/system/system-job.ts';
import type { HandlerCommands } from './engine/handlers/handler-commands.ts';
import type { ScriptExecutor } from './engine/ports/script-executor.ts';
import type { AzureEngine, HandlerSource } from './entities-app.ts';
import type { SystemExecution } from './engine/ports/system-job-store.ts';
import type { ThreadSource } from './machine.ts';
import type { MailServer } from './system/send-mail.ts';

/** What is deleted can be restored for so long, where nothing is said. */
export const KEEP_DELETED_DAYS = 30;

/** How a server is set up. */
export interface ServerOptions {
  readonly version: string;
  /** Folder of the database, the uploads and the runs. Absolute. */
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  /** `postgres://…`; undefined for SQLite in the data folder. */
  readonly database: string | undefined;
  /** What `ROWMILL_MASTER_KEY` says; undefined for the key in the data folder. */
  readonly masterKey?: string | undefined;
  /** Folder of the uploads and the runs that all servers on the database share. Absolute. Default: `dataDir`. */
  readonly filesDir?: string | undefined;
  readonly tasks: ApiPorts['tasks'];
  /** What job entities name. Default: none. */
  readonly handlers?: HandlerSource | undefined;
  /** Commands that entities of the type `process` may name. Default: none. */
  readonly handlerCommands?: HandlerCommands;
  /** The Docker Engine API that runs containers of entities, `unix:///…` or `tcp://…`. Default: none are run. */
  readonly containerEngine?: string | undefined;
  /** Runs container instances of entities. Default: none are run. */
  readonly azure?: AzureEngine | undefined;
  /** Executes the scripts of jobs. */
  readonly scripts: ScriptExecutor;
  /** What executes them in executors of other kinds than `process`. */
  readonly moreScripts?: Readonly<Record<string, ScriptExecutor>>;
  /** What a server lacks for other kinds, for people. */
  readonly lackingForScripts?: Readonly<Record<string, string>>;
  /** For runs that ask for threads. */
  readonly threads: ThreadSource | undefined;
  /** Hosts and networks that runs and webhooks may reach beside the public internet; `*` for all. */
  readonly allowAddresses: readonly string[];
  /** Folders below which triggers may watch and schedules may read; `{account}` is that which asks. Default: none. */
  readonly fileRoots?: readonly string[];
  readonly corsOrigins: readonly string[];
  /** Of a key, or of an address; 0 for any number. */
  readonly requestsPerMinute: number;
  readonly maxConnections: number;
  /** How long the headers of a request may take. Default 20 s. */
  readonly headersWithinMs?: number;
  /** How long nothing may move on a connection. Default 120 s. */
  readonly idleMs?: number;
  /** Where clients reach the server, when it stands behind a proxy. */
  readonly publicUrl?: string | undefined;
  readonly onRequest: (line: RequestLine) => void;
  readonly maxUploadBytes: number;
  /** How long a draft is kept that nobody removes. Default 7. */
  readonly draftDays?: number;
  /** Runs carried out at the same time. */
  readonly slots: number;
  /** With less space than this the server says that it is not ready. Default 256 MiB. */
  readonly minFreeBytes?: number;
  /** Runs that ended longer ago are removed. Default: none are. */
  readonly keepRunsDays?: number | undefined;
  /** What somebody has deleted can be restored for so long; 0: it is gone at once. Default 30. */
  readonly keepDeletedDays?: number;
  /** The oldest runs are removed until all that have ended take no more. */
  readonly keepRunsBytes?: number | undefined;
  /** Runs that nobody has acknowledged are removed by neither. */
  readonly keepUntilAcknowledged?: boolean;
  /** What takes the mail of alerts. */
  readonly mail?: MailServer | undefined;
  /** When the jobs of the system run, where that is not by default. */
  readonly systemJobs?: SystemPlans;
  /** An execution of a job of the system has ended. */
  readonly onSystemJob?: (execution: SystemExecution) => void;
  /** What the server has done by itself. */
  readonly onNotice?: (message: string) => void;
  readonly onError: (error: unknown, about: string | undefined) => void;
}

/** What the HTTP API is to know of it. */
export function apiSettingsOf(options: ServerOptions): ApiSettings {
  return {
    corsOrigins: options.corsOrigins,
    maxConnections: options.maxConnections,
    headersWithinMs: options.headersWithinMs,
    idleMs: options.idleMs,
    maxUploadBytes: options.maxUploadBytes,
    maxBodyBytes: 1024 * 1024,
    maxRecordsBytes: Math.min(options.maxUploadBytes, 16 * 1024 * 1024),
  };
}
