import { isElsewhere, isUnreachable, messageOf } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  ClaimedFiring,
  Firing,
  FiringEnd,
  FiringStore,
  NewFiring,
  Rearm,
} from '../ports/firing-store.ts';
import type { MakeId } from '../ports/ids.ts';
import type { JobRuns } from '../ports/job-runs.ts';
import type { StoredTrigger, TriggerStore } from '../ports/trigger-store.ts';
import { isClaim } from './claimed-files.ts';
import { FiringsApart, isFileElsewhere } from './firings-apart.ts';
import { newFiring } from './new-firing.ts';
import { planFirings } from './plan-firings.ts';
import { dueTimesOf, runWord } from './read-trigger.ts';
import { outcomeOf } from './run-outcome.ts';
import { Sweeper } from './sweeper.ts';
import type { Outcome } from './trigger.ts';
import { nextAfterOutcome } from './triggers/after-outcome.ts';
import { isFollowed } from './triggers/after-run.ts';

/** What a scheduler works with. */
export interface SchedulerPorts {
  readonly triggers: TriggerStore;
  readonly firings: FiringStore;
  readonly jobs: JobRuns;
  readonly clock: Clock;
  readonly makeId: MakeId;
  readonly makeStop: () => AbortController;
  /** A firing has come to its end. */
  readonly onEnd?: (firing: Firing) => void;
  readonly onError: (error: unknown, about: string | undefined) => void;
}

/** The store is looked into so often; whatever is due sooner is waited for to the millisecond. */
const SWEEP_EVERY_MS = 1_000;
/** What waits for a run of its job is tried again after that. */
const SOON_MS = SWEEP_EVERY_MS / 2;
/** What needs a server elsewhere that cannot be reached is tried again after that, and then more and more rarely. */
const TRY_AGAIN_MS = 10_000;
const TRY_AGAIN_AT_LAST_MS = 5 * 60 * 1_000;
/** A job that is started so many times a minute at most is tried again after that. */
const SLOWLY_MS = 5_000;
const TRIGGERS_AT_ONCE = 100;
const FIRINGS_AT_ONCE = 16;
const ENDS_AT_ONCE = 100;

/**
 * Makes triggers fire. Any number of them may work on one store: a due time becomes a firing once, a
 * firing is decided once, and what one of them had begun when it went away is gone on with by another.
 */
export class Scheduler {
  readonly #ports: SchedulerPorts;
  readonly #sweeper: Sweeper;
  readonly #apart: FiringsApart;

