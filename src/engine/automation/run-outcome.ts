import type { FiringEnd } from '../ports/firing-store.ts';
import { isFinal } from '../run/status.ts';
import type { Outcome } from './trigger.ts';

/** How a run has ended, as triggers tell calls apart. A run that failed in part has not gone well. */
export function outcomeOf(run: FiringEnd['run']): Outcome {
  if (run?.said !== undefined && isFinal(run.status)) return run.said;
  if (run?.errorCode === 'timeout') return 'timeout';
  if (run?.status === 'dropped_dup') return 'idle';
  if (run?.status !== 'success') return 'error';
  return run.succeeded === 0 ? 'idle' : 'success';
}
