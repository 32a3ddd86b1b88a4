import type { AlertRule } from '../engine/automation/alerts/alert-rule.ts';
import type { SystemJobs } from '../engine/automation/system/system-jobs.ts';
import type { DerivedRunFiles } from '../engine/hosting/derived-run-files.ts';
import type { Retention } from '../engine/hosting/retention.ts';
import type { AccountSecrets } from '../engine/hosting/account-secrets.ts';
import type { ApiKeys } from '../engine/hosting/api-keys.ts';
import type { SftpConnections } from '../engine/hosting/sftp-connections.ts';
import type { RunControl } from '../engine/hosting/run-control.ts';
import type { Drafts } from '../engine/hosting/drafts.ts';
import type { RunFamilies } from '../engine/hosting/run-families.ts';
import type { RunEventFeed } from '../engine/hosting/run-event-feed.ts';
import type { RunHost } from '../engine/hosting/run-host.ts';
import type { EventCatalogue } from '../engine/automation/event-catalogue.ts';
import type { EventTeller } from '../engine/automation/event-teller.ts';
import type { JobStarter } from '../engine/jobs/start-job.ts';
import type { AlertStore } from '../engine/ports/alert-store.ts';
import type { EntityStarter } from '../engine/handlers/start-entity.ts';
import type { HandlerRegistry } from '../engine/handlers/registry.ts';
import type { ArrivalClaims } from '../engine/ports/arrival-claims.ts';
import type { AuditStore } from '../engine/ports/audit-store.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { Sha256 } from '../engine/ports/hash.ts';
import type { HostedRunStore } from '../engine/ports/hosted-run-store.ts';
import type { ExecutorStore } from '../engine/ports/executor-store.ts';
import type { IdempotencyStore } from '../engine/ports/idempotency-store.ts';
import type { EntityRunStore } from '../engine/ports/entity-run-store.ts';
import type { JobRunStore } from '../engine/ports/job-run-store.ts';
import type { JobStorages } from '../engine/ports/job-storage.ts';
import type { JobStore } from '../engine/ports/job-store.ts';
import type { JsonSchemas } from '../engine/ports/json-schemas.ts';
import type { MakeId } from '../engine/ports/ids.ts';
import type { RunBin } from '../engine/ports/run-bin.ts';
import type { UploadFiles } from '../engine/ports/upload-files.ts';
import type { FiringStore } from '../engine/ports/firing-store.ts';
import type { ScheduleStore } from '../engine/ports/schedule-store.ts';
import type { SftpStore } from '../engine/ports/sftp-store.ts';
import type { SourceItems, SourceStore } from '../engine/ports/source-store.ts';
import type { SystemJobStore } from '../engine/ports/system-job-store.ts';
import type { QueueStore } from '../engine/ports/queue-store.ts';
import type { ToldEventStore } from '../engine/ports/told-event-store.ts';
import type { StoredTrigger, TriggerStore } from '../engine/ports/trigger-store.ts';
import type { WebhookStore } from '../engine/ports/webhook-store.ts';
import type { Executors } from '../engine/script/executors.ts';
import type { InputInspection } from '../engine/run/check/inspect-input.ts';
import type { RunService } from '../engine/run/run-service.ts';
import type { RegisteredTask } from '../engine/task/registry.ts';
import type { CsvTask } from '../engine/task/task.ts';
import type { Caller } from './access/caller.ts';
import type { RequestLine } from './access/log-request.ts';
import type { RateLimits } from './access/rate-limits.ts';
import type { Actor } from './actor.ts';
import type { ResumableUploads } from './uploads/resumable-uploads.ts';

/** Who is called when something happens. */
interface Webhooks {
  readonly store: WebhookStore;
  /** Something may be due. */
  wake(): void;
  /** `whsec_…`, a new one. */
  makeSecret(): string;
  /** Why this server does not call an address, if it does not. */
  whyNot(url: string): string | undefined;
}

/** What is stored to be run, and what became of it. */
interface Jobs {
  readonly store: JobStore;
  readonly runs: JobRunStore;
  readonly starter: JobStarter;
  readonly storages: JobStorages;
  readonly schemas: JsonSchemas;
  /** Of bytes, in hexadecimal. */
  readonly md5: (bytes: Uint8Array) => string;
  readonly sha256: Sha256;
}

/** Where scripts are executed. */
interface ExecutorPorts {
  readonly store: ExecutorStore;
  readonly available: Pick<Executors, 'find' | 'ofKind'>;
}

/** What handlers run. */
interface Entities {
  readonly store: EntityRunStore;
  readonly starter: EntityStarter;
  readonly handlers: {
    registry(): Promise<HandlerRegistry>;
    readonly problems: readonly { readonly file: string; readonly message: string }[];
  };
}