  constructor(ports: SchedulerPorts) {
    this.#ports = ports;
    this.#apart = new FiringsApart({
      ...ports,
      decide: (firing, refusedForMs) => this.#decideNext(firing, refusedForMs),
      postpone: (firing, forMs) => this.#postpone(firing, forMs),
    });
    const pauseMs = (): Promise<number> => this.#pauseMs();
    this.#sweeper = new Sweeper({ ...ports, pauseMs, sweep: () => this.sweep() });
  }

  open(): void {
    this.#sweeper.open();
  }

  /** Something may be due, or have ended. */
  wake(): void {
    this.#sweeper.wake();
  }

  /** What is being decided is decided first. */
  async close(): Promise<void> {
    await Promise.all([this.#sweeper.close(), this.#apart.close()]);
    // The last sweep may have found some more.
    await this.#apart.close();
  }

  /** Does all there is to do now. What fails is told and tried again the next time. */
  async sweep(): Promise<void> {
    const parts = [() => this.#closeEnded(), () => this.#fireDue(), () => this.#startWaiting()];
    for (const part of parts) {
      if (this.#sweeper.isClosing) return;
      await part().catch((error: unknown) => this.#ports.onError(error, undefined));
    }
  }

  async #pauseMs(): Promise<number> {
    const { triggers, clock } = this.#ports;
    const earliest = await triggers.earliestDueMs().catch(() => undefined);
    const restMs = (earliest ?? Number.POSITIVE_INFINITY) - clock.now();
    // What is due and stays so could not be done: it is not tried without a pause.
    return restMs > 0 ? Math.min(restMs, SWEEP_EVERY_MS) : SWEEP_EVERY_MS;
  }

  async #fireDue(): Promise<void> {
    const { triggers, clock, onError } = this.#ports;
    for (;;) {
      const due = await triggers.due(clock.now(), TRIGGERS_AT_ONCE);
      let isMoving = false;
      for (const trigger of due) {
        if (this.#sweeper.isClosing) return;
        try {
          isMoving = (await this.#advance(trigger)) || isMoving;
        } catch (error) {
          onError(error, trigger.id);
        }
      }
      if (!isMoving) return;
      await clock.breathe();
    }
  }

  async #advance(trigger: StoredTrigger): Promise<boolean> {
    const { nextDueMs: dueMs } = trigger;
    return dueMs !== undefined && this.#ports.triggers.advance(trigger, this.#next(trigger, dueMs));
  }

  #next(trigger: StoredTrigger, dueMs: number): Parameters<TriggerStore['advance']>[1] {
    const { clock, makeId } = this.#ports;
    const { definition, missed, missedWindowMs: windowMs } = trigger;
    const fire = (what: Pick<NewFiring, 'dueMs'> & Partial<NewFiring>): NewFiring =>
      newFiring(trigger, makeId, what);
    try {
      const times = dueTimesOf(definition);
      // The next time of one that has no times of its own is told by the end of its run.
      if (times === undefined) return { nextDueMs: undefined, firings: [fire({ dueMs })] };
      const plan = planFirings(times, { dueMs, nowMs: clock.now(), missed, windowMs });
      return { nextDueMs: plan.nextDueMs, firings: plan.firings.map(fire) };
    } catch (error) {
      // Its definition was right when it was made; with this release it is not.
      const message = `its next time cannot be found: ${messageOf(error)}`;
      const firings = [fire({ dueMs, verdict: 'error', message })];
      return { nextDueMs: undefined, firings };
    }
  }

  async #startWaiting(): Promise<void> {
    const { firings, clock } = this.#ports;
    // How often each came. What has to wait is due again before many others have had their turn.
    const seen = new Map<string, number>();
    // Jobs whose files had their turn: however many wait, what is due meanwhile need not wait for all of them.
    const jobs = new Set<string>();
    for (;;) {
      const left = { jobs, jobsElsewhere: this.#apart.jobs };
      const claimed = await firings.claim(FIRINGS_AT_ONCE, left);
      if (claimed.length === 0) return;
      const fresh = claimed.filter(({ id }) => !seen.has(id));
      for (const firing of claimed) {
        const times = seen.get(firing.id) ?? 0;
        seen.set(firing.id, times + 1);
        // In one sweep each is asked for once, and out of the way for longer each time that it comes again.
        if (times > 0) await this.#postpone(firing, SLOWLY_MS * 2 ** (times - 1));
      }
      const far = fresh.filter((firing) => isFileElsewhere(firing));
      for (const [jobId, group] of byJob(far)) {
        const onRefused = (): void => void jobs.add(jobId);
        void this.#apart
          .add(jobId, group)
          .then((isRefused) => (isRefused ? onRefused() : this.wake()));
      }
      const near = byJob(fresh.filter((firing) => !isFileElsewhere(firing)));
      await Promise.all(
        [...near].map(async ([jobId, group]) => {
          const isRefused = await this.#decideAll(group);
          if (!group.some(isClaim)) return;
          jobs.add(jobId);
          // There may be more of them, for which it has time.
          if (!isRefused) this.wake();
        }),
      );
      if (this.#sweeper.isClosing) return;
      await clock.breathe();
    }
  }

  /** Those of one job. Gives whether it refuses files now. */
  async #decideAll(claimed: readonly ClaimedFiring[]): Promise<boolean> {
    let refusedForMs: number | undefined;
    for (const firing of claimed) refusedForMs = await this.#decideNext(firing, refusedForMs);
    return refusedForMs !== undefined;
  }

  /** Decides a firing, after one of the same job that it has refused for so long. Never throws. */
  async #decideNext(
    firing: ClaimedFiring,
    refusedForMs: number | undefined,
  ): Promise<number | undefined> {
    if (refusedForMs === undefined || !isClaim(firing)) {
      return (await this.#decide(firing)) ?? refusedForMs;
    }
    // What its job refuses one file for, it refuses the next for too.
    await this.#postpone(firing, refusedForMs);
    return refusedForMs;
  }

  /** Where that fails, the claim ends by itself. */
  async #postpone(firing: ClaimedFiring, forMs: number): Promise<void> {
    const { firings, onError } = this.#ports;
    await firings.postpone(firing, forMs).catch((error: unknown) => onError(error, firing.id));
  }

  /** Gives for how long it waits where its job refuses it now. Never throws. */
  async #decide(firing: ClaimedFiring): Promise<number | undefined> {
    const { firings, jobs, onError } = this.#ports;
    try {
      const started = firing.isOverlapped
        ? { overlaps: 'a run of it is at work' }
        : await jobs.start(firing).catch((error: unknown) => {
            // Nothing is known of it: it comes again when its claim has ended.
            if (isUnreachable(error)) throw error;
            return isElsewhere(error) ? { later: error } : { error };
          });
      if ('runId' in started) {
        await firings.settle(firing, { verdict: 'fired', runId: started.runId });
        return undefined;
      }
      if ('later' in started) {
        // Another server, or the next process of this one, goes on with what is given up for the end of this.
        const isClosing = this.#sweeper.isClosing;
        if (!isClosing) onError(started.later, firing.id);
        await firings.putOff(firing, isClosing ? 0 : tryAgainMs(firing));
        return undefined;
      }
      if ('listed' in started) {
        const rearm = await this.#rearm(firing, started.listed === 0 ? 'idle' : 'success');
        const message = `${started.listed} items`;
        await firings.settle(firing, { verdict: 'listed', message, rearm });
        this.wake();
        return undefined;
      }
      // A run that somebody else has begun is waited for too. No file is left out: it waits as it is.
      if ('overlaps' in started && (firing.overlap === 'queue' || isClaim(firing))) {
        await firings.postpone(firing, SOON_MS);
        return firing.isOverlapped ? undefined : SOON_MS;
      }
      if ('tooMany' in started && isClaim(firing)) {
        await firings.postpone(firing, SLOWLY_MS);
        return SLOWLY_MS;
      }
      if ('overlaps' in started) {
        const rearm = await this.#rearm(firing, 'idle');
        const message = started.overlaps;
        await firings.settle(firing, { verdict: 'skipped_overlap', message, rearm });
        return undefined;
      }
      if ('archived' in started) {
        const rearm = await this.#rearm(firing, 'idle');
        const message = started.archived;
        await firings.settle(firing, { verdict: 'skipped_archived', message, rearm });
        return undefined;
      }
      const rearm = await this.#rearm(firing, 'error');
      await firings.settle(
        firing,
        'tooMany' in started
          ? { verdict: 'too_many', message: started.tooMany, rearm }
          : { verdict: 'error', message: messageOf(started.error), rearm },
      );
      this.#ports.onEnd?.(firing);
    } catch (error) {
      // The claim ends by itself, and the firing is decided then.
      onError(error, firing.id);
    }
    return undefined;
  }

  /** When a trigger that waits for the end of its run is due again. */
  async #rearm(
    firing: Firing,
    outcome: Outcome,
    endedAtMs = this.#ports.clock.now(),
  ): Promise<Rearm | undefined> {
    const trigger = await this.#ports.triggers.get(firing.triggerId);
    if (trigger?.definition.kind !== 'after_outcome') return undefined;
    const nextDueMs = nextAfterOutcome(trigger.definition, { endedAtMs, outcome });
    return { triggerId: trigger.id, nextDueMs };
  }

  async #closeEnded(): Promise<void> {
    const { firings, onError } = this.#ports;
    for (;;) {
      const ends = await firings.ended(ENDS_AT_ONCE);
      let closed = 0;
      for (const end of ends) {
        try {
          if (await this.#close(end)) closed += 1;
        } catch (error) {
          onError(error, end.firing.id);
        }
      }
      if (closed === 0) return;
    }
  }

  async #close({ firing, run }: FiringEnd): Promise<boolean> {
    const { firings, triggers, clock, makeId } = this.#ports;
    const endedAtMs = run?.finishedAtMs ?? clock.now();
    const outcome = outcomeOf(run);
    const followed = new Set([firing.triggerId, firing.jobId].map(runWord));
    const listening = await Promise.all(
      [...followed].map((word) => triggers.listening(firing.accountId, word)),
    );
    const followers = listening
      .flat()
      .filter(
        ({ definition }) => definition.kind === 'after_run' && isFollowed(definition, outcome),
      )
      .map((trigger) =>
        newFiring(trigger, makeId, {
          dueMs: endedAtMs,
          item: firing.runId ?? firing.id,
          payload: { job: firing.jobId, run_id: firing.runId ?? null, outcome },
        }),
      );
    const rearm = await this.#rearm(firing, outcome, endedAtMs);
    const isClosed = await firings.close(firing, { endedAtMs, outcome, rearm, followers });
    if (isClosed) this.#ports.onEnd?.(firing);
    return isClosed;
  }
}

/** A server that refuses who logs in too often must not be asked for ever at the same pace. */
function tryAgainMs({ putOffs }: ClaimedFiring): number {
  return Math.min(TRY_AGAIN_MS * 2 ** putOffs, TRY_AGAIN_AT_LAST_MS);
}

/** Those of one job are decided one after another: what has a queue waits there in this order. */
function byJob(firings: readonly ClaimedFiring[]): ReadonlyMap<string, readonly ClaimedFiring[]> {
  const jobs = new Map<string, ClaimedFiring[]>();
  for (const firing of firings) {
    jobs.set(firing.jobId, [...(jobs.get(firing.jobId) ?? []), firing]);
  }
  return jobs;
}
