/**
 * The times at which a clock trigger is due. A law of each: what `next` gives lies strictly behind what
 * was asked for, and all times between two due times give the same answer, whoever asks and when.
 */
export interface DueTimes {
  /** The first due time behind `afterMs`; undefined when there is none any more. Ms since 1970. */
  next(afterMs: number): number | undefined;
  /** Whether a due time stands in for a local time that its day does not have. */
  isMoved?(dueMs: number): boolean;
  /** Whether a local time between two due times was left out, because its day does not have it. */
  hasLeftOut?(fromMs: number, toMs: number): boolean;
}

/** How the last call ended, as triggers tell calls apart. `idle`: there was nothing to do. */
export const OUTCOMES = ['success', 'idle', 'error', 'timeout'] as const;

export type Outcome = (typeof OUTCOMES)[number];

/** What becomes of a firing while a run of its job is at work. */
export const OVERLAP_POLICIES = ['skip', 'queue', 'allow'] as const;

export type OverlapPolicy = (typeof OVERLAP_POLICIES)[number];
