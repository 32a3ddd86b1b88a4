import { messageOf } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MakeId } from '../../ports/ids.ts';
import type {
  SystemClaim,
  SystemExecution,
  SystemJobKey,
  SystemJobStore,
} from '../../ports/system-job-store.ts';
import type { DueTimes } from '../trigger.ts';
import type { SystemJob } from './system-job.ts';
import { planWords, timesOfPlan } from './system-plan.ts';

/** What the jobs of the system work with. */
export interface SystemJobsPorts {
  readonly store: SystemJobStore;
  /** Name of the place where this server has its files. */
  readonly place: string;
  readonly clock: Clock;
  readonly makeId: MakeId;
  readonly makeStop: () => AbortController;
  /** An execution has ended. */
  readonly onEnded: (execution: SystemExecution) => void;
  readonly onError: (error: unknown, about: string) => void;
}

/** A call that was heard: what it has begun, and when that is over. */
export interface SystemCall {
  readonly executionId: string;
  readonly ended: Promise<void>;
}

/** Another server may have changed what is due: it is looked up so often at least. */
const LOOK_EVERY_MS = 60_000;
/** While one is at work, its end is looked for so often. */
const LOOK_AGAIN_MS = 5_000;
const RENEW_EVERY_MS = 10_000;
/** Due times that passed during one execution are counted up to this. */
const MOST_SKIPPED = 100_000;

/**
 * What a server does to look after itself. Each job waits for its own time and is carried out for itself:
 * one that is slow, or fails, holds up no other. Of each only one execution is at work in the cluster.
 */
export class SystemJobs {
  readonly list: readonly SystemJob[];
  readonly #ports: SystemJobsPorts;
  readonly #closing: AbortController;
  readonly #working = new Set<Promise<void>>();

  constructor(ports: SystemJobsPorts, jobs: readonly SystemJob[]) {
    this.#ports = ports;
    this.list = jobs;
    this.#closing = ports.makeStop();
  }

  open(): void {
    for (const job of this.list) this.#track(this.#wait(job));
  }

  /** What is at work is told to break off, and waited for. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#working);
  }

  find(name: string): SystemJob | undefined {
    return this.list.find((job) => job.name === name);
  }

  keyOf({ name, reach }: SystemJob): SystemJobKey {
    return { job: name, place: reach === 'files' ? this.#ports.place : '' };
  }

  /** Makes a job known with its plan. What comes again and again is due at the start of a server. */
  async arm(job: SystemJob): Promise<void> {
    const { store, clock } = this.#ports;
    const now = Math.floor(clock.now());
    const isDueAtStart = job.plan.kind === 'frequency';
    const nextDueMs = isDueAtStart ? now : timesOfPlan(job.plan)?.next(now);
    await store.arm(this.keyOf(job), { plan: planWords(job.plan), nextDueMs, isDueAtStart });
  }

  /** Carries a job out if it is due and not at work; gives how long to wait until it is looked at again. */
  async look(job: SystemJob): Promise<number> {
    const { store, clock } = this.#ports;
    const times = timesOfPlan(job.plan);
    const { nextDueMs: dueMs, isExecuting } = await store.state(this.keyOf(job));
    if (times === undefined || dueMs === undefined) return LOOK_EVERY_MS;
    const now = clock.now();
    if (dueMs > now) return Math.min(dueMs - now, LOOK_EVERY_MS);
    if (isExecuting) return LOOK_AGAIN_MS;
    const claim = await this.#begin(job, { dueMs, nextDueMs: times.next(now) });
    if (claim === undefined) return LOOK_AGAIN_MS;
    await this.#carryOut(job, claim);
    return 0;
  }

  /** Carries a job out now, whatever its plan. Undefined where it is at work. */
  async call(job: SystemJob): Promise<SystemCall | undefined> {
    const claim = await this.#begin(job, undefined);
    if (claim === undefined) return undefined;
    const ended = this.#carryOut(job, claim).catch((error: unknown) =>
      this.#ports.onError(error, job.name),
    );
    this.#track(ended);
    return { executionId: claim.executionId, ended };
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => void this.#working.delete(tracked));
    this.#working.add(tracked);
  }

  async #wait(job: SystemJob): Promise<void> {
    const { clock, onError } = this.#ports;
    const { signal } = this.#closing;
    let isArmed = false;
    while (!signal.aborted) {
      let restMs = LOOK_AGAIN_MS;
      try {
        if (!isArmed) await this.arm(job);
        isArmed = true;
        restMs = await this.look(job);
      } catch (error) {
        onError(error, job.name);
      }
      await clock.sleep(restMs, signal);
    }
  }

  #begin(
    job: SystemJob,
    due: Parameters<SystemJobStore['begin']>[1]['due'],
  ): Promise<SystemClaim | undefined> {
    const { store, clock, makeId } = this.#ports;
    const startedAtMs = Math.floor(clock.now());
    return store.begin(this.keyOf(job), { executionId: makeId('sys'), due, startedAtMs });
  }

  async #carryOut(job: SystemJob, claim: SystemClaim): Promise<void> {
    const { store, clock, makeStop, onEnded } = this.#ports;
    const stop = makeStop();
    const end = (): void => stop.abort();
    this.#closing.signal.addEventListener('abort', end, { once: true });
    if (this.#closing.signal.aborted) end();
    const done = makeStop();
    const renewing = this.#renew(claim, stop, done.signal);
    let result: Pick<SystemExecution, 'status' | 'counts' | 'message'>;
    try {
      const { counts, message } = await job.work(stop.signal);
      result = { status: 'success', counts, message };
    } catch (error) {
      result = { status: 'error', counts: {}, message: messageOf(error) };
    } finally {
      done.abort();
      this.#closing.signal.removeEventListener('abort', end);
    }
    await renewing;
    const finishedAtMs = Math.floor(clock.now());
    const passed = await this.#passed(job, finishedAtMs);
    const isOurs = await store.finish(claim, { ...result, ...passed, finishedAtMs });
    const execution = isOurs ? await store.get(claim.executionId) : undefined;
    if (execution !== undefined) onEnded(execution);
  }

  /** Due times that came while it was at work: none of them begins a second one. */
  async #passed(
    job: SystemJob,
    nowMs: number,
  ): Promise<{ readonly skipped: number; readonly nextDueMs: number | undefined }> {
    const { nextDueMs } = await this.#ports.store.state(this.keyOf(job));
    const times = timesOfPlan(job.plan);
    if (times === undefined || nextDueMs === undefined || nextDueMs > nowMs) {
      return { skipped: 0, nextDueMs: undefined };
    }
    return { skipped: dueTimesUntil(times, nextDueMs, nowMs), nextDueMs: times.next(nowMs) };
  }

  async #renew(claim: SystemClaim, stop: AbortController, done: AbortSignal): Promise<void> {
    const { store, clock, onError } = this.#ports;
    for (;;) {
      await clock.sleep(RENEW_EVERY_MS, done);
      if (done.aborted) return;
      try {
        // Another server does it now: two must not.
        if (!(await store.renew(claim))) stop.abort();
      } catch (error) {
        onError(error, claim.job);
      }
    }
  }
}

function dueTimesUntil(times: DueTimes, firstMs: number, nowMs: number): number {
  let count = 0;
  for (
    let due: number | undefined = firstMs;
    due !== undefined && due <= nowMs && count < MOST_SKIPPED;
    due = times.next(due)
  ) {
    count += 1;
  }
  return count;
}
