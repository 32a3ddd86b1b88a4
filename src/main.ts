#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { runCommandLine } from './cli/command-line.ts';
import type { StopSignalName } from './cli/exit-codes.ts';
import type { CommandLineHost, Probe } from './cli/host.ts';
import { RowmillError } from './engine/errors.ts';
import { loadSettings, type Settings } from './settings.ts';
import { boundYoungGeneration } from './system/young-generation.ts';
import { handlerCatalog, moduleLoader, taskCatalog, watchModules } from './task-source.ts';

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { readonly version: string };

// Tasks, and what they start, inherit the environment: the key is no longer in it then.
const masterKey = process.env['ROWMILL_MASTER_KEY'];
delete process.env['ROWMILL_MASTER_KEY'];
const smtpPassword = process.env['ROWMILL_SMTP_PASSWORD'];
delete process.env['ROWMILL_SMTP_PASSWORD'];

const azureSecret = process.env['AZURE_SP_SECRET'];
delete process.env['AZURE_SP_SECRET'];

const loadModule = moduleLoader();
/** What scripts are executed by. */
const scriptPrograms = () => ({
  javascript: new URL('./script-program.js', import.meta.url),
  jiti: new URL('../', import.meta.resolve('jiti')),
  python: new URL('../python/', import.meta.url),
});
const pipeListeners = new Set<() => void>();
let stdoutError: NodeJS.ErrnoException | undefined;

const NO_PACE = {
  preset: 'none',
  waitMs: undefined,
  maxRowsPerSecond: undefined,
  maxFailures: undefined,
  threads: 1,
} as const;

const host: CommandLineHost = {
  version,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  workingDirectory: process.cwd(),
  processId: process.pid,
  async open(flags, place) {
    const loaded = await loadSettings({
      flags,
      environment: process.env,
      workingDirectory: process.cwd(),
      loadModule: async (file) => defaultExport(await loadModule(file)),
    });
    const { settings } = loaded;
    const isRemote = settings.server !== undefined || settings.profile !== undefined;
    if (isRemote && place === 'as_set') {
      const { openRemote } = await import('./remote-app.ts');
      const server = await openRemote(settings, { environment: process.env, version });
      const { tasks, runs } = server;
      return {
        ...loaded,
        // How fast a run may go where nothing is said is for the server to say.
        settings: { ...settings, ...NO_PACE },
        tasks,
        watchTasks: async () => () => undefined,
        runs: async () => runs,
        server: {
          url: server.url,
          start: (...words) => runs.start(...words),
          download: (...words) => runs.download(...words),
          taskText: (...words) => tasks.text(...words),
          acknowledge: (...words) => runs.acknowledge(...words),
          restore: (...words) => runs.restore(...words),
          resume: (...words) => runs.goOn(...words),
          kazoo: server.kazoo,
          jobs: server.jobs,
          executors: server.executors,
          schedules: server.schedules,
          events: server.events,
          queues: server.queues,
          system: server.system,
          alerts: server.alerts,
          services: server.services,
          sources: server.sources,
          sftp: server.sftp,
          entities: server.entities,
          secrets: server.secrets,
        },
      };
    }
    const tasks = taskCatalog(settings.tasks, { version, loadModule });
    return {
      ...loaded,
      tasks,
      watchTasks: (listeners) => watchModules(tasks, listeners),
      // Imported here: `tasks`, `config` and help open no runs, and need not wait for a database driver.
      runs: async () => {
        const { createLocalApp } = await import('./app.ts');
        const threads = { entry: new URL('./thread.js', import.meta.url), tasks: settings.tasks };
        return (await createLocalApp({ settings, threads })).service;
      },
      server: undefined,
    };
  },
  async logins() {
    const { ProfileStore } = await import('./client/profiles.ts');
    return new ProfileStore(process.env);
  },
  async tryLogin(login) {
    const { tryServer } = await import('./remote-app.ts');
    return tryServer(login, version);
  },
  async readStdin() {
    const { text } = await import('node:stream/consumers');
    return text(process.stdin);
  },
  async serve({ workspace }) {
    const [
      { knownServerId, startServer },
      { openElsewhere, openScriptExecutor },
      { openServerLog },
    ] = await Promise.all([
      import('./server-app.ts'),
      import('./scripts-app.ts'),
      import('./system/server-log.ts'),
    ]);
    const { settings, tasks } = workspace;
    // What a service manager keeps: one line an event.
    const log = openServerLog(settings.logLevel, process.stdout);
    const onNotice = (message: string): void => log.warn({ event: 'notice', message });
    const elsewhere = openElsewhere(settings, azureEnvironment(), {
      programs: scriptPrograms(),
      serverId: () => knownServerId(settings.dataDir),
      onNotice,
    });
    const server = await startServer({
      ...settings,
      version,
      tasks,
      masterKey,
      mail: mailServerOf(settings),
      threads: { entry: new URL('./thread.js', import.meta.url), tasks: settings.tasks },
      scripts: openScriptExecutor(scriptPrograms()),
      moreScripts: elsewhere.kinds,
      lackingForScripts: elsewhere.lacking,
      azure: elsewhere.azure,
      handlers: await loadedHandlers(settings.handlers, (message) =>
        log.warn({ event: 'handler', message }),
      ),
      onNotice,
      onRequest: log.request,
      onSystemJob: log.systemJob,
      onError: (error, about) => log.error(error, about),
    });
    const clearing = elsewhere.keepClear();
    return {
      ...server,
      async close() {
        await clearing.close();
        await server.close();
      },
      log: log.info,
    };
  },
  async keys({ settings }) {
    return (await import('./keys-app.ts')).openKeys(settings);
  },
  async scripts() {
    const { openScriptExecutor } = await import('./scripts-app.ts');
    return openScriptExecutor(scriptPrograms());
  },
  async secrets({ settings, server }) {
    if (server === undefined) {
      const { openSecrets } = await import('./secrets-app.ts');
      return openSecrets({ ...settings, masterKey });
    }
    return {
      set: (...words) => server.secrets.set(...words),
      list: (...words) => server.secrets.list(...words),
      delete: (...words) => server.secrets.delete(...words),
      async rotate() {
        const message = 'the master key is rotated beside the server, on its data folder (--data)';
        throw new RowmillError('usage', message);
      },
      close: async () => undefined,
    };
  },
  onSignal(listener) {
    const signals: readonly StopSignalName[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  onPipeClosed(listener) {
    pipeListeners.add(listener);
    return () => pipeListeners.delete(listener);
  },
  terminate(exitCode) {
    isDone = true;
    process.exit(exitCode);
  },
  probes: [
    { name: 'libsql', try: probeLibsql },
    { name: 'scripts', try: probeScripts, isOptional: true },
    { name: 'handlers', try: probeHandlers, isOptional: true },
    { name: 'containers', try: probeElsewhere('container'), isOptional: true },
    { name: 'azure', try: probeElsewhere('azure'), isOptional: true },
  ],
};

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') stdoutError ??= error;
  for (const listener of pipeListeners) listener();
});
// Nobody reads the report any more; the run itself goes on.
process.stderr.on('error', () => undefined);

