import { z } from 'zod';
import { didYouMean } from '../nearest-names.ts';

/** The name of a time zone, as IANA has it. */
export const TimeZone = z
  .string()
  .superRefine((name, context) => {
    if (isTimeZone(name)) return;
    const known = Intl.supportedValuesOf('timeZone');
    const message = `${JSON.stringify(name)} is no time zone: expected a name such as Europe/Madrid or UTC.${didYouMean(name, known)}`;
    context.addIssue({ code: 'custom', message });
  })
  .meta({ description: 'Time zone by its IANA name', example: 'Europe/Madrid' });

function isTimeZone(name: string): boolean {
  // An offset knows no summer time, and is hardly what was meant.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}