/** What is started when. */
interface Schedules {
  readonly store: ScheduleStore;
  readonly triggers: TriggerStore;
  readonly firings: FiringStore;
  readonly claims: Pick<ArrivalClaims, 'lying' | 'leave'>;
  readonly makeFiringId: () => string;
  readonly sources: { readonly store: SourceStore; readonly items: SourceItems };
  readonly files: {
    /** Throws `usage` for a folder that the account may not have watched. */
    checkFolder(path: string, accountId: string): Promise<void>;
    /** The same for a file that runs are to read. */
    checkFile(path: string, accountId: string): Promise<void>;
    /** Lets go of the files of a trigger. Gives what is still to be done with one: then nothing was let go. */
    release(trigger: StoredTrigger): Promise<string | undefined>;
  };
  /** Something may be due. */
  readonly wake: () => void;
}

/** SFTP servers that accounts work with. */
interface Sftp {
  readonly store: SftpStore;
  readonly connections: Pick<SftpConnections, 'use' | 'test'>;
  /** Why this server does not connect to a host, if it does not. */
  whyNot(host: string): string | undefined;
}

/** Who is told when something is wrong. */
interface AlertPorts {
  readonly store: AlertStore;
  /** Whether there is an SMTP server. */
  readonly sendsMail: boolean;
  test(rule: AlertRule): Promise<void>;
}

/** What the server does to look after itself. */
interface SystemUpkeep {
  readonly jobs: SystemJobs;
  readonly store: SystemJobStore;
}

/** Where starts of jobs wait. */
interface Queues {
  readonly store: QueueStore;
  /** Something waits. */
  readonly wake: () => void;
}

/** What is told to jobs. */
interface Events {
  readonly teller: Pick<EventTeller, 'tell'>;
  readonly store: ToldEventStore;
  readonly catalogue: EventCatalogue;
}

/** What is measured, for Prometheus. */
interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** `route` is a pattern, never a path. */
  requestEnded(request: {
    readonly method: string;
    readonly route: string;
    readonly status: string;
    readonly seconds: number;
  }): void;
  streamOpened(): void;
  streamClosed(): void;
}

interface ReadinessCheck {
  readonly ok: boolean;
  readonly message: string | null;
}

/** Who may call, from the request's key. */
interface Authenticator {
  /** Throws `unauthorized`. `key` is what stands behind `Bearer`, or in `X-Auth-Token`. */
  actorOf(key: string | undefined, caller: Caller): Promise<Actor>;
  /** Whether nobody needs a key: none was ever made. */
  isOpen(): Promise<boolean>;
  /** A key was revoked. */
  forget(keyId: string): void;
}

export interface ApiSettings {
  /** Origins of web pages that may call. */
  readonly corsOrigins: readonly string[];
  readonly maxConnections: number;
  /** Who takes longer to send its headers is cut off. Default 20 s. */
  readonly headersWithinMs?: number | undefined;
  /** A connection on which nothing moves for so long is closed. Default 120 s. */
  readonly idleMs?: number | undefined;
  readonly maxUploadBytes: number;
  readonly maxBodyBytes: number;
  /** Of JSON records, which are read as a whole; a longer file is sent as CSV. */
  readonly maxRecordsBytes: number;
}

/** The world of the API, handed in by the composition root. */
export interface ApiPorts {
  readonly version: string;
  readonly service: RunService;
  readonly store: HostedRunStore;
  readonly idempotency: IdempotencyStore;
  readonly jobs: Jobs;
  readonly executors: ExecutorPorts;
  readonly entities: Entities;
  readonly schedules: Schedules;
  readonly events: Events;
  readonly queues: Queues;
  readonly sftp: Sftp;
  readonly webhooks: Webhooks;
  readonly alerts: AlertPorts;
  readonly metrics: Metrics;
  readonly retention: Pick<Retention, 'rules' | 'preview'>;
  readonly systemJobs: SystemUpkeep;
  readonly readiness: () => Promise<Readonly<Record<'store' | 'disk' | 'host', ReadinessCheck>>>;
  readonly host: RunHost;
  readonly control: RunControl;
  readonly bin: RunBin;
  readonly feed: RunEventFeed;
  readonly families: RunFamilies;
  readonly derivedFiles: DerivedRunFiles;
  readonly tasks: {
    find(name: string): Promise<RegisteredTask>;
    list(): Promise<readonly RegisteredTask[]>;
    readonly problems: readonly { readonly file: string; readonly message: string }[];
  };
  readonly uploads: UploadFiles;
  readonly drafts: Drafts;
  readonly resumable: ResumableUploads;
  /** Reads a whole file of a task and says what is wrong with its form. */
  inspectInput(file: { readonly task: CsvTask; readonly path: string }): Promise<InputInspection>;
  readonly authenticator: Authenticator;
  readonly keys: ApiKeys;
  readonly secrets: Pick<AccountSecrets, 'set' | 'list' | 'delete'>;
  readonly audit: AuditStore;
  readonly limits: RateLimits;
  /** Is told of every request. */
  readonly onRequest: (line: RequestLine) => void;
  readonly settings: ApiSettings;
  readonly clock: Clock;
  readonly makeId: MakeId;
  /** What went wrong inside. */
  readonly onError: (error: unknown, requestId: string) => void;
}
