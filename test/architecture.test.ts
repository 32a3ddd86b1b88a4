import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * Which layer may import which: the rule and its document at once. A layer is a folder of src (or of
 * src/engine), or a file there. What is not listed is not allowed.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  // The engine knows no world: clock, ids, log, files, hash and codec come in through ports.
  'engine/errors': [],
  'engine/nearest-names': [],
  'engine/csv': ['engine/ports'],
  'engine/task': ['engine/errors', 'engine/nearest-names'],
  'engine/ports': [
    'engine/automation',
    'engine/handlers',
    'engine/jobs',
    'engine/run',
    'engine/task',
  ],
  'engine/run': ['engine/csv', 'engine/errors', 'engine/ports', 'engine/task'],
  // When something is due, and what becomes of it.
  'engine/automation': [
    'engine/errors',
    'engine/hosting',
    'engine/jobs',
    'engine/nearest-names',
    'engine/ports',
    'engine/run',
    'engine/task',
  ],
  // What a server does with runs: carries them out when they are due, tells who watches.
  'engine/hosting': ['engine/errors', 'engine/ports', 'engine/run', 'engine/task'],
  // What is stored to be run: a job starts runs of a server.
  'engine/jobs': [
    'engine/errors',
    'engine/hosting',
    'engine/ports',
    'engine/run',
    'engine/script',
    'engine/services',
    'engine/task',
  ],
  // What is done elsewhere, and waited for.
  'engine/services': [
    'engine/automation',
    'engine/errors',
    'engine/jobs',
    'engine/ports',
    'engine/task',
  ],
  // What a script is, and what its author extends.
  'engine/script': ['engine/errors', 'engine/nearest-names', 'engine/ports', 'engine/task'],
  'engine/service': ['engine/errors', 'engine/run'],
  // What is done by plugins, for entities that name them.
  'engine/handlers': [
    'engine/errors',
    'engine/hosting',
    'engine/jobs',
    'engine/nearest-names',
    'engine/ports',
    'engine/run',
    'engine/task',
  ],
  // Tasks know the names that every author knows, and libraries of their subject.
  tasks: ['index', 'verifiers'],
  // Adapters know the engine, never each other.
  executors: ['engine'],
  files: ['engine'],
  stores: ['engine'],
  system: ['engine'],
  'task-modules': ['engine'],
  settings: ['engine'],
  // Of the settings only what they are: main hands in what they say.
  cli: ['engine', 'settings'],
  // Speaks to a server of ours.
  client: ['engine'],
  api: ['engine'],
  // The public names.
  index: ['engine/handlers', 'engine/task', 'engine/errors'],
  verifiers: ['engine/task'],
  csv: ['engine/csv', 'engine/ports', 'files'],
  job: ['engine'],
  run: ['app', 'engine'],
  // The composition root.
  app: ['engine', 'machine', 'settings', 'stores', 'system'],
  'keys-app': ['engine', 'machine', 'stores'],
  'secrets-app': ['engine', 'keys-app', 'machine', 'stores', 'system'],
  'server-app': [
    'alerts',
    'api',
    'engine',
    'entities-app',
    'files',
    'jobs-app',
    'keys-app',
    'machine',
    'metrics',
    'readiness',
    'received-files',
    'schedules',
    'secrets-app',
    'server-options',
    'sftp-app',
    'stores',
    'upkeep',
    'webhooks',
  ],
  'jobs-app': ['engine', 'stores', 'system'],
  'entities-app': ['engine', 'executors', 'stores'],
  // What executes scripts.
  'scripts-app': ['engine', 'executors'],
  webhooks: ['api', 'engine', 'system'],
  alerts: ['api', 'engine', 'stores'],
  schedules: ['api', 'arrivals-app', 'engine', 'sources-app', 'stores'],
  // What there is one call for each item of.
  'sources-app': ['engine', 'files', 'stores', 'system'],
  // SFTP servers that accounts work with.
  'sftp-app': ['engine', 'files', 'stores', 'system'],
  // The folders that a server watches.
  'arrivals-app': ['engine', 'files'],
  'server-options': ['api', 'engine', 'entities-app', 'machine', 'system'],
  // What a server does to look after itself.
  upkeep: ['api', 'engine', 'files', 'server-options', 'stores'],
  readiness: ['api', 'engine'],
  'received-files': ['api', 'engine', 'files', 'stores'],
  metrics: ['engine'],
  // What this machine gives to runs, whatever the store they live in.
  machine: ['engine', 'executors', 'files', 'stores', 'system', 'thread'],
  'remote-app': ['client', 'engine', 'settings'],
  main: [
    'app',
    'cli',
    'keys-app',
    'client',
    'engine',
    'remote-app',
    'scripts-app',
    'secrets-app',
    'server-app',
    'settings',
    'system',
    'task-source',
  ],
  // What main and a thread of a run have in common, and the root of such a thread.
  'task-source': ['csv', 'index', 'task-modules', 'tasks', 'verifiers'],
  // What a script is executed by, in its sandbox.
  'script-program': ['executors', 'job'],
  thread: ['engine', 'executors', 'stores', 'system', 'task-source'],
};

