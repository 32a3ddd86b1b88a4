import { describe, expect, it } from 'vitest';
import { readServiceFile } from '../../src/cli/service-file.ts';
import { FakeCommandLine } from './fake-command-line.ts';

const SERVER = ['--server', 'http://127.0.0.1:7070'] as const;
const ADD = ['service', 'add', '--name', 'a', '--endpoint', 'https://h/x'] as const;
const SERVICES = '[{ "name": "a",\n  "timeout": 300 }, { "name": "b" }]';

describe('rowmill service', () => {
  it('add says what was said, and no more', async () => {
    const line = new FakeCommandLine();
    const more = ['--parameters', '{"a": [1]}', '--timeout', '5', '--allow-concurrency'];
    const plan = ['--daily-at', '15:57', '--zone', 'Europe/Madrid'];
    expect(await line.run(...ADD, ...more, ...plan, ...SERVER)).toBe(0);
    expect(line.toldOfServices).toEqual([
      {
        name: 'a',
        endpoint: 'https://h/x',
        parameters: { a: [1] },
        timeout: 5,
        allow_concurrency: true,
        execution_plan: {
          period: 'daily',
          time: '15:57',
          timezone: 'Europe/Madrid',
        },
      },
    ]);
  });

  it('add takes an interval for each end', async () => {
    const line = new FakeCommandLine();
    const plan = ['--on-success', '10', '--on-idle', '300', '--on-error', '0', '--on-timeout', '9'];
    expect(await line.run(...ADD, ...plan, ...SERVER)).toBe(0);
    expect(line.toldOfServices).toMatchObject([
      {
        execution_plan: {
          period: 'interval',
          intervals: { on_success: 10, on_idle: 300, on_error: 0, on_timeout: 9 },
        },
      },
    ]);
  });

  it.each([
    [[...ADD], 'say when: --daily-at 15:57'],
    [[...ADD, '--zone', 'UTC', '--on-idle', '5'], '--zone UTC goes with --daily-at'],
    [[...ADD, '--daily-at', '1:2', '--parameters', '{'], '--parameters {: '],
    [['service', 'update', 'a'], 'say what is to change'],
    [['service', 'import', 'nowhere.json'], 'nowhere.json'],
  ])('refuses %j', async (words, message) => {
    const line = new FakeCommandLine();
    expect(await line.run(...words, ...SERVER)).toBe(2);
    expect(line.stderr.text).toContain(message);
    expect(line.toldOfServices).toEqual([]);
  });

  it('update pauses and resumes', async () => {
    const line = new FakeCommandLine();
    expect(await line.run('service', 'update', 'a', '--paused', ...SERVER)).toBe(0);
    expect(line.stderr.text).toContain('paused');
    expect(await line.run('service', 'update', 'a', '--no-paused', ...SERVER)).toBe(0);
    expect(line.toldOfServices).toEqual([{ paused: true }, { paused: false }]);
  });

  it('list shows when each is called, and how the last call has ended', async () => {
    const line = new FakeCommandLine();
    expect(await line.run('service', ...SERVER)).toBe(0);
    expect(line.stdout.text).toMatch(/import_patients .*daily at 15:57 Europe\/Madrid .*success/);
  });

  it('says that a server is needed, where there is none', async () => {
    const line = new FakeCommandLine();
    expect(await line.run('service', 'call', 'a')).toBe(2);
    expect(line.stderr.text).toContain('services are called by a server (rowmill serve)');
  });
});

describe('a file of services', () => {
  it('is a JSON array, in which each has its place', () => {
    const [first, second] = readServiceFile('s.json', `\uFEFF${SERVICES}`);
    expect(first?.service).toEqual({ name: 'a', timeout: 300 });
    expect(first?.place('timeout')).toBe('s.json, line 2, column 14');
    expect(first?.place('execution_plan.time')).toBe('s.json, line 1, column 3');
    expect(second?.place()).toBe('s.json, line 2, column 21');
  });

  it.each([
    [`<?php $GLOBALS['EXTERNAL_BACKGROUND_SERVICES'] = '${SERVICES}';`, 2, 14],
    [`<?php\n$GLOBALS["EXTERNAL_BACKGROUND_SERVICES"]= <<<'JSON'\n${SERVICES}\nJSON;\n`, 4, 14],
    [`<?php\n$x = 1;\n$EXTERNAL_BACKGROUND_SERVICES='${SERVICES}';`, 4, 14],
  ])('is PHP that has one in quotes: %j', (content, line, column) => {
    const [first] = readServiceFile('conf/external_services_daemon.php', content);
    expect(first?.service).toEqual({ name: 'a', timeout: 300 });
    expect(first?.place('timeout')).toMatch(new RegExp(`line ${line}, column ${column}$`));
  });

  it('has the quotes and backslashes that PHP makes of it', () => {
    const php = String.raw`<?php $GLOBALS['EXTERNAL_BACKGROUND_SERVICES'] = '[{"name": "it\'s", "description": "a\\\\b \n", "timeout": 1}]';`;
    const [first] = readServiceFile('s.php', php);
    expect(first?.service).toEqual({ name: "it's", description: 'a\\b \n', timeout: 1 });
    expect(first?.place('timeout')).toBe(`s.php, line 1, column ${php.indexOf('1}]') + 1}`);
  });

  it.each([
    ['[{"name": "a"} {}]', 'line 1, column 16: a comma is missing before {'],
    ['[{"name" "a"}]', 'a colon is missing before "a"'],
    ['[{"name": "a",}]', /name in double quotes is missing|value is missing/],
    ['[{"name": "a"}', 'a ] is missing'],
    ['[{"name": "a"}] 1', 'the array has ended before 1'],
    ['[{"name": "a"}] // x', 'line 1, column 17'],
    ['', 'a value is missing'],
    ['{"name": "a"}', 'has an object: expected an array of services'],
    ['[1]', 'line 1, column 2: no service'],
    ['[{"Name": "a"}]', 'line 1, column 2: a service without a name'],
    [
      '[{"name": "a"},\n{"name": "a"}]',
      'line 2, column 10: a is the name of the one at s.json, line 1, column 11',
    ],
    ['<?php $OTHER = 1;', "sets no $GLOBALS['EXTERNAL_BACKGROUND_SERVICES']"],
    ['<?php $GLOBALS["EXTERNAL_BACKGROUND_SERVICES"] = "[]";', 'line 1: $GLOBALS'],
    ["<?php $GLOBALS['EXTERNAL_BACKGROUND_SERVICES'] = '[", 'is not closed'],
  ])('%j is refused with the place', (content, message) => {
    expect(() => readServiceFile('s.json', content)).toThrow(message);
  });
});
