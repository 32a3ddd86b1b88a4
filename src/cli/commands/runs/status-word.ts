import type { RunSummary } from '../../../engine/run/run-service.ts';

/** The status of a run as people read it. */
export function statusWord({ status, isInterrupted, asked }: RunSummary): string {
  if (isInterrupted) return 'interrupted';
  if (status === 'executing' && asked === 'pause') return 'pausing';
  return asked === 'stop' ? 'stopping' : status;
}
