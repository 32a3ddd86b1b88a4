import { delimiter as pathListSeparator } from 'node:path';
import { readHandlerCommands } from '../engine/handlers/handler-commands.ts';
import { parseMaxFailures } from '../engine/task/max-failures.ts';
import {
  BOOLEANS,
  DAYS,
  numberOf,
  oneOf,
  readFolder,
  readPaths,
  readSize,
  url,
  valueOrProblem,
  words,
} from './setting-readers.ts';
import type { SettingSpec } from './setting-spec.ts';
import type { Settings } from './settings-read.ts';
import { readSystemPlans } from './system-plans.ts';

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
  handlerCommands: {
    variable: 'ROWMILL_HANDLER_COMMANDS',
    flag: '',
    fallback: {},
    ...valueOrProblem(readHandlerCommands),
    allowed: 'commands of job entities, such as {"render": {"command": ["/usr/bin/render"]}}',
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
    ...valueOrProblem(readSystemPlans),
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
