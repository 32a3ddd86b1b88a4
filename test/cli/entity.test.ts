import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeCommandLine } from './fake-command-line.ts';

const SERVER = ['--server', 'http://127.0.0.1:7070'] as const;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-entity-'));
  await writeFile(join(folder, 'signal.json'), '{"runner": {"type": "dmss://a/B"}}');
  await writeFile(join(folder, 'wrong.json'), '{');
});
afterAll(() => rm(folder, { recursive: true, force: true }));
const line = () =>
  new FakeCommandLine({ workingDirectory: folder, environment: { TOKEN: 'a token', EMPTY: '' } });

describe('rowmill entity', () => {
  it('start sends the entity, and the token of a variable', async () => {
    const called = line();
    const words = ['signal.json', '--token', 'env:TOKEN', '--wait'];
    expect(await called.run('entity', 'start', ...words, ...SERVER)).toBe(0);
    expect(called.toldOfEntities).toEqual([
      { entity: { runner: { type: 'dmss://a/B' } }, token: 'a token' },
    ]);
    expect(called.stdout.text).toBe('run_abc  completed  the signal is there\n');
  });

  it('status, stop and result say how it stands', async () => {
    const called = line();
    expect(await called.run('entity', 'status', 'run_abc', '--json', ...SERVER)).toBe(0);
    expect(JSON.parse(called.stdout.text)).toEqual({ uid: 'run_abc', status: 'completed' });
    const stopped = line();
    expect(await stopped.run('entity', 'stop', 'run_abc', ...SERVER)).toBe(0);
    expect(stopped.stdout.text).toBe('run_abc  removed  a signal\n');
    const printed = line();
    expect(await printed.run('entity', 'result', 'run_abc', ...SERVER)).toBe(0);
    expect(printed.stdout.text).toBe('[1,2]');
    const written = line();
    expect(await written.run('entity', 'result', 'run_abc', '-o', 'out.bin', ...SERVER)).toBe(0);
    expect(written.stdout.text).toBe('');
    expect(await readFile(join(folder, 'out.bin'), 'utf8')).toBe('[1,2]');
  });

  it.each([
    [['start', 'gone.json'], 'gone.json: ENOENT'],
    [['start', 'wrong.json'], 'wrong.json: '],
    [['start', 'signal.json', '--token', 'abc'], '--token: expected env:NAME'],
    [['start', 'signal.json', '--token', 'env:EMPTY'], 'the variable EMPTY is not set'],
  ])('refuses %j', async (words, message) => {
    const called = line();
    expect(await called.run('entity', ...words, ...SERVER)).toBe(2);
    expect(called.stderr.text).toContain(message);
    expect(called.toldOfEntities).toEqual([]);
  });

  it('says that a server is needed, where there is none', async () => {
    const called = line();
    expect(await called.run('handler')).toBe(2);
    expect(called.stderr.text).toContain('handlers are those of a server');
  });
});

describe('rowmill handler', () => {
  it('lists the types that each supports, and what did not load', async () => {
    const called = line();
    expect(await called.run('handler', 'list', ...SERVER)).toBe(0);
    expect(called.stdout.text).toBe('dmss://a/B  Generate a signal  (typescript)\n');
    expect(called.stderr.text).toContain('broken.ts did not load: it is broken');
  });
});
