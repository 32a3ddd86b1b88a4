import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeCommandLine } from './fake-command-line.ts';

const SERVER = ['--server', 'http://127.0.0.1:7070'] as const;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-queue-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('rowmill queue', () => {
  it.each([
    [
      'lines.ndjson',
      '{"name": "Alice"}\n\n{"name": "Bob"}\n',
      [{ name: 'Alice' }, { name: 'Bob' }],
    ],
    [
      'rows.csv',
      '\uFEFFname,age\nAlice,7\n"Bob, Jr",8\n',
      [
        { name: 'Alice', age: '7' },
        { name: 'Bob, Jr', age: '8' },
      ],
    ],
  ])('adds what is in %s', async (file, text, expected) => {
    await writeFile(join(folder, file), text);
    const line = new FakeCommandLine({ workingDirectory: folder });
    expect(
      await line.run('queue', 'add', 'patients', '--file', file, '--priority', '-3', ...SERVER),
    ).toBe(0);
    expect(line.toldOfQueues).toEqual([
      expected.map((args) => ({ arguments: args, priority: -3 })),
    ]);
    expect(line.stderr.text).toContain('2 entries wait in patients');
  });

  it.each([
    [['add', 'patients'], 'say what to add: a JSON object, or --file'],
    [['add', 'patients', '[1]'], 'arguments [1]: expected a JSON object'],
    [['add', 'patients', '{}', '--priority', 'high'], '--priority high: expected a whole number'],
    [['add', 'patients', '--file', 'wrong.ndjson'], 'wrong.ndjson line 2: expected a JSON object'],
    [['add', 'patients', '--file', 'nowhere.csv'], '--file nowhere.csv: ENOENT'],
    [['move', 'patients', 'ent_abc'], 'say where: --first, --last'],
    [['move', 'patients', 'ent_abc', '--first', '--last'], 'say one place'],
    [['change', 'patients'], 'say what is to change'],
    [['create', 'a', 'b', '--order', 'random'], "argument 'random' is invalid"],
  ])('refuses %j', async (words, message) => {
    await writeFile(join(folder, 'wrong.ndjson'), '{}\n7\n');
    const line = new FakeCommandLine({ workingDirectory: folder });
    expect(await line.run('queue', ...words, ...SERVER)).toBe(2);
    expect(line.stderr.text).toContain(message);
    expect(line.toldOfQueues).toEqual([]);
  });

  it('says what is to be changed', async () => {
    const line = new FakeCommandLine();
    await line.run('queue', 'create', '-', 'slow', '--worker-count', '2', '--paused', ...SERVER);
    await line.run('queue', 'pause', 'patients', ...SERVER);
    await line.run('queue', 'resume', 'patients', ...SERVER);
    await line.run(
      'queue',
      'move',
      'patients',
      'ent_abc',
      '--before',
      'ent_b',
      '--priority',
      '4',
      ...SERVER,
    );
    await line.run('queue', 'remove', 'patients', 'ent_abc', ...SERVER);
    await line.run('queue', 'delete', 'patients', '--yes', ...SERVER);
    expect(line.toldOfQueues).toEqual([
      { name: 'slow', worker_count: 2, paused: true },
      { paused: true },
      { paused: false },
      { entryId: 'ent_abc', move: { before: 'ent_b' }, priority: 4 },
      'ent_abc',
      'patients',
    ]);
  });

  it('says that a server is needed, where there is none', async () => {
    for (const words of [
      ['queue', 'list'],
      ['events', 'list'],
      ['queue', 'entries', 'a'],
    ]) {
      const line = new FakeCommandLine();
      expect(await line.run(...words)).toBe(2);
      expect(line.stderr.text).toContain('(rowmill serve): say which by --server or --profile');
    }
  });
});

describe('rowmill events', () => {
  it('sends an event, however its name is written', async () => {
    const line = new FakeCommandLine();
    for (const name of ['appointment.create', 'appointment:create']) {
      expect(await line.run('events', 'send', name, '{"a": 2}', ...SERVER)).toBe(0);
    }
    const event = { object: 'appointment', event: 'create', payload: { a: 2 } };
    expect(line.toldOfEvents).toEqual([event, event]);
    expect(line.stdout.text).toContain('{"a":1}');
  });

  it('ends with 5 where a filter does not let a payload through', async () => {
    const line = new FakeCommandLine();
    const words = ['--filter', '{"a": 1}', '--payload', '{"a": 2}'];
    expect(await line.run('events', 'test', ...words, ...SERVER)).toBe(5);
    expect(line.stdout.text).toBe('not met  {"a":1}\n');
  });

  it.each([
    [['send', 'appointment'], 'appointment is no event: expected an object and what happens to it'],
    [['send', 'a.b', '7'], 'payload 7: expected a JSON object'],
    [['list', '--name', 'x'], 'x is no event'],
  ])('refuses %j', async (words, message) => {
    const line = new FakeCommandLine();
    expect(await line.run('events', ...words, ...SERVER)).toBe(2);
    expect(line.stderr.text).toContain(message);
  });
});
