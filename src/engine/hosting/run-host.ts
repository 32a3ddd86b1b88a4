import { messageOf, RowmillError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostedRun, HostedRunStore } from '../ports/hosted-run-store.ts';
import type { RunEventType } from '../ports/run-events.ts';
import type { RunProgress, RunResult, RunService } from '../run/run-service.ts';
import { transitionReason } from '../run/status.ts';
import type { RegisteredTask } from '../task/registry.ts';
import type { RunEventFeed } from './run-event-feed.ts';

/** What a host works with. */
export interface RunHostPorts {
  readonly service: RunService;
  readonly store: HostedRunStore;
  readonly feed: RunEventFeed;
  readonly tasks: { find(name: string): Promise<RegisteredTask> };
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  /** What went wrong beside the runs themselves. */
  readonly onError: (error: unknown, runId: string | undefined) => void;
}

/** Due runs are looked for so often; whatever makes one due in this process says so at once. */
const SWEEP_EVERY_MS = 1_000;
/** Who has not looked for due runs for so long does not. */
const MAX_SILENCE_MS = 10_000;
/** Watchers are told of progress four times a second at most. */
const PROGRESS_EVERY_MS = 250;

interface Carried {
  readonly stop: AbortController;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/**
 * Carries out the runs that are due, so many at a time, and takes up those whose server has gone. The
 * store says what is due: nothing is lost when the process is.
 */
export class RunHost {
  readonly #ports: RunHostPorts;
  readonly #slots: number;
  readonly #carried = new Map<string, Carried>();
  readonly #mending = new Set<string>();
  #closing = new AbortController();
  #sweeping: Promise<void> | undefined;
  #wake: AbortController | undefined;
  #sweptAtMs: number | undefined;

  constructor(ports: RunHostPorts, { slots }: { readonly slots: number }) {
    this.#ports = ports;
    this.#slots = slots;
  }

