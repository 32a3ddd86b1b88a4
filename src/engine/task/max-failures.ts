import type { MaxFailures } from './task.ts';

/** Reads `100` rows, or `5%` of the processed ones, as people write it. Undefined when it is neither. */
export function parseMaxFailures(written: string): MaxFailures | undefined {
  if (/^\d+$/.test(written)) return Number(written);
  if (!/^\d+(?:\.\d+)?%$/.test(written) || Number.parseFloat(written) > 100) return undefined;
  // The pattern is the type's.
  return written as MaxFailures;
}
