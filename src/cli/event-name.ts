import { RowmillError } from '../engine/errors.ts';

/** `appointment.create`, or `appointment:create` as others write it. */
export function readEventName(written: string): {
  readonly object: string;
  readonly event: string;
} {
  const [, object, event] = /^([^.:]+)[.:](.+)$/.exec(written) ?? [];
  if (object !== undefined && event !== undefined) return { object, event };
  throw new RowmillError(
    'usage',
    `${written} is no event: expected an object and what happens to it, such as appointment.create`,
  );
}
