import { describe, expect, it } from 'vitest';
import { FakeCommandLine } from './fake-command-line.ts';

const SERVER = ['--server', 'http://127.0.0.1:7070'] as const;
const ADD = ['schedule', 'add', '--name', 'nightly', '--task', 'numbers/count'] as const;

describe('rowmill schedule', () => {
  it.each([
    [['--each', 'hour'], { kind: 'hourly' }],
    [['--every', '90'], { kind: 'interval', seconds: 90 }],
    [['--daily-at', '02:30'], { kind: 'daily_at', time: '02:30' }],
    [
      ['--cron', '0 9 * * MON', '--zone', 'Europe/Madrid'],
      { kind: 'cron', expression: '0 9 * * MON', zone: 'Europe/Madrid' },
    ],
    [
      ['--rrule', 'FREQ=DAILY', '--start', '2027-01-01T09:00'],
      { kind: 'rrule', rule: 'FREQ=DAILY', start: '2027-01-01T09:00' },
    ],
    [['--after', 'other', '--on', 'end'], { kind: 'after_run', of: 'sch_abc', on: 'end' }],
    [['--trigger', '{"kind":"event"}'], { kind: 'event' }],
  ])('%j is %j', async (words, trigger) => {
    const line = new FakeCommandLine();
    const more = ['--overlap', 'queue', '--missed', 'all', '--missed-window', '60', '--paused'];
    expect(await line.run(...ADD, ...words, ...more, ...SERVER)).toBe(0);
    // What was not said is not sent.
    expect(JSON.parse(JSON.stringify(line.toldOfSchedules))).toEqual([
      {
        name: 'nightly',
        task: 'numbers/count',
        trigger,
        overlap: 'queue',
        missed: 'all',
        missed_window: 60,
        paused: true,
      },
    ]);
  });

  it.each([
    [[], 'say when: --daily-at 02:30'],
    [['--every', '9', '--each', 'day'], '--each and --every both say when: expected one'],
    [['--every', '9', '--zone', 'UTC'], '--zone UTC goes with --daily-at or --cron or --rrule'],
    [['--daily-at', '02:30', '--on', 'end'], '--on end goes with --after'],
    [['--rrule', 'FREQ=DAILY'], '--rrule needs its first time'],
    [['--trigger', '{'], '--trigger {: '],
    [['--each', 'week'], "argument 'week' is invalid"],
  ])('refuses %j', async (words, message) => {
    const line = new FakeCommandLine();
    expect(await line.run(...ADD, ...words, ...SERVER)).toBe(2);
    expect(line.stderr.text).toContain(message);
    expect(line.toldOfSchedules).toEqual([]);
  });

  it('says that a server is needed, where there is none', async () => {
    for (const words of [['list'], ['show', 'a'], ['fire', 'a'], ['preview', 'a']]) {
      const line = new FakeCommandLine();
      expect(await line.run('schedule', ...words)).toBe(2);
      expect(line.stderr.text).toContain('schedules are kept by a server (rowmill serve)');
    }
  });

  it('shows them, and what became of their times', async () => {
    const line = new FakeCommandLine();
    await line.run('schedule', ...SERVER);
    expect(line.stdout.text).toMatch(/nightly +task numbers\/count +daily_at time=02:30/);
    await line.run('schedule', 'firings', 'nightly', ...SERVER);
    expect(line.stdout.text).toMatch(/ 1 +fired +run_abc +success/);
    await line.run('schedule', 'pause', 'nightly', ...SERVER);
    await line.run('schedule', 'resume', 'nightly', ...SERVER);
    expect(line.toldOfSchedules).toEqual([{ paused: true }, { paused: false }]);
    expect(line.stderr.text).toContain('schedule nightly goes on: due');
  });

  it('shows the next times, with what summer time does to them', async () => {
    const line = new FakeCommandLine();
    const words = ['--daily-at', '02:30', '--zone', 'Europe/Madrid'];
    expect(await line.run('schedule', 'preview', ...words, ...SERVER)).toBe(0);
    expect(line.stdout.text).toBe(
      '2027-03-28T03:00:00+02:00  the clocks were changed since; its time does not exist on that day\n',
    );
    expect(await line.run('schedule', 'preview', ...SERVER)).toBe(2);
    expect(await line.run('schedule', 'preview', 'nightly', ...words, ...SERVER)).toBe(2);
  });

  it('removes one only when that is sure', async () => {
    const line = new FakeCommandLine();
    expect(await line.run('schedule', 'remove', 'nightly', ...SERVER)).toBe(2);
    expect(await line.run('schedule', 'remove', 'nightly', '--yes', ...SERVER)).toBe(0);
    expect(line.stderr.text).toContain('schedule nightly is gone\n');
    const forced = ['schedule', 'remove', 'nightly', '--force', '--yes', ...SERVER];
    expect(await line.run(...forced)).toBe(0);
    expect(line.stderr.text).toContain(
      'schedule nightly is gone; what it had claimed stays below /in/.rowmill/sch_a (/in is not there): these lie there\n  fir_abc/a.csv\n  fir_def/b.csv (run_1 has ended)\n  fir_ghi/c.csv (no run began)\n',
    );
  });
});