// A task runs in this process. What it does to the process must not pass for the end of its run.
let isDone = false;
process.on('unhandledRejection', (error) => {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `error: a promise that nobody waits for has failed: ${reason}\nan await is missing in the task. What was committed of the run stands: go on with it by --resume\n`,
  );
  isDone = true;
  process.exit(1);
});
process.on('exit', () => {
  if (isDone) return;
  process.exitCode = 1;
  process.stderr.write(
    'error: the process was ended before its work was done: something called process.exit. What was committed of the run stands: go on with it by --resume\n',
  );
});

boundYoungGeneration();
const exitCode = await runCommandLine(process.argv.slice(2), host);
await flushed(process.stdout);
// What is wrong with a stream is told behind the write that met it.
await new Promise((resolve) => setImmediate(resolve));
if (stdoutError !== undefined) {
  process.stderr.write(`error: standard output cannot be written: ${stdoutError.message}\n`);
}
await flushed(process.stderr);
isDone = true;
// A standard input that is still open would keep the process waiting for its end.
process.exit(stdoutError === undefined ? exitCode : 1);

/** Undefined where no server for mail is set. */
function mailServerOf({ smtpUrl: url, mailFrom }: Settings) {
  if (url === undefined) return undefined;
  const { username, hostname } = new URL(url);
  const name = decodeURIComponent(username);
  const own = name.includes('@') ? name : `rowmill@${hostname}`;
  return { url, password: smtpPassword || undefined, from: mailFrom ?? `Rowmill <${own}>` };
}

/** Says which modules did not load. They stop nothing that does not need them. */
async function loadedHandlers(paths: readonly string[], warn: (message: string) => void) {
  const { pythonHandlers } = await import('./scripts-app.ts');
  // Plugins are trusted as the server is. Scripts never have it.
  const loadPython = pythonHandlers(scriptPrograms(), { AZURE_SP_SECRET: azureSecret });
  const handlers = await handlerCatalog(paths, loadModule, loadPython);
  await handlers.registry();
  for (const { file, message } of handlers.problems) warn(`${file} did not load: ${message}`);
  return handlers;
}

function defaultExport(loaded: unknown): unknown {
  const hasDefault = typeof loaded === 'object' && loaded !== null && 'default' in loaded;
  return hasDefault ? loaded.default : loaded;
}

async function probeLibsql(): Promise<string> {
  const { default: Database } = await import('libsql');
  const database = new Database(':memory:');
  try {
    const row = database.prepare('SELECT sqlite_version() AS version').get() as { version: string };
    return `SQLite ${row.version}`;
  } finally {
    database.close();
  }
}

async function probeScripts(): Promise<string> {
  const { describeScripts, openScriptExecutor } = await import('./scripts-app.ts');
  return describeScripts(openScriptExecutor(scriptPrograms()));
}

/** Undefined where there are none. */
async function probeHandlers(settings: Settings | undefined): Promise<string | undefined> {
  if (settings === undefined || settings.handlers.length === 0) return undefined;
  const problems: string[] = [];
  const handlers = await loadedHandlers(settings.handlers, (message) => problems.push(message));
  if (problems.length > 0) throw new Error(problems.join('; '));
  return (await import('./scripts-app.ts')).describeHandlers(await handlers.registry());
}

/** Undefined where it is not set. */
function probeElsewhere(kind: string): Probe['try'] {
  return async (settings) => {
    if (settings === undefined) return undefined;
    const { openElsewhere } = await import('./scripts-app.ts');
    const notices: string[] = [];
    const { kinds } = openElsewhere(settings, azureEnvironment(), {
      programs: scriptPrograms(),
      onNotice: (message) => notices.push(message),
    });
    if (kind === 'azure' && notices[0] !== undefined) throw new Error(notices[0]);
    return kinds[kind]?.isolation();
  };
}

function azureEnvironment(): Readonly<Record<string, string | undefined>> {
  return { ...process.env, AZURE_SP_SECRET: azureSecret };
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) resolve();
    else stream.write('', () => resolve());
  });
}
