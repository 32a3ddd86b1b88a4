/** What a run can be. Transitional facts (stopping, interrupted) are flags of the record, not statuses. */
export const RUN_STATUSES = [
  'pending',
  'executing',
  'paused',
  'stopped',
  'success',
  'failure',
  'partial',
  'internal_error',
  'dropped_dup',
] as const;

export type RunStatus = (typeof RUN_STATUSES)[number];

/** What another process may ask of a run while it lasts. */
export type AskedOfRun = 'pause' | 'resume' | 'stop';

/** Rows counted. `unprocessed` are those whose turn never came. */
export interface Tally {
  readonly succeeded: number;
  readonly failed: number;
}

/**
 * The only ways a status may change, each with its reason. A change that is not here is a bug and
 * is refused.
 */
const TRANSITIONS: { readonly [From in RunStatus]: Partial<Record<RunStatus, string>> } = {
  pending: {
    executing: 'an executor began the run',
    stopped: 'the user withdrew it before it began',
    dropped_dup: 'an equal event had started a run within the window',
    internal_error: 'its input or its task was gone when its turn came',
  },
  executing: {
    success: 'the input ended and no processed row had failed',
    partial:
      'the input ended (or the task stopped, or too many rows failed) and some rows had failed',
    failure:
      'the input ended (or the task stopped, or too many rows failed) and all rows had failed',
    paused: 'the user asked for a pause; rows in flight were finished and a checkpoint committed',
    stopped: 'the user asked for a stop; rows in flight were finished and a checkpoint committed',
    internal_error: 'the run could not go on: lost input, full disk, broken contract',
    executing: 'the process died and another took the run up from its checkpoint',
  },
  paused: {
    executing: 'the user resumed it from its checkpoint',
    stopped: 'the user gave it up while it was paused',
  },
  stopped: {
    executing: 'the user resumed it from its checkpoint after all',
  },
  internal_error: {
    executing: 'the cause was removed and the user resumed it from its last good checkpoint',
  },
  success: {},
  failure: {},
  partial: {},
  dropped_dup: {},
};

/** Why a status may change so, or undefined where it may not. */
export function transitionReason(from: RunStatus, to: RunStatus): string | undefined {
  return TRANSITIONS[from][to];
}

/** A change of status that the table does not have. */
export class StatusTransitionError extends Error {
  override readonly name = 'StatusTransitionError';
  readonly code = 'transition_refused';

  constructor(runId: string, from: RunStatus, to: RunStatus) {
    const allowed = Object.keys(TRANSITIONS[from]).join(', ') || 'nothing: it is final';
    super(
      `run ${runId} is ${from} and cannot become ${to} (from ${from} it may become ${allowed})`,
    );
  }
}

/** The status of a run whose rows are done. Zero rows is a success. */
export function finalStatus({ succeeded, failed }: Tally): 'success' | 'failure' | 'partial' {
  if (failed === 0) return 'success';
  return succeeded === 0 ? 'failure' : 'partial';
}

/** Whether a run of this status will never change again. */
export function isFinal(status: RunStatus): boolean {
  return Object.keys(TRANSITIONS[status]).length === 0;
}
