import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RowmillError } from './engine/errors.ts';
import { didYouMean } from './engine/nearest-names.ts';
import { SPECS, type SettingName } from './settings/setting-specs.ts';
import type { Settings } from './settings/settings-read.ts';

export type { Settings };

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

const SETTING_NAMES = Object.keys(SPECS) as readonly SettingName[];
/** Variables of this program that are no settings. */
const OTHER_VARIABLES = [
  'ROWMILL_DEBUG',
  'ROWMILL_API_KEY',
  'ROWMILL_MASTER_KEY',
  'ROWMILL_SMTP_PASSWORD',
];
const OTHER_VARIABLE_PREFIXES = ['ROWMILL_SECRET_'];
const CONFIG_FILES = ['rowmill.config.ts', 'rowmill.config.js', 'rowmill.config.json'];

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
      const wrong = `${withoutPassword(JSON.stringify(place.written))} is not ${spec.allowed}`;
      problems.push(`${name} (${place.source}): ${spec.problem?.(place.written) ?? wrong}`);
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
    explained: explained.map(shown),
    configFile,
    warnings: unknownVariables(environment),
  };
}

/** `config` is pasted into reports: no password goes there. */
function shown(setting: ExplainedSetting): ExplainedSetting {
  const { value, name } = setting;
  const show = SPECS[name].shown;
  return show === undefined || typeof value !== 'string'
    ? setting
    : { ...setting, value: show(value) };
}

function withoutPassword(text: string): string {
  return text.replaceAll(/(:\/\/[^/:@]*):.*@/g, '$1:***@');
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
