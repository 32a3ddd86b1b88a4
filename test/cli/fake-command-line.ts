import type { SecretFacts } from '../../src/engine/ports/secret-store.ts';
import { EventEmitter } from 'node:events';
import { defineNoinputTask, defineTask, fail, ok, stop, write } from 'rowmill';
import { isEmail } from 'rowmill/verifiers';
import { z } from 'zod';
import { runCommandLine } from '../../src/cli/command-line.ts';
import type { ApiKey } from '../../src/engine/ports/key-store.ts';
import type {
  ScriptCall,
  ScriptExecutor,
  ScriptOutcome,
  ScriptRuntimeFacts,
} from '../../src/engine/ports/script-executor.ts';
import type { StopSignalName } from '../../src/cli/exit-codes.ts';
import type {
  CommandLineHost,
  Login,
  OutputStream,
  Probe,
  KazooServer,
  SecretDesk,
} from '../../src/cli/host.ts';
import { RowmillError } from '../../src/engine/errors.ts';
import type { SourceDesk } from '../../src/engine/automation/source-desk.ts';
import type {
  CheckResult,
  RetryRequest,
  RevertRequest,
  RowFilter,
  RowLineage,
  RunFamilySummary,
  RunErrorLine,
  RunHandles,
  RunLook,
  RunProgress,
  RunRequest,
  RunResult,
  RunRow,
  RunService,
  RunStarted,
  RunSummary,
} from '../../src/engine/run/run-service.ts';
import { TaskRegistry, type RegisteredTask } from '../../src/engine/task/registry.ts';
import { loadSettings } from '../../src/settings.ts';
import { fakeAlerts } from './fake-alerts.ts';
import { fakeExecutors } from './fake-executors.ts';
import { fakeSftp } from './fake-sftp.ts';
import { fakeJobs, type FakeJobsOptions } from './fake-jobs.ts';
import { fakeEntities } from './fake-entities.ts';
import { fakeEvents, fakeQueues } from './fake-queues.ts';
import { fakeSchedules } from './fake-schedules.ts';
import { fakeSystem } from './fake-system.ts';
import { fakeServices } from './fake-services.ts';

/** A standard stream that remembers what was written. */
export class FakeStream extends EventEmitter implements OutputStream {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 80;

  constructor(isTerminal: boolean) {
    super();
    this.isTTY = isTerminal;
  }

  write(text: string): boolean {
    this.text += text;
    return true;
  }

  // What cli-progress asks of a terminal beyond that.
  cursorTo(): void {}
  clearLine(): void {}
}

export const SUMMARY: RunSummary = {
  runId: 'run1',
  task: 'contacts/clean',
  status: 'partial',
  isInterrupted: false,
  isLive: false,
  asked: undefined,
  canResume: false,
  succeeded: 3,
  failed: 1,
  inputPath: '/home/ann/in.csv',
  outputPath: '/home/ann/out.csv',
  createdAt: new Date('2026-11-21T09:30:00Z'),
  finishedAt: new Date('2026-11-21T09:31:00Z'),
  message: undefined,
  folder: '/home/ann/.rowmill/runs/run1',
  manifest: {
    codeHash: 'c0de',
    arguments: { factor: 2 },
    map: {},
    set: {},
    dialect: undefined,
    encoding: 'utf-8',
    inputSha256: undefined,
    outputSha256: undefined,
  },
};

export const RESULT: RunResult = {
  runId: 'run1',
  task: 'contacts/clean',
  status: 'success',
  succeeded: 4,
  failed: 0,
  unprocessed: 0,
  elapsedMs: 2000,
  outputPath: '/home/ann/out.csv',
  failedPath: undefined,
  errorsPath: undefined,
  unprocessedPath: undefined,
  causes: [],
  repaired: undefined,
  message: undefined,
  canResume: false,
  hasRest: false,
  wasFinished: false,
};