  /** Ids of the runs that are being carried out here. */
  get carried(): readonly string[] {
    return [...this.#carried.keys()];
  }

  /** Runs that it carries out at most. */
  get slots(): number {
    return this.#slots;
  }

  /** Whether due runs are looked for. */
  get isAlive(): boolean {
    const { clock } = this.#ports;
    return this.#sweptAtMs !== undefined && clock.now() - this.#sweptAtMs < MAX_SILENCE_MS;
  }

  open(): void {
    this.#sweeping ??= this.#sweep();
  }

  /** A run may have become due. */
  wake(): void {
    this.#wake?.abort();
  }

  /** Makes a run due now, or at a time. */
  async enqueue(runId: string, dueAtMs: number = this.#ports.clock.now()): Promise<void> {
    const facts = { dueAtMs, acknowledgedAtMs: undefined, errorCode: undefined };
    await this.#ports.store.setFacts(runId, facts);
    await this.#tell(runId, 'queued', { due_at: new Date(dueAtMs).toISOString() });
    this.wake();
  }

  /**
   * A server that goes away between the end of a run and its word of it leaves who watches waiting: the
   * word is given now, where it is missing.
   */
  async tellMissed(run: HostedRun): Promise<void> {
    const { runId } = run.record;
    const { status } = run.state;
    const type = status === 'paused' ? 'paused' : 'ended';
    const isAtRest =
      status !== 'pending' && status !== 'executing' && run.facts.dueAtMs === undefined;
    if (run.isHeld || !isAtRest || this.#carried.has(runId) || this.#mending.has(runId)) return;
    this.#mending.add(runId);
    try {
      const last = await this.#ports.feed.last(runId);
      if (last?.type === type) return;
      await this.#tell(runId, type, endData(run.state));
    } finally {
      this.#mending.delete(runId);
    }
  }

  /**
   * Ends: every run commits a checkpoint and is taken up at the next start. What has not ended after
   * `graceMs` is aborted, and loses what came after its last checkpoint.
   */
  async close(graceMs: number): Promise<void> {
    this.#closing.abort();
    this.#wake?.abort();
    for (const { stop } of this.#carried.values()) stop.abort('interrupt');
    const all = Promise.all([...this.#carried.values()].map(({ done }) => done));
    const timer = this.#ports.makeStop();
    await Promise.race([all, this.#ports.clock.sleep(graceMs, timer.signal)]);
    timer.abort();
    for (const { abort } of this.#carried.values()) abort.abort('interrupt');
    await all;
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { clock, store, onError, makeStop } = this.#ports;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#wake = makeStop();
      try {
        const due = this.#carried.size < this.#slots ? await store.due() : [];
        this.#sweptAtMs = clock.now();
        for (const runId of due) {
          if (this.#carried.size >= this.#slots || signal.aborted) break;
          if (!this.#carried.has(runId)) this.#begin(runId);
        }
      } catch (error) {
        onError(error, undefined);
      }
      await clock.sleep(SWEEP_EVERY_MS, this.#wake.signal);
    }
  }

  #begin(runId: string): void {
    const { makeStop, onError } = this.#ports;
    const stop = makeStop();
    const abort = makeStop();
    const done = this.#carryOut(runId, { stop, abort })
      .catch((error: unknown) => onError(error, runId))
      .finally(() => {
        this.#carried.delete(runId);
        this.wake();
      });
    this.#carried.set(runId, { stop, abort, done });
  }

  async #carryOut(runId: string, { stop, abort }: Pick<Carried, 'stop' | 'abort'>): Promise<void> {
    const { service, store, tasks, clock } = this.#ports;
    let toldAtMs = -Infinity;
    let result: RunResult;
    try {
      const { record, state, facts } = await store.get(runId);
      const { task, codeHash } = await tasks.find(record.task);
      // Before the first checkpoint no row was processed by other code.
      const acceptNewCode = facts.acceptsNewCode || state.position === undefined;
      result = await service.resume(
        runId,
        { task, codeHash, acceptNewCode },
        {
          stopSignal: stop.signal,
          abortSignal: abort.signal,
          leavesWhenPaused: true,
          listeners: {
            onStarted: ({ resumedAfterRows, inputBytes }) =>
              void this.#tell(runId, 'started', {
                status: 'executing',
                resumed_after_rows: resumedAfterRows ?? null,
                bytes_total: inputBytes ?? null,
              }),
            onProgress: (progress) => {
              const now = clock.now();
              if (now - toldAtMs < PROGRESS_EVERY_MS) return;
              toldAtMs = now;
              void this.#tell(runId, 'progress', progressData(progress));
            },
          },
        },
      );
    } catch (error) {
      await this.#fail(runId, error);
      return;
    }
    await this.#tell(runId, endType(result), endData(result));
    await this.#answerLate(runId, result);
  }

  /** What was asked of a run while it was let go, paused, is done now. */
  async #answerLate(runId: string, { status }: RunResult): Promise<void> {
    if (status !== 'paused' || this.#closing.signal.aborted) return;
    const { state } = await this.#ports.store.get(runId);
    if (state.asked === 'resume') await this.enqueue(runId);
  }

  /** A run that could not be carried out says why, and is not due any more. */
  async #fail(runId: string, error: unknown): Promise<void> {
    const { store } = this.#ports;
    const errorCode = error instanceof RowmillError ? error.code : undefined;
    await store.setFacts(runId, { dueAtMs: undefined, errorCode });
    const message = failureOf(error);
    const held = await store.hold(runId);
    try {
      const { state } = await store.get(runId);
      if (transitionReason(state.status, 'internal_error') !== undefined) {
        await held.setStatus('internal_error', { message });
      }
    } finally {
      await held.release();
    }
    await this.#tell(runId, 'ended', { status: 'internal_error', message });
  }

  async #tell(
    runId: string,
    type: RunEventType,
    data: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    try {
      await this.#ports.feed.tell({ runId, type, data });
    } catch (error) {
      this.#ports.onError(error, runId);
    }
  }
}

/** The message of a run that could not be carried out, without the flags of a command line. */
function failureOf(error: unknown): string {
  if (error instanceof RowmillError && error.code === 'code_changed') {
    return 'the code of its task is not what the run began with: rows before and after would differ';
  }
  return messageOf(error);
}

function progressData(progress: RunProgress): Readonly<Record<string, unknown>> {
  return {
    status: 'executing',
    succeeded: progress.succeeded,
    failed: progress.failed,
    bytes_done: progress.bytesDone,
    bytes_total: progress.bytesTotal ?? null,
    elapsed_ms: Math.round(progress.elapsedMs),
  };
}

function endType({ status }: RunResult): RunEventType {
  if (status === 'executing') return 'interrupted';
  return status === 'paused' ? 'paused' : 'ended';
}

function endData(
  result: Pick<RunResult, 'status' | 'succeeded' | 'failed' | 'elapsedMs' | 'message'>,
): Readonly<Record<string, unknown>> {
  return {
    status: result.status,
    succeeded: result.succeeded,
    failed: result.failed,
    elapsed_ms: Math.round(result.elapsedMs),
    message: result.message ?? null,
  };
}
