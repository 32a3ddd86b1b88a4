import { delimiter as pathListSeparator } from 'node:path';
import { parseMaxFailures } from '../engine/task/max-failures.ts';
import type { SystemPlans } from '../engine/automation/system/system-job.ts';
import type { MaxFailures } from '../engine/task/task.ts';
import {
  BOOLEANS,
  DAYS,
  numberOf,
  oneOf,
  readFolder,
  readPaths,
  readSize,
  url,
  words,
} from './setting-readers.ts';
import type { SettingSpec } from './setting-spec.ts';
import { readSystemPlans } from './system-plans.ts';

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

export type SettingName = keyof Settings;

/** In the order they are shown. */
export const SPECS: { readonly [Name in SettingName]: SettingSpec } = {
  dataDir: {
    variable: 'ROWMILL_DATA_DIR',
    flag: '--data',
    fallback: '.rowmill',
    read: readFolder,
    allowed: 'a folder',
  },
  tasks: {
    variable: 'ROWMILL_TASKS',
    flag: '--tasks',
    fallback: [],
    read: readPaths,
    allowed: `paths of task modules (several in ROWMILL_TASKS with "${pathListSeparator}" between)`,
  },
  handlers: {
    variable: 'ROWMILL_HANDLERS',
    flag: '--handlers',
    fallback: [],
    read: readPaths,
    allowed: `paths of modules of handlers (several in ROWMILL_HANDLERS with "${pathListSeparator}" between)`,
  },
  containerEngine: {
    variable: 'ROWMILL_CONTAINER_ENGINE',
    flag: '--container-engine',
    fallback: undefined,
    ...url('unix', 'tcp', 'http', 'https'),
  },
  progress: {
    variable: 'ROWMILL_PROGRESS',
    flag: '--progress',
    fallback: 'auto',
    ...oneOf('auto', 'bar', 'plain', 'json', 'none'),
  },
  color: {
    variable: 'ROWMILL_COLOR',
    flag: '--color',
    fallback: 'auto',
    ...oneOf('auto', 'always', 'never'),
  },
  preset: { variable: 'ROWMILL_PRESET', flag: '', fallback: 'none', ...oneOf('none', 'kazoo') },
  waitMs: {
    variable: 'ROWMILL_WAIT_MS',
    flag: '--wait-ms',
    fallback: undefined,
    read: (written) => numberOf(written, (value) => value >= 0),
    allowed: 'milliseconds, 0 or more',
  },
  maxRowsPerSecond: {
    variable: 'ROWMILL_MAX_ROWS_PER_SECOND',
    flag: '--max-rows-per-second',
    fallback: undefined,
    read: (written) => numberOf(written, (value) => value > 0),
    allowed: 'a number above 0',
  },
  maxFailures: {
    variable: 'ROWMILL_MAX_FAILURES',
    flag: '--max-failures',
    fallback: undefined,
    read: (written) => parseMaxFailures(String(written)),
    allowed: 'a count such as 100, or a percentage such as 5%',
  },
  threads: {
    variable: 'ROWMILL_THREADS',
    flag: '--threads',
    fallback: 1,
    read: (written) => numberOf(written, (value) => Number.isInteger(value) && value >= 1),
    allowed: 'a whole number, 1 or more',
  },
  excelSafe: {
    variable: 'ROWMILL_EXCEL_SAFE',
    flag: '--excel-safe',
    fallback: false,
    read: (written) => BOOLEANS.get(String(written).toLowerCase()),
    allowed: 'true or false',
  },
  host: {
    variable: 'ROWMILL_HOST',
    flag: '--host',
    fallback: '127.0.0.1',
    read: (written) =>
      typeof written === 'string' && /^[\w.:%-]+$/.test(written) ? written : undefined,
    allowed: 'a name or an address of this machine, such as 127.0.0.1 or ::1',
  },
  port: {
    variable: 'ROWMILL_PORT',
    flag: '--port',
    fallback: 7070,
    read: (written) =>
      numberOf(written, (value) => Number.isInteger(value) && value >= 0 && value <= 65_535),
    allowed: 'a port from 0 (any that is free) to 65535',
  },
  database: {
    variable: 'ROWMILL_DATABASE',
    flag: '--database',
    fallback: undefined,
    ...url('postgres', 'postgresql'),
  },
  filesDir: {
    variable: 'ROWMILL_FILES_DIR',
    flag: '--files-dir',
    fallback: undefined,
    read: readFolder,
    allowed: 'a folder',
  },
  slots: {
    variable: 'ROWMILL_SLOTS',
    flag: '--slots',
    fallback: 4,
    read: (written) => numberOf(written, (value) => Number.isInteger(value) && value >= 1),
    allowed: 'a whole number, 1 or more',
  },
  maxUploadBytes: {
    variable: 'ROWMILL_MAX_UPLOAD_BYTES',
    flag: '--max-upload-bytes',
    fallback: 16 * 1024 ** 3,
    read: readSize,
    allowed: 'a number of bytes, or a size such as 500MB or 16GiB',
  },
  logLevel: {
    variable: 'ROWMILL_LOG_LEVEL',
    flag: '--log-level',
    fallback: 'info',
    ...oneOf('debug', 'info', 'warn', 'error', 'silent'),
  },
  publicUrl: {
    variable: 'ROWMILL_PUBLIC_URL',
    flag: '--public-url',
    fallback: undefined,
    ...url('http', 'https'),
  },
  allowAddresses: {
    variable: 'ROWMILL_ALLOW_ADDRESSES',
    flag: '--allow-addresses',
    fallback: [],
    ...words(/^(?:\*|[\w.:-]+(?:\/\d{1,3})?)$/),
    allowed:
      'hosts, addresses or networks with commas between, such as db.internal,10.1.0.0/16; * for all',
  },
  fileRoots: {
    variable: 'ROWMILL_FILE_ROOTS',
    flag: '--file-roots',
    fallback: [],
    read: readPaths,
    allowed: `folders (several in ROWMILL_FILE_ROOTS with "${pathListSeparator}" between)`,
  },
  corsOrigins: {
    variable: 'ROWMILL_CORS_ORIGINS',
    flag: '',
    fallback: [],
    ...words(/^https?:\/\/[\w.:[\]-]+$/),
    allowed: 'origins with commas between, such as https://app.example.com',
  },
  requestsPerMinute: {
    variable: 'ROWMILL_REQUESTS_PER_MINUTE',
    flag: '',
    fallback: 6000,
    read: (written) => numberOf(written, (value) => Number.isInteger(value) && value >= 0),
    allowed: 'a whole number; 0 for any number of requests',
  },
  draftDays: {
    variable: 'ROWMILL_DRAFT_DAYS',
    flag: '',
    fallback: 7,
    read: (written) => numberOf(written, (value) => value > 0 && value <= 3650),
    allowed: 'a number of days above 0',
  },
  maxConnections: {
    variable: 'ROWMILL_MAX_CONNECTIONS',
    flag: '',
    fallback: 2000,
    read: (written) => numberOf(written, (value) => Number.isInteger(value) && value >= 1),
    allowed: 'a whole number, 1 or more',
  },
  keepRunsDays: {
    variable: 'ROWMILL_KEEP_RUNS_DAYS',
    flag: '',
    fallback: undefined,
    ...DAYS,
  },
  keepDeletedDays: {
    variable: 'ROWMILL_KEEP_DELETED_DAYS',
    flag: '',
    fallback: 30,
    ...DAYS,
  },
  keepRunsBytes: {
    variable: 'ROWMILL_KEEP_RUNS_BYTES',
    flag: '',
    fallback: undefined,
    read: readSize,
    allowed: 'a number of bytes, or a size such as 500MB or 16GiB',
  },
  keepUntilAcknowledged: {
    variable: 'ROWMILL_KEEP_UNTIL_ACKNOWLEDGED',
    flag: '',
    fallback: false,
    read: (written) => BOOLEANS.get(String(written).toLowerCase()),
    allowed: 'true or false',
  },
  smtpUrl: {
    variable: 'ROWMILL_SMTP_URL',
    flag: '',
    fallback: undefined,
    ...url('smtp', 'smtps'),
  },
  mailFrom: {
    variable: 'ROWMILL_MAIL_FROM',
    flag: '',
    fallback: undefined,
    read: (written) =>
      typeof written === 'string' && /^[^<>\r\n]*<?[^\s@<>]+@[^\s@<>]+>?$/.test(written)
        ? written
        : undefined,
    allowed: 'an address such as rowmill@example.com or Rowmill <rowmill@example.com>',
  },
  systemJobs: {
    variable: 'ROWMILL_SYSTEM_JOBS',
    flag: '',
    fallback: {},
    read(written) {
      const read = readSystemPlans(written);
      return 'plans' in read ? read.plans : undefined;
    },
    problem(written) {
      const read = readSystemPlans(written);
      return 'problem' in read ? read.problem : undefined;
    },
    allowed: 'plans of jobs of the system, such as {"retention": {"time": "03:00"}}',
  },
  server: {
    variable: 'ROWMILL_SERVER',
    flag: '--server',
    fallback: undefined,
    ...url('http', 'https'),
  },
  profile: {
    variable: 'ROWMILL_PROFILE',
    flag: '--profile',
    fallback: undefined,
    read: (written) =>
      typeof written === 'string' && /^[\w.-]+$/.test(written) ? written : undefined,
    allowed: 'a name of letters, digits, dots, dashes and underscores',
  },
};