export const STARTED: RunStarted = {
  runId: 'run1',
  task: 'contacts/clean',
  inputBytes: 1000,
  dialect: { delimiter: ';', quote: '"', escape: '"', lineEnd: '\n', collapseDelimiters: false },
  encoding: 'windows-1252',
  header: ['email', 'name'],
  warnings: [],
  resumedAfterRows: undefined,
};

/** Answers every maintenance command with its words. */
const NO_KAZOO: KazooServer = {
  help: async (...words) => ({ help: words }),
  tasks: async () => [],
  task: async (taskId) => ({ task: taskId }),
  file: async () => undefined,
  add: async (...words) => ({ add: words }),
  start: async (taskId) => ({ start: taskId }),
  restart: async (taskId) => ({ restart: taskId }),
  remove: async (taskId) => ({ remove: taskId }),
};

/** One source with one item, whatever is asked. */
function fakeSources(): SourceDesk {
  const source = { name: 'telephony', source: { kind: 'databases', secret: 'TELEPHONY' } };
  return {
    list: async () => [source],
    set: async () => source,
    items: async () => [{ name: 'accountab', class: 'account' }],
    remove: async () => undefined,
  };
}

const SECRET: SecretFacts = {
  isJson: false,
  accountId: 'local',
  name: 'API_TOKEN',
  version: 1,
  keyId: '0123456789abcdef',
  createdAtMs: Date.UTC(2030, 0, 1),
  updatedAtMs: Date.UTC(2030, 0, 2),
};

const NO_SECRETS: SecretDesk = {
  set: async () => SECRET,
  list: async () => [SECRET],
  delete: async () => undefined,
  rotate: async () => ({ keyId: SECRET.keyId, resealed: 1, unreadable: [] }),
  close: async () => undefined,
};

const CHECK: CheckResult = {
  task: 'contacts/clean',
  rows: 3,
  valid: 2,
  invalid: 1,
  dialect: { delimiter: ',', quote: '"', escape: '"', lineEnd: '\n', collapseDelimiters: false },
  encoding: 'utf-8',
  header: ['E-Mail', 'name', 'shoe size'],
  warnings: [{ code: 'preamble_skipped', message: 'two lines above the header are skipped' }],
  matches: [
    { column: 'email', header: 'E-Mail', how: 'folded' },
    { column: 'name', header: 'name', how: 'exact' },
  ],
  unknownColumns: ['shoe size'],
  causes: [
    {
      column: 'email',
      code: 'invalid',
      message: 'is not an e-mail address',
      count: 1,
      firstRow: 2,
      exampleValue: 'x',
    },
  ],
  damage: [
    {
      kind: 'scientific notation',
      column: 'phone',
      count: 2,
      firstRow: 7,
      exampleValue: '1.23E+11',
    },
  ],
  duplicateRows: 1,
  repaired: undefined,
  dryRun: undefined,
  expectedRunMs: undefined,
  elapsedMs: 10,
};

/** What the fake service does; the requests it got are kept. */
class FakeRunService implements RunService {
  readonly requests: RunRequest[] = [];
  readonly resumed: { runId: string; codeHash: string; acceptNewCode: boolean }[] = [];
  readonly deleted: string[] = [];
  readonly derived: object[] = [];
  readonly controlled: { runId: string; asked: string }[] = [];
  readonly retried: (RetryRequest & { runId: string })[] = [];
  readonly reverted: (RevertRequest & { runId: string })[] = [];
  familyOfAll: RunFamilySummary = {
    parent: undefined,
    children: [],
    isReverted: false,
    effective: undefined,
  };
  lineageOfAll: RowLineage['results'] = [];
  /** What a run is once it was asked for something. */
  afterControl: Partial<RunSummary> = {};
  runs: readonly RunSummary[] = [SUMMARY];
  errorLines: readonly RunErrorLine[] = [];
  rowLines: readonly RunRow[] = [];
  readonly filters: RowFilter[] = [];
  logLines: readonly string[] = ['one', 'two'];
  act: (handles: RunHandles) => RunResult | Promise<RunResult> = () => RESULT;
  checked: CheckResult = CHECK;
  actOnCheck: (handles: RunHandles) => CheckResult | Promise<CheckResult> = () => this.checked;

