import type {
  RowExecutor,
  RowSlice,
  RowThreads,
  RowThreadSetup,
  SliceResult,
} from '../../../src/engine/ports/row-executor.ts';
import { RowThread, type RowThreadPorts } from '../../../src/engine/run/rows/row-thread.ts';
import type { Task } from '../../../src/engine/task/task.ts';

/** Threads that are none: slices are done in this one, and their results come in a random order. */
export class InlineExecutor implements RowExecutor {
  readonly ports: RowThreadPorts;
  task: Task | undefined;
  /** How many of them were started, and how many slices they were given. */
  started = 0;
  slices = 0;
  /** Called before each slice; a test may throw here, as a thread that breaks off. */
  onSlice: (slice: RowSlice) => void = () => undefined;
  /** From 0 on, below 1. */
  random: () => number = () => 0;

  constructor(ports: RowThreadPorts) {
    this.ports = ports;
  }

  start(setup: RowThreadSetup, { count }: { readonly count: number }): RowThreads {
    const { task, ports } = this;
    if (task?.kind !== 'csv') throw new Error('this executor was given no CSV task');
    this.started += count;
    const signal = new AbortController().signal;
    const record = structuredClone(setup.record);
    const opening = RowThread.open(task, { ...setup, record }, { ports, signal });
    let opened: RowThread | undefined;
    let last: Promise<unknown> = opening.then((thread) => (opened = thread));
    const run = (slice: RowSlice): Promise<SliceResult> => {
      const done = last.then(async () => {
        this.slices += 1;
        this.onSlice(slice);
        const thread = await opening;
        return structuredClone(await thread.run(structuredClone(slice)));
      });
      last = done.catch(() => undefined);
      return done.then(async (result) => {
        for (let turns = Math.floor(this.random() * 6); turns > 0; turns -= 1) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        return result;
      });
    };
    return {
      count,
      get isReady() {
        return opened !== undefined;
      },
      run,
      stop: () => opened?.stop(),
      close: async () => {
        await last;
        return (await opening).close();
      },
      terminate: async () => undefined,
    };
  }
}
