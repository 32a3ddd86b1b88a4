import { withValue, isOutcome, type ReadableOutcome } from '../../task/outcome.ts';
import type { RunSecrets } from './run-secrets.ts';

/** What a task said, without the secrets that it was given. */
export function redactOutcome(outcome: ReadableOutcome, secrets: RunSecrets): ReadableOutcome {
  if (secrets.isIdle || outcome.value === undefined) return outcome;
  const { value } = outcome;
  if (isOutcome(value)) return withValue(outcome, redactOutcome(value, secrets));
  return withValue(outcome, secrets.redactIn(value));
}
