import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { RowmillError } from '../../../src/engine/errors.ts';
import type { Clock } from '../../../src/engine/ports/clock.ts';
import type { InputFile, RunFiles, WritableFile } from '../../../src/engine/ports/run-files.ts';
import type { HeldRun, RunStore, StoredCheckpoint } from '../../../src/engine/ports/run-store.ts';
import type { RunRecord, RunState, StoredRun } from '../../../src/engine/run/run-record.ts';
import type {
  RunHandles,
  RunProgress,
  RunRequest,
  RunResult,
  RunStarted,
} from '../../../src/engine/run/run-service.ts';
import { type AskedOfRun, transitionReason } from '../../../src/engine/run/status.ts';
import { LocalRunService } from '../../../src/engine/service.ts';
import type { Task } from '../../../src/engine/task/task.ts';
import { memoryResources } from '../../../src/engine/task/memory-resources.ts';
import { InlineExecutor } from './inline-executor.ts';
import { v8StateCodec } from '../../../src/system/v8-state-codec.ts';

const SECRETS = {
  get: (name: string) => `secret of ${name}`,
  carried: () => undefined,
  close: async () => undefined,
};

/** Time that passes only when somebody sleeps, or by a fixed step at each look. */
class VirtualClock implements Clock {
  time = 1_700_000_000_000;
  stepMs = 0;
  /** How much longer each sleep is than was asked for. */
  lateMs = 0;
  readonly sleeps: number[] = [];

  now(): number {
    this.time += this.stepMs;
    return this.time;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.sleeps.push(ms);
    this.time += ms + this.lateMs;
    await Promise.resolve();
  }

