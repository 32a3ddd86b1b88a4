import type { DueTimes } from './trigger.ts';

/** What becomes of due times that nobody was there for. */
export const MISSED_POLICIES = ['once', 'skip', 'all'] as const;

export type MissedPolicy = (typeof MISSED_POLICIES)[number];

/** A due time, or many in a row that were missed alike. */
export interface PlannedFiring {
  readonly dueMs: number;
  readonly verdict: 'waiting' | 'skipped_missed';
  /** Due times that this stands for. */
  readonly count: number;
  /** The last of them. */
  readonly lastDueMs: number;
}

/** Who is later has missed it, even when no other due time has come since. */
const MISSED_AFTER_MS = 60_000;
/** Of one step; what is left comes in the next. */
const MAX_DUE_TIMES = 2_000;
/** More than so many that were missed in a row are told as one. */
const MAX_MISSED_APART = 100;

/**
 * What becomes of the due times from `dueMs` until now, and which is next. A due time is missed when
 * another has come behind it, or when it is late by more than a minute.
 */
export function planFirings(
  times: DueTimes,
  {
    dueMs,
    nowMs,
    missed,
    windowMs,
  }: {
    readonly dueMs: number;
    readonly nowMs: number;
    readonly missed: MissedPolicy;
    /** How old a missed one may be that is to run after all (`all`). */
    readonly windowMs: number;
  },
): { readonly firings: readonly PlannedFiring[]; readonly nextDueMs: number | undefined } {
  const due: number[] = [];
  let next: number | undefined = dueMs;
  while (next !== undefined && next <= nowMs && due.length < MAX_DUE_TIMES) {
    due.push(next);
    next = times.next(next);
  }
  const isLast = next === undefined || next > nowMs;
  const runs = (at: number, index: number): boolean => {
    const isNewest = isLast && index === due.length - 1;
    if (isNewest && (missed === 'once' || nowMs - at <= MISSED_AFTER_MS)) return true;
    return missed === 'all' && nowMs - at <= windowMs;
  };
  const skipped = due.filter((at, index) => !runs(at, index));
  const waiting = due.filter((at, index) => runs(at, index));
  const firings = [...told(skipped), ...waiting.map((at) => one(at, 'waiting'))];
  return { firings, nextDueMs: next };
}

function told(skipped: readonly number[]): readonly PlannedFiring[] {
  const [first, last] = [skipped[0], skipped.at(-1)];
  if (first === undefined || last === undefined || skipped.length <= MAX_MISSED_APART) {
    return skipped.map((at) => one(at, 'skipped_missed'));
  }
  const count = skipped.length;
  return [{ dueMs: first, verdict: 'skipped_missed', count, lastDueMs: last }];
}

function one(dueMs: number, verdict: PlannedFiring['verdict']): PlannedFiring {
  return { dueMs, verdict, count: 1, lastDueMs: dueMs };
}
