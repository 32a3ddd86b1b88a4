import type { RunSummary } from '../../../engine/run/run-service.ts';

/** The status of a run as people read it. */
export function statusWord({ status, isInterrupted }: RunSummary): string {
  return isInterrupted ? 'interrupted' : status;
}