/** Packages and built-in modules the engine may use: pure ones. */
const PURE_PACKAGES = new Set([
  'node:buffer',
  '@standard-schema/spec',
  'csv-parse',
  'csv-parse/sync',
  'csv-stringify',
  'csv-stringify/sync',
  'chardet',
  'diff',
  'fastest-levenshtein',
  'croner',
  'mingo',
  'picomatch',
  'rrule-temporal',
  'safe-stable-stringify',
  'temporal-polyfill',
  'zod',
]);

const SOURCE = resolve(import.meta.dirname, '../src');
const IMPORT =
  /(?:import|export)\s[^'"]*?from\s+'([^']+)'|import\s*\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'/gm;

interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Relative imports as paths from src, packages as they stand. */
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => {
    const text = readFileSync(join(SOURCE, path), 'utf8');
    const imports = [...text.matchAll(IMPORT)].map(([, from, dynamic, bare]) => {
      const name = from ?? dynamic ?? bare ?? '';
      return name.startsWith('.')
        ? relative(SOURCE, resolve(SOURCE, dirname(path), name)).replaceAll('\\', '/')
        : name;
    });
    return { path: path.replaceAll('\\', '/'), text, imports };
  });

function layerOf(path: string): string {
  const parts = path.replace(/\.ts$/, '').split('/');
  return parts[0] === 'engine' ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

function isAllowed(from: string, to: string): boolean {
  if (from === to) return true;
  return (MAY_IMPORT[from] ?? []).some((layer) => to === layer || to.startsWith(`${layer}/`));
}

describe('the layers', () => {
  it('are all in the table', () => {
    const layers = new Set(files.map(({ path }) => layerOf(path)));
    expect([...layers].filter((layer) => !(layer in MAY_IMPORT))).toEqual([]);
    expect(Object.keys(MAY_IMPORT).filter((layer) => !layers.has(layer))).toEqual([]);
  });

  it.each(files.map(({ path, imports }) => [path, imports] as const))(
    '%s imports what its layer may',
    (path, imports) => {
      const layer = layerOf(path);
      const breaches = imports.filter(
        (name) => files.some((file) => file.path === name) && !isAllowed(layer, layerOf(name)),
      );
      expect(breaches).toEqual([]);
    },
  );

  it('has an engine without a world: no built-in module but node:buffer, only pure packages', () => {
    const breaches = files
      .filter(({ path }) => path.startsWith('engine/'))
      .flatMap(({ path, imports }) =>
        imports
          .filter((name) => !name.endsWith('.ts') && !PURE_PACKAGES.has(name))
          .map((name) => `${path}: ${name}`),
      );
    expect(breaches).toEqual([]);
  });

  it('has an engine without a clock: no Date.now, no timers, no randomness', () => {
    const breaches = files
      .filter(({ path }) => path.startsWith('engine/'))
      .filter(({ text }) =>
        /\bDate\.now\(|\bset(?:Timeout|Interval|Immediate)\(|Math\.random\(|performance\.now\(/.test(
          withoutComments(text),
        ),
      )
      .map(({ path }) => path);
    expect(breaches).toEqual([]);
  });
});

describe('the files', () => {
  it('have at most 300 lines of code each', () => {
    const long = files
      .map(({ path, text }) => [path, codeLines(text)] as const)
      .filter(([, lines]) => lines > 300);
    expect(long).toEqual([]);
  });

  it('import each other without a cycle, types included', () => {
    const imports = new Map(files.map(({ path, imports: names }) => [path, names]));
    const done = new Set<string>();
    const walk = (path: string, trail: readonly string[]): readonly string[] | undefined => {
      if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
      if (done.has(path)) return undefined;
      for (const next of imports.get(path) ?? []) {
        const cycle = imports.has(next) ? walk(next, [...trail, path]) : undefined;
        if (cycle !== undefined) return cycle;
      }
      done.add(path);
      return undefined;
    };
    for (const { path } of files) expect(walk(path, [])).toBeUndefined();
  });

  it('are named kebab-case, and none is a drawer for anything', () => {
    const odd = files
      .map(({ path }) => path)
      .filter(
        (path) =>
          !/^(?:[a-z\d]+(?:-[a-z\d]+)*\/)*[a-z\d]+(?:-[a-z\d]+)*(?:\.d)?\.ts$/.test(path) ||
          /(?:^|\/)(?:utils?|helpers?|common|types|models|misc)\b/.test(path),
      );
    expect(odd).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

function codeLines(text: string): number {
  return withoutComments(text)
    .split('\n')
    .filter((line) => line.trim() !== '').length;
}
