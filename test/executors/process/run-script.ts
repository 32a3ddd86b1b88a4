import { pathToFileURL } from 'node:url';
import { join, resolve } from 'node:path';
import { ProcessScriptExecutor } from '../../../src/executors/process/process-script-executor.ts';
import type {
  ScriptCall,
  ScriptExecutor,
  ScriptOutcome,
} from '../../../src/engine/ports/script-executor.ts';
import type { JsonValue } from '../../../src/engine/task/json-value.ts';
import type { KeyValueStorage } from '../../../src/engine/task/run-resources.ts';
import { DEFAULT_EXECUTOR } from '../../../src/engine/script/executor-definition.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** Programs of the built package: build it first. */
export const PROGRAMS = {
  javascript: pathToFileURL(join(ROOT, 'dist/script-program.js')),
  jiti: pathToFileURL(join(ROOT, 'node_modules/jiti/')),
  python: pathToFileURL(join(ROOT, 'python/')),
};

/** `graceMs`: between the word that a script must end, TERM and KILL. */
export function makeExecutor(graceMs: number): ProcessScriptExecutor {
  return new ProcessScriptExecutor({
    programs: PROGRAMS,
    path: process.env['PATH'] ?? '',
    graceMs,
  });
}

export const executor = makeExecutor(300);

/** Values in memory. */
export class MapStorage implements KeyValueStorage {
  readonly values = new Map<string, string>();
  /** Of what was set with one, by key. */
  readonly ttls = new Map<string, number>();

  async get(key: string): Promise<JsonValue | undefined> {
    const json = this.values.get(key);
    return json === undefined ? undefined : (JSON.parse(json) as JsonValue);
  }
  async set(
    key: string,
    value: JsonValue,
    { ttlSeconds }: { ttlSeconds?: number | undefined } = {},
  ): Promise<void> {
    this.values.set(key, JSON.stringify(value));
    if (ttlSeconds !== undefined) this.ttls.set(key, ttlSeconds);
  }
  async delete(key: string): Promise<boolean> {
    return this.values.delete(key);
  }
  async list(prefix: string): Promise<readonly string[]> {
    return [...this.values.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
  async compareAndSet(
    key: string,
    {
      expected,
      value,
      ttlSeconds,
    }: { expected: JsonValue | undefined; value: JsonValue; ttlSeconds?: number | undefined },
  ): Promise<boolean> {
    if (this.values.get(key) !== (expected === undefined ? undefined : JSON.stringify(expected))) {
      return false;
    }
    await this.set(key, value, { ttlSeconds });
    return true;
  }
}

type Wishes = Partial<Omit<ScriptCall, 'bundle' | 'limits'>> & {
  readonly limits?: Partial<ScriptCall['limits']>;
  readonly className?: string;
  readonly with?: ScriptExecutor;
};

const LANGUAGES: Readonly<Record<string, string>> = {
  js: 'javascript',
  ts: 'typescript',
  py: 'python',
  pl: 'perl',
};

/** Of files; the first is the entry, and its name says the language. */
export function callOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  { limits = {}, className, ...more }: Omit<Wishes, 'with'> = {},
): ScriptCall {
  const [entry = ''] = Object.keys(files);
  return {
    bundle: {
      language: LANGUAGES[entry.slice(entry.lastIndexOf('.') + 1)] ?? entry,
      entry,
      className,
      files: Object.entries(files).map(([path, content]) => ({ path, content })),
    },
    event: null,
    secrets: {},
    runtimeVersion: '$STABLE',
    access: DEFAULT_EXECUTOR.access,
    logLevel: 'info',
    storage: new MapStorage(),
    signal: new AbortController().signal,
    ...more,
    limits: { ...DEFAULT_EXECUTOR.limits, ...limits },
  };
}

/** Runs files. */
export function runScript(
  files: Readonly<Record<string, string | Uint8Array>>,
  { with: own = executor, ...wishes }: Wishes = {},
): Promise<ScriptOutcome> {
  return own.run(callOf(files, wishes));
}
