const WEEKDAY = 'MO|TU|WE|TH|FR|SA|SU';

interface Part {
  readonly isValue: (value: string) => boolean;
  readonly expected: string;
}

/** Whole numbers with commas between them, each in a range. */
function numbers(least: number, most: number, orNegative = false): Part {
  const isOne = (text: string): boolean => {
    if (!(orNegative ? /^[+-]?\d{1,3}$/ : /^\d{1,3}$/).test(text)) return false;
    const size = Math.abs(Number(text));
    return size >= least && size <= most;
  };
  return {
    isValue: (value) => value.split(',').every(isOne),
    expected: `numbers from ${least} to ${most}${orNegative ? ' or their negatives' : ''}, with commas between`,
  };
}

function like(pattern: RegExp, expected: string): Part {
  return { isValue: (value) => pattern.test(value), expected };
}

const whole = like(/^[1-9]\d{0,8}$/, 'a whole number from 1');

/** The parts of a recurrence rule (RFC 5545, 3.3.10). */
const PARTS: Readonly<Record<string, Part>> = {
  FREQ: like(
    /^(?:SECONDLY|MINUTELY|HOURLY|DAILY|WEEKLY|MONTHLY|YEARLY)$/,
    'SECONDLY, MINUTELY, HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY',
  ),
  INTERVAL: whole,
  COUNT: whole,
  UNTIL: like(/^\d{8}(?:T\d{6}Z?)?$/, 'a time such as 20271231T235959Z'),
  BYSECOND: numbers(0, 59),
  BYMINUTE: numbers(0, 59),
  BYHOUR: numbers(0, 23),
  BYDAY: like(
    new RegExp(`^(?:[+-]?[1-9]\\d?)?(?:${WEEKDAY})(?:,(?:[+-]?[1-9]\\d?)?(?:${WEEKDAY}))*$`),
    'weekdays such as MO,WE or -1FR',
  ),
  BYMONTHDAY: numbers(1, 31, true),
  BYYEARDAY: numbers(1, 366, true),
  BYWEEKNO: numbers(1, 53, true),
  BYMONTH: numbers(1, 12),
  BYSETPOS: numbers(1, 366, true),
  WKST: like(new RegExp(`^(?:${WEEKDAY})$`), 'a weekday such as MO'),
};

/**
 * What is wrong with a recurrence rule, naming the part: the library that follows it passes over what it
 * does not know. Undefined for a right one.
 */
export function rruleProblem(rule: string): string | undefined {
  const seen = new Set<string>();
  for (const written of rule.split(';')) {
    const [name = '', value = '', ...more] = written.split('=');
    const part = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    if (part === undefined) {
      return `${JSON.stringify(name)} is no part of a rule: expected ${Object.keys(PARTS).join(', ')}`;
    }
    if (seen.has(name)) return `${name} stands there twice`;
    seen.add(name);
    if (more.length > 0 || !part.isValue(value)) {
      return `${name}=${[value, ...more].join('=')}: expected ${part.expected}`;
    }
  }
  if (!seen.has('FREQ')) return 'FREQ is missing, such as FREQ=DAILY';
  return seen.has('COUNT') && seen.has('UNTIL')
    ? 'COUNT and UNTIL contradict each other'
    : undefined;
}
