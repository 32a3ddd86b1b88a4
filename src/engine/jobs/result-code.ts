import { isFinal, type RunStatus, type Tally } from '../run/status.ts';

/** How a run of a job went, in a word: `idle` had nothing to do. */
export const RESULT_CODES = ['success', 'idle', 'error', 'timeout'] as const;

export type ResultCode = (typeof RESULT_CODES)[number];

/** The result of a run: what its script says, or else what its end says. Undefined for one that has none (yet). */
export function resultCodeOf({
  status,
  succeeded,
  report,
}: Pick<Tally, 'succeeded'> & {
  readonly status: RunStatus;
  readonly report: { readonly resultCode: ResultCode } | undefined;
}): ResultCode | undefined {
  if (report !== undefined && isFinal(status)) return report.resultCode;
  switch (status) {
    case 'success':
      return succeeded === 0 ? 'idle' : 'success';
    case 'failure':
    case 'partial':
    case 'internal_error':
      return 'error';
    case 'pending':
    case 'executing':
    case 'paused':
    case 'stopped':
    case 'dropped_dup':
      return undefined;
  }
}
