import { describe, expect, it } from 'vitest';
import { readTrigger } from '../../../src/engine/automation/read-trigger.ts';

const MADRID = { kind: 'rrule', start: '2027-01-01T09:00', zone: 'Europe/Madrid' };

const WRONG: readonly (readonly [unknown, string])[] = [
  [{ kind: 'weekly' }, 'trigger.kind: "weekly" is no kind of trigger: expected minutely, hourly'],
  ['daily', '"daily" is no kind of trigger'],
  [{ kind: 'hourly', at: '5' }, 'trigger: Unrecognized key: "at"'],
  [{ kind: 'interval', seconds: 0 }, 'trigger.seconds: Too small: expected number to be >=1'],
  [{ kind: 'daily_at', time: '24:00' }, 'trigger.time: "24:00" is no time of day: expected hh:mm'],
  [{ kind: 'daily_at', time: '9:00' }, 'trigger.time: "9:00" is no time of day'],
  [
    { kind: 'daily_at', time: '09:00', zone: 'Europe/Madrit' },
    'trigger.zone: "Europe/Madrit" is no time zone: expected a name such as Europe/Madrid or UTC. Did you mean Europe/Madrid?',
  ],
  [{ kind: 'cron', expression: '0 9 * * *', zone: '+02:00' }, '"+02:00" is no time zone'],
  [{ kind: 'cron', expression: '61 * * * *' }, '"61 * * * *": Invalid value for minute: 61'],
  [{ kind: 'cron', expression: '0 0 30 2 *' }, '"0 0 30 2 *": no date is like that'],
  [{ kind: 'cron', expression: '* * *' }, 'expected five fields'],
  [{ ...MADRID, rule: 'FREQ=DAYLY' }, 'trigger.rule: FREQ=DAYLY: expected SECONDLY, MINUTELY'],
  [{ ...MADRID, rule: 'FREQ=DAILY;BYHOUR=25' }, 'BYHOUR=25: expected numbers from 0 to 23'],
  [{ ...MADRID, rule: 'FREQ=DAILY;BYHUOR=2' }, '"BYHUOR" is no part of a rule'],
  [{ ...MADRID, rule: 'BYDAY=MO' }, 'FREQ is missing'],
  [{ ...MADRID, rule: 'FREQ=DAILY;COUNT=2;UNTIL=20270101' }, 'COUNT and UNTIL contradict'],
  [{ ...MADRID, rule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' }, 'trigger.rule: "FREQ=YEARLY'],
  [{ ...MADRID, rule: 'FREQ=DAILY', start: 'tomorrow' }, 'trigger.start: "tomorrow" is no time'],
  [{ kind: 'after_outcome', on_idle: -1 }, 'trigger.on_idle: Too small'],
  [{ kind: 'after_run', of: 'sch_a', on: 'done' }, 'trigger.on: Invalid option'],
  [{ kind: 'event', object: 'a b', event: 'create' }, 'trigger.object: "a b": expected a word'],
  [
    { kind: 'event', object: 'a', event: 'b', filter: { n: { $gtt: 1 } } },
    'trigger.filter: is no $match query: unknown query operator $gtt',
  ],
  [
    { kind: 'event', object: 'a', event: 'b', filter: { $where: 'process.exit()' } },
    "trigger.filter: is no $match query: $where operator requires 'scriptEnabled'",
  ],
];

describe('a trigger', () => {
  it.each(WRONG)('%j is refused with what is wrong', (given, message) => {
    expect(() => readTrigger(given)).toThrow(message);
  });

  it('has what was left out', () => {
    expect(readTrigger({ kind: 'interval' })).toEqual({ kind: 'interval', seconds: 60 });
    expect(readTrigger({ kind: 'after_outcome', on_idle: 300 })).toEqual({
      kind: 'after_outcome',
      on_success: 60,
      on_idle: 300,
      on_error: 60,
      on_timeout: 60,
    });
    expect(readTrigger({ kind: 'event', object: 'a', event: 'b' })).toMatchObject({ filter: {} });
  });

  it('may be written as calendars write it, from an instant', () => {
    const read = readTrigger({
      ...MADRID,
      rule: 'RRULE:freq=daily',
      start: '2027-01-01T08:00:00Z',
    });
    expect(read).toMatchObject({ rule: 'FREQ=DAILY' });
  });

  it('is as it was when it is read once more', () => {
    const read = readTrigger({ ...MADRID, rule: 'RRULE:FREQ=DAILY' });
    expect(readTrigger(JSON.parse(JSON.stringify(read)))).toEqual(read);
  });
});
