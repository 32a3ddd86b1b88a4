import { z } from 'zod';
import { didYouMean } from '../nearest-names.ts';
import { isTimeZone } from './plain-times.ts';

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
