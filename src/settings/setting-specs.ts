import { delimiter as pathListSeparator, resolve } from 'node:path';
import { parseMaxFailures } from '../engine/task/max-failures.ts';
import type { MaxFailures } from '../engine/task/task.ts';

/** How runs and the server behave, whatever the command. Flags > ROWMILL_* > rowmill.config.* > defaults. */
export interface Settings {
  /** Folder of the runs. Absolute. */
  readonly dataDir: string;
  /** Files, folders and globs of task modules beside the bundled ones. Absolute. */
  readonly tasks: readonly string[];
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
  /** Origins of web pages that may call `serve`. */
  readonly corsOrigins: readonly string[];
  /** Requests that a key, or an address, may make in a minute; 0 for any number. */
  readonly requestsPerMinute: number;
  /** How long `serve` keeps a draft that nobody removes. */
  readonly draftDays: number;
  readonly maxConnections: number;
  /** Days that `serve` keeps runs that have ended; undefined for ever. */
  readonly keepRunsDays: number | undefined;
  /** What the runs that have ended may take on the disk of `serve`. */
  readonly keepRunsBytes: number | undefined;
  /** Whether `serve` keeps every run that nobody has acknowledged. */
  readonly keepUntilAcknowledged: boolean;
  /** The server that commands speak to; undefined for runs on this machine. */
  readonly server: string | undefined;
  /** Name of a login to use instead of the default one. */
  readonly profile: string | undefined;
}

export type SettingName = keyof Settings;

export interface SettingSpec {
  readonly variable: string;
  readonly flag: string;
  readonly fallback: unknown;
  /** Turns what was written into the value; undefined says that it is not one. */
  readonly read: (written: unknown, folder: string) => unknown;
  /** What is allowed, for the error. */
  readonly allowed: string;
  /** The value as it may be shown, where it can hold a secret. */
  readonly shown?: (value: string) => string;
}

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
    flag: '',
    fallback: [],
    ...words(/^(?:\*|[\w.:-]+(?:\/\d{1,3})?)$/),
    allowed:
      'hosts, addresses or networks with commas between, such as db.internal,10.1.0.0/16; * for all',
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
    read: (written) => numberOf(written, (value) => value >= 0),
    allowed: 'a number of days, 0 or more',
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

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
]);

function oneOf(...words: readonly string[]): Pick<SettingSpec, 'read' | 'allowed'> {
  return {
    read: (written) => words.find((word) => word === written),
    allowed: `one of ${words.join(', ')}`,
  };
}

function readPaths(written: unknown, folder: string): readonly string[] | undefined {
  const paths = typeof written === 'string' ? written.split(pathListSeparator) : written;
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) return undefined;
  return paths.filter((path) => path !== '').map((path) => resolve(folder, path));
}

/** Words with commas between, or a list of them. */
function words(pattern: RegExp): Pick<SettingSpec, 'read'> {
  return {
    read: (written) => {
      const given = typeof written === 'string' ? written.split(/[\s,]+/) : written;
      if (!Array.isArray(given) || !given.every((word) => typeof word === 'string'))
        return undefined;
      const named = given.filter((word) => word !== '');
      return named.every((word) => pattern.test(word)) ? named : undefined;
    },
  };
}

function numberOf(written: unknown, isAllowed: (value: number) => boolean): number | undefined {
  const value = typeof written === 'string' && written.trim() !== '' ? Number(written) : written;
  return typeof value === 'number' && Number.isFinite(value) && isAllowed(value)
    ? value
    : undefined;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** `1000`, `500MB`, `16 GiB`. */
function readSize(written: unknown): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(String(written)) ?? [];
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined;
  const bytes = number === '' || factor === undefined ? 0 : Math.floor(Number(number) * factor);
  return bytes >= 1 ? bytes : undefined;
}

/** An address with one of these schemes. Its password is never shown. */
function url(...schemes: readonly string[]): Pick<SettingSpec, 'read' | 'allowed' | 'shown'> {
  return {
    read: (written) => {
      if (typeof written !== 'string' || !URL.canParse(written)) return undefined;
      return schemes.includes(new URL(written).protocol.slice(0, -1)) ? written : undefined;
    },
    allowed: `an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
    shown: (value) => value.replace(/^([^:]+:\/\/[^/:@]*):.*@/, '$1:***@'),
  };
}

function readFolder(written: unknown, folder: string): string | undefined {
  return typeof written === 'string' && written !== '' ? resolve(folder, written) : undefined;
}