  async create(request: RunRequest): Promise<RunSummary> {
    this.requests.push(request);
    return SUMMARY;
  }
  async run(request: RunRequest, handles: RunHandles): Promise<RunResult> {
    this.requests.push(request);
    return this.act(handles);
  }
  async resume(
    runId: string,
    options: { codeHash: string; acceptNewCode: boolean },
    handles: RunHandles,
  ): Promise<RunResult> {
    const { codeHash, acceptNewCode } = options;
    this.resumed.push({ runId, codeHash, acceptNewCode });
    return this.act(handles);
  }
  async retry(runId: string, request: RetryRequest, handles: RunHandles): Promise<RunResult> {
    this.retried.push({ runId, ...request });
    return this.act(handles);
  }
  async revert(runId: string, request: RevertRequest, handles: RunHandles): Promise<RunResult> {
    this.reverted.push({ runId, ...request });
    return this.act(handles);
  }
  async family(): Promise<RunFamilySummary> {
    return this.familyOfAll;
  }
  async lineage(_runId: string, row: number): Promise<RowLineage> {
    return { row, results: this.lineageOfAll };
  }
  async control(runId: string, asked: string): Promise<RunSummary> {
    this.controlled.push({ runId, asked });
    return { ...(await this.show(runId)), ...this.afterControl };
  }
  async follow(_runId: string, handles: RunHandles): Promise<RunResult & RunLook> {
    return { isInterrupted: false, isLive: false, ...(await this.act(handles)) };
  }
  async check(_request: unknown, handles: RunHandles): Promise<CheckResult> {
    return this.actOnCheck(handles);
  }
  async list(): Promise<readonly RunSummary[]> {
    return this.runs;
  }
  async show(runId: string): Promise<RunSummary> {
    const found = this.runs.find((run) => run.runId === runId);
    if (found === undefined) throw new RowmillError('run_not_found', `there is no run ${runId}`);
    return found;
  }
  async hash(runId: string): Promise<RunSummary> {
    const run = await this.show(runId);
    return { ...run, manifest: { ...run.manifest, inputSha256: 'aa', outputSha256: 'bb' } };
  }
  async *errors(): AsyncIterable<RunErrorLine> {
    yield* this.errorLines;
  }
  async *rows(_runId: string, filter: RowFilter): AsyncIterable<RunRow> {
    this.filters.push(filter);
    yield* this.rowLines;
  }
  async *log(): AsyncIterable<string> {
    yield* this.logLines;
  }
  async derive(runId: string, paths: object): Promise<{ readonly unprocessed: number }> {
    this.derived.push({ runId, ...paths });
    return { unprocessed: 3 };
  }
  async delete(runId: string, { isFinal } = { isFinal: false }): Promise<void> {
    this.deleted.push(isFinal ? `${runId} for good` : runId);
  }
}

export const clean = defineTask({
  category: 'contacts',
  action: 'clean',
  description: 'Clean contacts',
  doc: 'A paragraph on cleaning.',
  mandatory: { email: isEmail },
  optional: { name: isEmail },
  aliases: { email: ['mail', 'e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7'] },
  output: ['status'],
  row: () => ok(),
  examples: [
    { row: { email: 'a@b.example' }, outcome: write({ status: 'fine' }) },
    { title: 'a bad one', row: { email: 'c@d.example' }, outcome: fail('no such box') },
  ],
});
const dedupe = defineTask({
  category: 'contacts',
  action: 'dedupe',
  description: 'Keep the first of each',
  columns: 'any',
  start: () => ({}),
  row: () => ok(),
});
const wipe = defineTask({
  category: 'contacts',
  action: 'wipe',
  description: 'Delete them all',
  columns: 'any',
  destructive: true,
  waitAfterRowMs: 7,
  arguments: z.object({
    factor: z.number().default(1),
    deep: z.boolean().optional(),
    label: z.string().optional(),
  }),
  row: () => ok(),
});
const numbers = defineNoinputTask({
  category: 'demo',
  action: 'numbers',
  description: 'Count',
  output: ['number'],
  start: () => 1,
  step: () => stop(),
});