  breathe(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** A file system, a run store and a clock in memory: the engine with a world that a test controls. */
export class MemoryWorld {
  readonly clock = new VirtualClock();
  readonly files = new Map<string, Buffer>();
  readonly runs = new Map<
    string,
    { record: RunRecord; state: RunState; checkpoint?: StoredCheckpoint }
  >();
  readonly held = new Set<string>();
  /** Who hears what is asked of a held run. */
  readonly listeners = new Map<string, (asked: AskedOfRun) => void>();
  readonly log: { level: string; message: string; fields: unknown }[] = [];
  readonly checkpoints: StoredCheckpoint[] = [];
  readonly progress: RunProgress[] = [];
  readonly started: RunStarted[] = [];
  stdin: readonly Uint8Array[] = [];
  stdout = Buffer.alloc(0);
  /** Called before each append; a test may throw here. */
  onAppend: (path: string, length: number) => void = () => undefined;
  /** Waited for by each sync. */
  onSync: (path: string) => Promise<void> = async () => undefined;
  /** Called when a run is paused by others. */
  onPaused: (runId: string) => void = () => undefined;
  #ids = 0;
  readonly #taskPorts = {
    clock: this.clock,
    secrets: SECRETS,
    resources: memoryResources(),
    fetch: globalThis.fetch,
  };
  readonly executor = new InlineExecutor(this.#taskPorts);

  readonly stop = new AbortController();
  readonly abort = new AbortController();

  get service(): LocalRunService {
    const level =
      (name: string) =>
      (message: string, fields?: unknown): void => {
        this.log.push({ level: name, message, fields });
      };
    return new LocalRunService({
      store: this.#store(),
      files: this.#runFiles(),
      ...this.#taskPorts,
      resourcesOf: () => this.#taskPorts.resources,
      secretsOf: async () => SECRETS,
      rowExecutor: this.executor,
      codec: v8StateCodec,
      sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
      makeStop: () => new AbortController(),
      beginSha256: () => {
        const hash = createHash('sha256');
        return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
      },
      makeId: (prefix) => `${prefix}_${(this.#ids += 1)}`,
      openLog: () => ({
        debug: level('debug'),
        info: level('info'),
        warn: level('warn'),
        error: level('error'),
        close: async () => undefined,
      }),
    });
  }

  handles(): RunHandles {
    // As the command line has it: many rows, and many runs here, may listen.
    setMaxListeners(1_000_000, this.stop.signal, this.abort.signal);
    return {
      listeners: {
        onStarted: (started) => this.started.push(started),
        onProgress: (progress) => this.progress.push(progress),
        onPaused: (runId) => this.onPaused(runId),
      },
      stopSignal: this.stop.signal,
      abortSignal: this.abort.signal,
    };
  }

  put(path: string, text: string | Buffer): void {
    this.files.set(path, Buffer.from(text));
  }

  text(path: string): string {
    const file = this.files.get(path);
    if (file === undefined)
      throw new Error(`no file ${path}; there are ${[...this.files.keys()].join(', ')}`);
    return file.toString('utf8');
  }

  /** What another process does to be heard by the one that holds a run. */
  ask(runId: string, asked: AskedOfRun): void {
    const run = this.runs.get(runId);
    if (run === undefined) throw new RowmillError('run_not_found', `there is no run ${runId}`);
    run.state = { ...run.state, asked };
    this.listeners.get(runId)?.(asked);
  }

  /** Runs a task over `/in.csv` into `/out.csv`. */
  run(task: Task, request: Partial<RunRequest> = {}): Promise<RunResult> {
    this.executor.task = task;
    return this.service.run(
      {
        task,
        codeHash: 'code',
        arguments: {},
        input: task.kind === 'csv' ? { kind: 'file', path: '/in.csv' } : { kind: 'none' },
        output: { kind: 'file', path: '/out.csv' },
        options: {},
        resume: false,
        acceptNewCode: false,
        onInvalid: 'reject',
        excelSafe: false,
        ...request,
      },
      this.handles(),
    );
  }

  #runFiles(): RunFiles {
    const open = (path: string): InputFile => {
      const bytes = this.files.get(path);
      if (bytes === undefined)
        throw new RowmillError('input_not_found', `${path}: there is no such file`);
      return {
        name: path,
        size: bytes.length,
        modifiedMs: 0,
        isSeekable: true,
        read: async (offset, into) => bytes.copy(into, 0, offset, offset + into.length),
        hasGrown: async () => false,
        distrustEnd: () => undefined,
        sync: async () => undefined,
        close: async () => undefined,
      };
    };
    const writable = (path: string, keepBytes: number): WritableFile => {
      const before = this.files.get(path) ?? Buffer.alloc(0);
      if (before.length < keepBytes)
        throw new RowmillError('run_not_resumable', `${path} is too short`);
      this.files.set(path, Buffer.from(before.subarray(0, keepBytes)));
      return {
        path,
        append: async (bytes) => {
          this.onAppend(path, bytes.length);
          this.files.set(path, Buffer.concat([this.files.get(path) ?? Buffer.alloc(0), bytes]));
        },
        sync: () => this.onSync(path),
        close: async () => undefined,
      };
    };
    return {
      link: async (path, newPath) => {
        this.files.set(newPath, this.files.get(path) ?? Buffer.alloc(0));
      },
      openInput: async (path) => open(path),
      openStandardInput: async () => {
        this.files.set('<stdin>', Buffer.concat([...this.stdin]));
        return { ...open('<stdin>'), name: 'standard input', modifiedMs: undefined };
      },
      isSpoolWhole: async () => false,
      copyAsUtf8: async () => {
        throw new Error('there is nothing to copy in memory');
      },
      makeTemporaryFolder: async () => ({ path: '/tmp', remove: async () => undefined }),
      openOutput: async (path, keepBytes, confirm) => {
        await confirm?.();
        return writable(path, keepBytes);
      },
      openStandardOutput: () => ({
        path: undefined,
        append: async (bytes) => {
          this.stdout = Buffer.concat([this.stdout, bytes]);
        },
        sync: async () => undefined,
        close: async () => undefined,
      }),
      refuseUnwritable: async () => undefined,
      hasContent: async (path) => (this.files.get(path)?.length ?? 0) > 0,
      readText: async (path) => this.files.get(path)?.toString('utf8'),
      realPath: async (path) => path,
      identityOf: async (path) => (path === '/dev/null' ? undefined : path),
    };
  }

  #store(): RunStore {
    const stored = (runId: string): StoredRun => {
      const run = this.runs.get(runId);
      if (run === undefined) throw new RowmillError('run_not_found', `there is no run ${runId}`);
      return {
        record: run.record,
        state: run.state,
        isHeld: this.held.has(runId),
        folder: `/runs/${runId}`,
      };
    };
    const hold = (runId: string): HeldRun => {
      const run = this.runs.get(runId);
      if (run === undefined) throw new RowmillError('run_not_found', `there is no run ${runId}`);
      if (this.held.has(runId)) throw new RowmillError('run_busy', `run ${runId} is held`);
      this.held.add(runId);
      const save = (checkpoint: StoredCheckpoint): void => {
        run.checkpoint = structuredClone(checkpoint);
        this.checkpoints.push(structuredClone(checkpoint));
        const { succeeded, failed, causes, elapsedMs, position, outputBytes } = checkpoint;
        const reached = { succeeded, failed, causes, elapsedMs, position, outputBytes };
        run.state = { ...run.state, ...reached };
      };
      return {
        folder: `/runs/${runId}`,
        get checkpoint() {
          return run.checkpoint;
        },
        claimOutput: async () => undefined,
        confirm: async () => undefined,
        saveCheckpoint: async (checkpoint) => save(checkpoint),
        setStatus: async (status, { message, checkpoint }) => {
          if (transitionReason(run.state.status, status) === undefined) {
            throw new Error(`${run.state.status} cannot become ${status}`);
          }
          if (checkpoint !== undefined) save(checkpoint);
          run.state = { ...run.state, status, message, asked: undefined };
        },
        onAsked: (listener) => this.listeners.set(runId, listener),
        saveHashes: async (hashes) => {
          run.state = { ...run.state, hashes };
        },
        release: async () => {
          this.listeners.delete(runId);
          this.held.delete(runId);
        },
      };
    };
    const add = (record: RunRecord): void => {
      this.runs.set(record.runId, {
        record,
        state: {
          status: 'pending',
          message: undefined,
          startedAtMs: undefined,
          finishedAtMs: undefined,
          elapsedMs: 0,
          succeeded: 0,
          failed: 0,
          causes: [],
          position: undefined,
          outputBytes: 0,
          asked: undefined,
          hashes: undefined,
        },
      });
    };
    return {
      prepareFolder: async (runId) => `/runs/${runId}`,
      discardFolder: async () => undefined,
      create: async (record) => {
        add(record);
        return hold(record.runId);
      },
      add: async (record) => add(record),
      hold: async (runId) => hold(runId),
      get: async (runId) => stored(runId),
      list: async () => [...this.runs.keys()].reverse().map(stored),
      records: async () => [...this.runs.values()].map(({ record }) => record).reverse(),
      line: async (rootId) =>
        [...this.runs.values()]
          .map(({ record }) => record)
          .filter(({ parent }) => parent?.rootId === rootId),
      ask: async (runId, asked) => this.ask(runId, asked),
      delete: async (runId) => {
        this.runs.delete(runId);
      },
    };
  }

  /** What the world is after a kill: files and the last checkpoint, nothing held. */
  kill({
    outputExtra = '',
    errorsExtra = '',
  }: { outputExtra?: string; errorsExtra?: string } = {}): void {
    this.held.clear();
    for (const [runId, run] of this.runs) {
      run.state = { ...run.state, status: 'executing' };
      const errors = `/runs/${runId}/errors.csv`;
      this.put(
        '/out.csv',
        Buffer.concat([this.files.get('/out.csv') ?? Buffer.alloc(0), Buffer.from(outputExtra)]),
      );
      this.put(
        errors,
        Buffer.concat([this.files.get(errors) ?? Buffer.alloc(0), Buffer.from(errorsExtra)]),
      );
    }
  }
}
