import { isUnreachable, messageOf, RowmillError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { DueRun, HostedRun, HostedRunStore } from '../ports/hosted-run-store.ts';
import type { RunEventType } from '../ports/run-events.ts';
import type { RunResult, RunService } from '../run/run-service.ts';
import type { RunLane } from '../run/run-lane.ts';
import { transitionReason } from '../run/status.ts';
import type { RegisteredTask } from '../task/registry.ts';
import { endData, endType, progressData } from './run-event-data.ts';
import type { RunEventFeed } from './run-event-feed.ts';

/** What a host works with. */
export interface RunHostPorts {
  readonly service: Pick<RunService, 'resume'>;
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
/** What does not work is tried again after a second, then after twice as long, up to this. */
const LONGEST_WAIT_MS = 8_000;
/** An event that the store cannot take now is offered so often, a second apart. */
const TELL_TRIES = 5;
/** Runs that only wait are carried out beside the others, up to so many. */
const CALLS_AT_ONCE = 256;
/** Watchers are told of progress four times a second at most. */
const PROGRESS_EVERY_MS = 250;

interface Carried {
  readonly stop: AbortController;
  readonly abort: AbortController;
  readonly done: Promise<void>;
  readonly accountId: string;
  readonly lane: RunLane;
}

/** A run that could not be carried out, and of which not even that could be stored. */
interface Setback {
  readonly count: number;
  readonly notBeforeMs: number;
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
  readonly #setbacks = new Map<string, Setback>();
  /** Sweeps that could not reach the store, since the last that could. */
  #failedSweeps = 0;
  /** Whether a run may have ended with nobody told: at the start, and when the store was gone. */
  #hasUntold = true;
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

  /** How many of them take up a slot. */
  get usedSlots(): number {
    return this.#inLane('work').length;
  }

  /** Runs that it carries out at most, without those that only wait. */
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

  /** A run was made due, in the store: it is told, and carried out as soon as there is room. */
  async begin(runId: string, dueAtMs: number = this.#ports.clock.now()): Promise<void> {
    await this.#tell(runId, 'queued', { due_at: new Date(dueAtMs).toISOString() });
    this.wake();
  }

  /** Makes a run due now, or at a time. */
  async enqueue(runId: string, dueAtMs: number = this.#ports.clock.now()): Promise<void> {
    const facts = { dueAtMs, acknowledgedAtMs: undefined, errorCode: undefined };
    await this.#ports.store.setFacts(runId, facts);
    await this.begin(runId, dueAtMs);
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
    const { clock, onError, makeStop } = this.#ports;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#wake = makeStop();
      try {
        await this.#tellUntold();
        await this.#beginDue('work');
        await this.#beginDue('calls');
        this.#sweptAtMs = clock.now();
        this.#failedSweeps = 0;
      } catch (error) {
        // Said once, not once a second for as long as the store is gone.
        if (this.#failedSweeps === 0) onError(error, undefined);
        this.#failedSweeps += 1;
        this.#hasUntold = true;
      }
      await clock.sleep(waitMs(this.#failedSweeps), this.#wake.signal);
    }
  }

  /** Fills the slots: the account that has the fewest is next, and of an account what waits longest. */
  async #beginDue(lane: RunLane): Promise<void> {
    const { store, clock } = this.#ports;
    const most = lane === 'work' ? this.#slots : CALLS_AT_ONCE;
    const free = most - this.#inLane(lane).length;
    if (free <= 0) return;
    const now = clock.now();
    const due = (await store.due(free + this.#setbacks.size, lane)).filter(
      ({ runId }) => (this.#setbacks.get(runId)?.notBeforeMs ?? 0) <= now,
    );
    while (this.#inLane(lane).length < most && !this.#closing.signal.aborted) {
      const waiting = due.filter(({ runId }) => !this.#carried.has(runId));
      const [first, ...others] = waiting;
      if (first === undefined) return;
      const next = others.reduce(
        (best, run) => (this.#carriedOf(run, lane) < this.#carriedOf(best, lane) ? run : best),
        first,
      );
      due.splice(due.indexOf(next), 1);
      this.#begin(next, lane);
    }
  }

  #carriedOf({ accountId }: DueRun, lane: RunLane): number {
    return this.#inLane(lane).filter((run) => run.accountId === accountId).length;
  }

  #inLane(lane: RunLane): readonly Carried[] {
    return [...this.#carried.values()].filter((run) => run.lane === lane);
  }

  /** Tells the end of runs that ended just before their server went. */
  async #tellUntold(): Promise<void> {
    if (!this.#hasUntold) return;
    this.#hasUntold = false;
    const { store } = this.#ports;
    for (const runId of await store.untold()) await this.tellMissed(await store.get(runId));
  }

  #begin({ runId, accountId }: DueRun, lane: RunLane): void {
    const { makeStop, onError } = this.#ports;
    const stop = makeStop();
    const abort = makeStop();
    const done = this.#carryOut(runId, { stop, abort })
      .then(
        () => void this.#setbacks.delete(runId),
        (error: unknown) => {
          this.#setBack(runId);
          onError(error, runId);
        },
      )
      .finally(() => {
        this.#carried.delete(runId);
        this.wake();
      });
    this.#carried.set(runId, { stop, abort, done, accountId, lane });
  }

  /** It stays due, and others go first for a while. */
  #setBack(runId: string): void {
    const count = (this.#setbacks.get(runId)?.count ?? 0) + 1;
    this.#setbacks.set(runId, { count, notBeforeMs: this.#ports.clock.now() + waitMs(count) });
    this.#hasUntold = true;
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
    if (result.status === 'internal_error') await this.#refuseUnstored(runId, result);
    await this.#tell(runId, endType(result), endData(result));
    await this.#answerLate(runId, result);
  }

  /** An ending that the store did not take has not happened: the run is taken up again. */
  async #refuseUnstored(runId: string, { message }: RunResult): Promise<void> {
    const { state, isHeld } = await this.#ports.store.get(runId);
    if (state.status === 'internal_error') return;
    // Else another server has taken it over.
    if (state.status === 'executing' && !isHeld)
      await this.#tell(runId, 'interrupted', { status: 'executing', message });
    throw new Error(`run ${runId} broke off and is taken up again: ${message ?? ''}`);
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
    // It was deleted, or another server was quicker.
    if (errorCode === 'run_not_found' || errorCode === 'run_busy') return;
    // It stays due.
    if (errorCode === 'store_unreachable') throw error;
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
    const { feed, clock, onError } = this.#ports;
    for (let tries = 1; ; tries += 1) {
      try {
        await feed.tell({ runId, type, data });
        return;
      } catch (error) {
        // The next one says more.
        const isLast = tries === TELL_TRIES || type === 'progress' || !isUnreachable(error);
        if (isLast || this.#closing.signal.aborted) {
          this.#hasUntold = true;
          onError(error, runId);
          return;
        }
      }
      await clock.sleep(waitMs(0), this.#closing.signal);
    }
  }
}

/** How long to wait after so many failures. */
function waitMs(failures: number): number {
  return Math.min(SWEEP_EVERY_MS * 2 ** failures, LONGEST_WAIT_MS);
}

/** The message of a run that could not be carried out, without the flags of a command line. */
function failureOf(error: unknown): string {
  if (error instanceof RowmillError && error.code === 'code_changed') {
    return 'the code of its task is not what the run began with: rows before and after would differ';
  }
  return messageOf(error);
}