export interface FakeOptions {
  readonly jobs?: FakeJobsOptions;
  readonly stdoutIsTerminal?: boolean;
  readonly stderrIsTerminal?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly probes?: readonly Probe[];
  readonly problems?: readonly { file: string; message: string }[];
  readonly extraTasks?: readonly RegisteredTask[];
}

const STATISTICS = {
  wallMs: 1102,
  cpuMs: 40,
  peakMemoryBytes: 12_000_000,
  eventBytes: 4,
  resultBytes: 4,
  stdoutBytes: 0,
  stderrBytes: 0,
};

/** Says of every script what it was told to say, and keeps how it was called. */
class FakeScriptExecutor implements ScriptExecutor {
  readonly calls: ScriptCall[] = [];
  /** Over what a script gives that did nothing. */
  answer: Partial<ScriptOutcome> = {};

  async run(call: ScriptCall): Promise<ScriptOutcome> {
    this.calls.push(call);
    return {
      resultCode: 'success',
      result: null,
      log: [],
      stdout: { text: '', bytes: 0, cutBytes: 0 },
      stderr: { text: '', bytes: 0, cutBytes: 0 },
      statistics: STATISTICS,
      runtime: { language: 'python', version: '3.11.7' },
      ...this.answer,
    };
  }
  async runtimes(): Promise<readonly ScriptRuntimeFacts[]> {
    return [
      {
        language: 'python',
        version: '3.11.7',
        channels: ['$STABLE', '$LATEST'],
        libraries: ['requests 2.0', 'six 1.0'],
      },
    ];
  }
  async isolation(): Promise<string> {
    return 'a test';
  }
}

