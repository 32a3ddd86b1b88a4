import { MessageChannel, Worker } from 'node:worker_threads';
import { messageOf, RowmillError } from '../../engine/errors.ts';
import type {
  LogLine,
  RowExecutor,
  RowSlice,
  RowThreads,
  RowThreadSetup,
  SliceResult,
} from '../../engine/ports/row-executor.ts';
import { thrownAgain } from '../../engine/run/rows/settle-slice.ts';
import type { FromThread, ThreadData, ToThread } from './thread-messages.ts';

/** Threads of this process. `entry` is what each one runs: it calls `serveRowThread`. */
export class ThreadRowExecutor<Found> implements RowExecutor {
  readonly #entry: URL;
  readonly #found: Found;

  /** `found` is handed to the entry: where it finds the tasks. */
  constructor(entry: URL, found: Found) {
    this.#entry = entry;
    this.#found = found;
  }

  start(
    setup: RowThreadSetup,
    { count, onSecretUsed, resources }: Parameters<RowExecutor['start']>[1],
  ): RowThreads {
    const startThread = (): Worker => {
      const { port1: own, port2: other } = new MessageChannel();
      // What it asks waits in the channel until somebody answers. Most runs have no threads.
      void import('./answer-thread.ts').then(({ answerOver }) => answerOver(own, resources));
      const data: ThreadData<Found> = { found: this.#found, setup, resources: other };
      return new Worker(this.#entry, { workerData: data, transferList: [other] });
    };
    return new StartedThreads(Array.from({ length: count }, startThread), onSecretUsed);
  }
}

interface PromiseWithHandlers<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

interface StartedThread {
  readonly worker: Worker;
  isReady: boolean;
  readonly waiting: Map<number, PromiseWithHandlers<SliceResult>>;
  closing: PromiseWithHandlers<readonly LogLine[]> | undefined;
  hasEnded: boolean;
}

class StartedThreads implements RowThreads {
  readonly #threads: readonly StartedThread[];
  readonly #onSecretUsed: (name: string) => void;
  #failure: { readonly error: unknown } | undefined;
  #lastId = 0;
  #isEnding = false;

  constructor(workers: readonly Worker[], onSecretUsed: (name: string) => void) {
    this.#onSecretUsed = onSecretUsed;
    this.#threads = workers.map((worker) => {
      const thread: StartedThread = {
        worker,
        isReady: false,
        waiting: new Map(),
        closing: undefined,
        hasEnded: false,
      };
      worker.on('message', (message: FromThread) => this.#hear(thread, message));
      worker.on('error', (error) => {
        this.#break(`a thread of the run broke off: ${messageOf(error)}`, error);
      });
      worker.on('exit', () => {
        thread.hasEnded = true;
        thread.closing?.resolve([]);
        if (!this.#isEnding) {
          this.#break('a thread of the run ended before its work: something called process.exit');
        }
      });
      return thread;
    });
  }

  get count(): number {
    return this.#threads.length;
  }

  get isReady(): boolean {
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#threads.every(({ isReady }) => isReady);
  }

  run(slice: RowSlice): Promise<SliceResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const [thread] = this.#threads.toSorted((a, b) => a.waiting.size - b.waiting.size);
    if (thread === undefined) return Promise.reject(new TypeError('there is no thread'));
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      thread.waiting.set(id, { resolve, reject });
      this.#tell(thread, { kind: 'run', id, slice });
    });
  }

  stop(): void {
    for (const thread of this.#threads) this.#tell(thread, { kind: 'stop' });
  }

  async close(): Promise<readonly LogLine[]> {
    this.#isEnding = true;
    const logs = this.#threads.map(async (thread) => {
      // One that has not opened the task has nothing to close.
      if (!thread.isReady || thread.hasEnded) return [];
      return new Promise<readonly LogLine[]>((resolve, reject) => {
        thread.closing = { resolve, reject };
        this.#tell(thread, { kind: 'close' });
      });
    });
    return (await Promise.all(logs)).flat();
  }

  async terminate(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #tell({ worker }: StartedThread, message: ToThread): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    worker.postMessage(message);
  }

  #hear(thread: StartedThread, message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        thread.isReady = true;
        return;
      case 'secret_used':
        this.#onSecretUsed(message.name);
        return;
      case 'refused':
        this.#fail(thrownAgain(message.error));
        return;
      case 'result':
        thread.waiting.get(message.id)?.resolve(message.result);
        thread.waiting.delete(message.id);
        return;
      case 'closed':
        thread.closing?.resolve(message.log);
    }
  }

  #break(message: string, cause?: unknown): void {
    this.#fail(new RowmillError('internal', message, { cause }));
  }

  /** The first failure is what must be told; nothing that was asked for comes any more. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { waiting } of this.#threads) {
      for (const { reject } of waiting.values()) reject(this.#failure.error);
      waiting.clear();
    }
  }
}
