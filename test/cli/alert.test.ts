import { describe, expect, it } from 'vitest';
import { FakeCommandLine } from './fake-command-line.ts';

const SERVER = ['--server', 'http://127.0.0.1:7070'] as const;
const ADD = ['alert', 'add', '--name', 'ops'] as const;

describe('rowmill alert', () => {
  it.each([
    [['--failures', '3'], { kind: 'failures', count: 3 }],
    [['--monitored'], { kind: 'monitored' }],
    [['--zero-rows'], { kind: 'zero_rows' }],
    [['--error-rate', '2.5%'], { kind: 'error_rate', percent: 2.5 }],
    [['--late', '900'], { kind: 'late', after: 900 }],
    [['--stale', '86400'], { kind: 'no_success', within: 86_400 }],
  ])('%j is %j', async (words, condition) => {
    const line = new FakeCommandLine();
    const more = ['--schedule', 'nightly', '--email', 'a@example.com', '--email', 'b@example.com'];
    const hours = ['--quiet', '0', '--quiet-hours', '22:00-07:00', '--zone', 'Europe/Madrid'];
    expect(await line.run(...ADD, ...words, ...more, ...hours, '--no-recovery', ...SERVER)).toBe(0);
    expect(line.toldOfAlerts).toEqual([
      {
        name: 'ops',
        scope: { kind: 'schedule', schedule: 'sch_abc' },
        condition,
        webhooks: [],
        emails: ['a@example.com', 'b@example.com'],
        recovery: false,
        quiet: 0,
        quiet_hours: { from: '22:00', to: '07:00', zone: 'Europe/Madrid' },
      },
    ]);
  });

  it('makes a webhook for an address, and shows once what signs its messages', async () => {
    const line = new FakeCommandLine();
    const hooks = ['--webhook', 'https://example.com/hook', '--webhook', 'whk_known'];
    expect(await line.run(...ADD, '--zero-rows', ...hooks, ...SERVER)).toBe(0);
    expect(line.toldOfAlerts).toEqual([
      {
        name: 'ops',
        condition: { kind: 'zero_rows' },
        webhooks: ['whk_abc', 'whk_known'],
        recovery: true,
      },
    ]);
    expect(line.stderr.text).toContain('whsec_of_https://example.com/hook');
  });

  it.each([
    [[], 'say when: --failures 3'],
    [['--zero-rows', '--failures', '2'], '--failures and --zero-rows both say when: expected one'],
    [['--error-rate', '100'], '--error-rate 100: expected a percentage'],
    [['--zero-rows', '--zone', 'UTC'], '--zone UTC goes with --quiet-hours'],
    [['--zero-rows', '--quiet-hours', '22:00'], '--quiet-hours 22:00: expected two times'],
    [['--zero-rows', '--job', 'a', '--task', 'b/c'], '--job and --task both say over what'],
  ])('refuses %j', async (words, message) => {
    const line = new FakeCommandLine();
    expect(await line.run(...ADD, ...words, ...SERVER)).toBe(2);
    expect(line.stderr.text).toContain(message);
    expect(line.toldOfAlerts).toEqual([]);
  });

  it('shows what lasts, what was told, and what is held', async () => {
    const said = async (...words: readonly string[]): Promise<string> => {
      const line = new FakeCommandLine();
      expect(await line.run('alert', ...words, ...SERVER)).toBe(0);
      return (line.stdout.text + line.stderr.text).replaceAll(/ +/g, ' ');
    };
    expect(await said()).toContain('ops account failures count=3 ops@example.com');
    expect(await said('show', 'ops')).toMatch(/lasts since .*: job import has failed 3 times/);
    expect(await said('log')).toMatch(/opened ops ops@example.com pending 2 answered 451/);
    expect(await said('log')).toContain('held until');
    expect(await said('incidents')).toMatch(/lasts yes job import/);
    expect(await said('test', 'ops')).toContain('told: ops@example.com');
  });

  it('says that a server is needed, where there is none', async () => {
    for (const words of [['list'], ['show', 'a'], ['log'], ['incidents'], ['test', 'a']]) {
      const line = new FakeCommandLine();
      expect(await line.run('alert', ...words)).toBe(2);
      expect(line.stderr.text).toContain('alerts are kept by a server (rowmill serve)');
    }
  });
});