/** A command line in a world of its own. */
export class FakeCommandLine {
  readonly service = new FakeRunService();
  readonly stdout: FakeStream;
  readonly stderr: FakeStream;
  readonly terminated: number[] = [];
  readonly downloads: (readonly unknown[])[] = [];
  readonly scripts = new FakeScriptExecutor();
  readonly logins = new Map<string, Login>();
  /** What was asked of the events and the queues of a server. */
  readonly toldOfEvents: unknown[] = [];
  readonly toldOfQueues: unknown[] = [];
  /** What was asked of the schedules of a server. */
  readonly toldOfSchedules: unknown[] = [];
  readonly toldOfAlerts: unknown[] = [];
  /** What was asked of its services. */
  readonly toldOfServices: unknown[] = [];
  readonly toldOfEntities: unknown[] = [];
  /** What was asked to be started or listed of its jobs. */
  readonly toldOfJobs: unknown[] = [];
  readonly #signalListeners = new Set<(signal: StopSignalName) => void>();
  readonly #pipeListeners = new Set<() => void>();
  readonly #options: FakeOptions;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    this.stdout = new FakeStream(options.stdoutIsTerminal ?? false);
    this.stderr = new FakeStream(options.stderrIsTerminal ?? false);
  }

  signal(signal: StopSignalName): void {
    for (const listener of this.#signalListeners) listener(signal);
  }

  closePipe(): void {
    for (const listener of this.#pipeListeners) listener();
  }

  run(...words: readonly string[]): Promise<number> {
    return runCommandLine(words, this.#host());
  }

  #host(): CommandLineHost {
    const {
      environment = {},
      workingDirectory = '/home/ann',
      probes = [],
      problems = [],
      extraTasks = [],
    } = this.#options;
    const registry = new TaskRegistry();
    for (const task of [clean, dedupe, wipe, numbers]) {
      registry.add({ task, codeHash: `hash of ${task.name}`, origin: 'the test' });
    }
    for (const entry of extraTasks) registry.add(entry);
    return {
      version: '1.2.3',
      stdin: { isTTY: false },
      stdout: this.stdout,
      stderr: this.stderr,
      environment,
      workingDirectory,
      processId: 4711,
      probes,
      open: async (flags, place) => {
        const loaded = await loadSettings({
          flags,
          environment,
          workingDirectory,
          loadModule: async () => ({}),
        });
        const { server, profile } = loaded.settings;
        const isRemote = place === 'as_set' && (server !== undefined || profile !== undefined);
        return {
          ...loaded,
          tasks: {
            find: async (name) => registry.get(name),
            list: async () => registry.list(),
            problems,
          },
          watchTasks: async () => () => undefined,
          runs: async () => this.service,
          server: isRemote
            ? {
                url: 'http://127.0.0.1:7070',
                download: async (...words) => void this.downloads.push(words),
                start: (request) => this.service.create(request),
                taskText: async (name, text) => `${text} of ${name}\n`,
                acknowledge: (runId) => this.service.show(runId),
                restore: (runId) => this.service.show(runId),
                resume: async (runId) => this.service.control(runId, 'resume'),
                kazoo: NO_KAZOO,
                jobs: fakeJobs(this.toldOfJobs, this.#options.jobs),
                executors: fakeExecutors(),
                schedules: fakeSchedules(this.toldOfSchedules),
                events: fakeEvents(this.toldOfEvents),
                queues: fakeQueues(this.toldOfQueues),
                system: fakeSystem(),
                alerts: fakeAlerts(this.toldOfAlerts),
                services: fakeServices(this.toldOfServices),
                sources: fakeSources(),
                sftp: fakeSftp(),
                entities: fakeEntities(this.toldOfEntities),
                secrets: NO_SECRETS,
              }
            : undefined,
        };
      },
      logins: async () => ({
        path: '/home/ann/.config/rowmill/profiles.json',
        list: async () => this.logins,
        set: async (name, login) => void this.logins.set(name, login),
        remove: async (name) => void this.logins.delete(name),
      }),
      tryLogin: async () => undefined,
      readStdin: async () => 'rm_abc_secret\n',
      // It is ended as soon as it is there.
      serve: async () => {
        setImmediate(() => this.signal('SIGTERM'));
        const none = { log: () => undefined, close: async () => undefined };
        return { url: 'http://127.0.0.1:7070', isOpen: true, ...none };
      },
      secrets: async () => NO_SECRETS,
      keys: async () => ({
        create: async (wanted) => ({ key: { ...KEY, ...wanted }, text: 'rm_abc_secret' }),
        list: async () => [KEY],
        find: async (id) => ({ ...KEY, id }),
        revoke: async () => undefined,
        close: async () => undefined,
      }),
      scripts: async () => this.scripts,
      onSignal: (listener) => {
        this.#signalListeners.add(listener);
        return () => this.#signalListeners.delete(listener);
      },
      onPipeClosed: (listener) => {
        this.#pipeListeners.add(listener);
        return () => this.#pipeListeners.delete(listener);
      },
      terminate: (exitCode) => this.terminated.push(exitCode),
    };
  }
}

const KEY: ApiKey = {
  id: 'key_abc',
  accountId: 'local',
  name: 'a key',
  scopes: ['admin'],
  role: undefined,
  status: 'active',
  createdAtMs: 0,
  expiresAtMs: undefined,
  revokedAtMs: undefined,
  lastUsedAtMs: undefined,
};

/** Progress of a run, with the fields a test does not care for. */
export function progressAt(
  elapsedMs: number,
  rows: number,
  more: Partial<RunProgress> = {},
): RunProgress {
  return { succeeded: rows, failed: 0, bytesDone: rows * 10, bytesTotal: 1000, elapsedMs, ...more };
}
