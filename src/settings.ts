import { existsSync } from 'node:fs';
import { delimiter as pathListSeparator, dirname, join, resolve } from 'node:path';
import { RowmillError } from './engine/errors.ts';
import { didYouMean } from './engine/nearest-names.ts';
import { parseMaxFailures } from './engine/task/max-failures.ts';
import type { MaxFailures } from './engine/task/task.ts';

/** How local runs behave, whatever the command. Flags > ROWMILL_* > rowmill.config.* > defaults. */
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
}

export type SettingName = keyof Settings;

/** A value, and who said so. */
interface ExplainedSetting {
  readonly name: SettingName;
  readonly value: unknown;
  /** `--data`, `ROWMILL_DATA_DIR`, the path of a config file, or `default`. */
  readonly source: string;
  /** The variable that would set it. */
  readonly variable: string;
  /** The flag that would set it. */
  readonly flag: string;
}

export interface LoadedSettings {
  readonly settings: Settings;
  readonly explained: readonly ExplainedSetting[];
  /** The config file that was found. */
  readonly configFile: string | undefined;
  /** ROWMILL_* variables that mean nothing, with what may have been meant. */
  readonly warnings: readonly string[];
}

interface SettingSpec {
  readonly variable: string;
  readonly flag: string;
  readonly fallback: unknown;
  /** Turns what was written into the value; undefined says that it is not one. */
  readonly read: (written: unknown, folder: string) => unknown;
  /** What is allowed, for the error. */
  readonly allowed: string;
}

const SPECS: { readonly [Name in SettingName]: SettingSpec } = {
  dataDir: {
    variable: 'ROWMILL_DATA_DIR',
    flag: '--data',
    fallback: '.rowmill',
    read: (written, folder) =>
      typeof written === 'string' && written !== '' ? resolve(folder, written) : undefined,
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
};

const SETTING_NAMES = Object.keys(SPECS) as readonly SettingName[];
/** Variables of this program that are no settings. */
const OTHER_VARIABLES = ['ROWMILL_DEBUG'];
const OTHER_VARIABLE_PREFIXES = ['ROWMILL_SECRET_'];
const CONFIG_FILES = ['rowmill.config.ts', 'rowmill.config.js', 'rowmill.config.json'];

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
]);

/**
 * Finds every setting. `loadModule` loads a config file that is code. Throws `usage` with every wrong
 * value at once, each with where it was written.
 */
export async function loadSettings({
  flags,
  environment,
  workingDirectory,
  loadModule,
}: {
  readonly flags: Readonly<Partial<Record<SettingName, unknown>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly loadModule: (file: string) => Promise<unknown>;
}): Promise<LoadedSettings> {
  const configFile = findConfigFile(workingDirectory);
  const config = configFile === undefined ? {} : await readConfigFile(configFile, loadModule);
  const problems = unknownKeys(config, configFile);
  const explained = SETTING_NAMES.map((name): ExplainedSetting => {
    const spec = SPECS[name];
    const places = [
      { source: spec.flag, written: flags[name], folder: workingDirectory },
      {
        source: spec.variable,
        written: environment[spec.variable] || undefined,
        folder: workingDirectory,
      },
      // Paths in a config file are relative to it: it means the same from every folder below.
      {
        source: configFile ?? '',
        written: config[name],
        folder: dirname(configFile ?? workingDirectory),
      },
    ];
    const { variable, flag } = spec;
    const place = places.find(({ written }) => written !== undefined);
    if (place === undefined) {
      const value =
        spec.fallback === undefined ? undefined : spec.read(spec.fallback, workingDirectory);
      return { name, value, source: 'default', variable, flag };
    }
    const value = spec.read(place.written, place.folder);
    if (value === undefined) {
      problems.push(
        `${name} (${place.source}): ${JSON.stringify(place.written)} is not ${spec.allowed}`,
      );
    }
    return { name, value, source: place.source, variable, flag };
  });
  if (problems.length > 0) {
    throw new RowmillError('usage', `wrong setting: ${problems.join('; ')}`);
  }
  // Every value was made by the `read` of its own name above.
  const settings = Object.fromEntries(explained.map(({ name, value }) => [name, value])) as unknown;
  return {
    settings: settings as Settings,
    explained,
    configFile,
    warnings: unknownVariables(environment),
  };
}

function findConfigFile(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = CONFIG_FILES.map((file) => join(folder, file)).find((path) => existsSync(path));
    if (found !== undefined || dirname(folder) === folder) return found;
  }
}

async function readConfigFile(
  file: string,
  loadModule: (file: string) => Promise<unknown>,
): Promise<Readonly<Record<string, unknown>>> {
  let loaded: unknown;
  try {
    loaded = await loadModule(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RowmillError('usage', `${file} does not load: ${reason}`, { cause });
  }
  if (typeof loaded !== 'object' || loaded === null || Array.isArray(loaded)) {
    throw new RowmillError(
      'usage',
      `${file} must give an object of settings (export default { … })`,
    );
  }
  return loaded as Readonly<Record<string, unknown>>;
}

function unknownKeys(config: Readonly<Record<string, unknown>>, file = ''): string[] {
  return Object.keys(config)
    .filter((key) => !Object.hasOwn(SPECS, key))
    .map(
      (key) => `${JSON.stringify(key)} (${file}) is no setting.${didYouMean(key, SETTING_NAMES)}`,
    );
}

function unknownVariables(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = [...SETTING_NAMES.map((name) => SPECS[name].variable), ...OTHER_VARIABLES];
  return Object.keys(environment)
    .filter((name) => name.startsWith('ROWMILL_') && !known.includes(name))
    .filter((name) => !OTHER_VARIABLE_PREFIXES.some((prefix) => name.startsWith(prefix)))
    .map((name) => `the variable ${name} means nothing here.${didYouMean(name, known)}`);
}

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

function numberOf(written: unknown, isAllowed: (value: number) => boolean): number | undefined {
  const value = typeof written === 'string' && written.trim() !== '' ? Number(written) : written;
  return typeof value === 'number' && Number.isFinite(value) && isAllowed(value)
    ? value
    : undefined;
}
