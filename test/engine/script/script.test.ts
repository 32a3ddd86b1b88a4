import { describe, expect, it } from 'vitest';
import type { ScriptBundle } from '../../../src/engine/ports/script-executor.ts';
import { checkBundle } from '../../../src/engine/script/check-bundle.ts';
import { DEFAULT_EXECUTOR, makeLimits } from '../../../src/engine/script/executor-definition.ts';
import { Idle, Job, type JobContext } from '../../../src/engine/script/job.ts';
import { compareVersions, pickRuntime } from '../../../src/engine/script/pick-runtime.ts';

describe('a bundle', () => {
  const bundle = (paths: readonly string[], more: Partial<ScriptBundle> = {}): ScriptBundle => ({
    language: 'python',
    entry: 'main.py',
    files: paths.map((path) => ({ path, content: '' })),
    ...more,
  });

  it('of files in folders is one', () => {
    expect(() => checkBundle(bundle(['main.py', 'lib/a.py', 'lib/deep/b.json']))).not.toThrow();
  });

  it.each([
    [['a.py'], {}, 'the entry "main.py" is none of its files: a.py'],
    [['main.py', '../x.py'], {}, '"../x.py": expected plain names with / between them'],
    [['main.py', 'a//b'], {}, '"a//b": expected plain names with / between them'],
    [['main.py', '/etc/x'], {}, '"/etc/x": expected a path relative to the folder of the script'],
    [['main.py', 'a\\b'], {}, '"a\\\\b": a backslash or control character in the path'],
    [['main.py', 'main.py'], {}, 'main.py is there twice'],
    [['main.py', 'main.py/x.py'], {}, 'main.py is a file, and the folder of main.py/x.py'],
    [['main.py', 'x'.repeat(201)], {}, `"${'x'.repeat(201)}": longer than 200 characters`],
    [['main.py'], { className: 'A B' }, '"A B" cannot be the name of a class'],
    [
      ['main.py'],
      { files: [{ path: 'main.py', content: new Uint8Array(8 * 1024 * 1024 + 1) }] },
      '8388609 bytes in all: a script has 8388608 at most',
    ],
  ])('of %j with %j is refused', (paths, more, problem) => {
    expect(() => checkBundle(bundle(paths, more))).toThrow(
      expect.objectContaining({ code: 'task_invalid', problems: [problem] }),
    );
  });
});

describe('limits', () => {
  it('are 128 MB and 600 s where nothing is said', () => {
    expect(makeLimits({})).toEqual(DEFAULT_EXECUTOR.limits);
    expect(DEFAULT_EXECUTOR.limits).toMatchObject({ memoryMb: 128, timeoutSeconds: 600 });
    expect(makeLimits({ memoryMb: 256 })).toEqual({ ...DEFAULT_EXECUTOR.limits, memoryMb: 256 });
  });

  it('that cannot be kept are refused, each with what was expected', () => {
    expect(() => makeLimits({ memoryMb: 1.5, timeoutSeconds: 0, memory: 3 })).toThrow(
      expect.objectContaining({
        code: 'arguments_invalid',
        problems: [
          'memory is no limit. Did you mean memoryMb?',
          'memoryMb: 1.5; expected a whole number of 64 to 65536 MB',
          'timeoutSeconds: 0; expected a number of 0.1 to 86400 s',
        ],
      }),
    );
  });
});

describe('a runtime', () => {
  const python = (version: string, ...channels: ('$STABLE' | '$LATEST')[]) => ({
    language: 'python',
    version,
    channels,
  });
  const runtimes = [python('3.9.2'), python('3.11.7', '$STABLE'), python('3.12.1', '$LATEST')];

  it.each([
    ['$STABLE', '3.11.7'],
    ['$LATEST', '3.12.1'],
    ['3.9', '3.9.2'],
    ['3', '3.12.1'],
    ['3.11.7', '3.11.7'],
  ])('%s is python %s', (version, found) => {
    expect(pickRuntime(runtimes, { language: 'python', version }).version).toBe(found);
  });

  it.each([
    [
      { language: 'python', version: '3.1' },
      'there is no python 3.1 here: $STABLE, $LATEST or one of 3.9.2, 3.11.7, 3.12.1 is expected',
    ],
    [
      { language: 'pythn', version: '$STABLE' },
      'there is no runtime for pythn. Did you mean python? This executor has python',
    ],
  ])('%j is none', (wanted, message) => {
    expect(() => pickRuntime(runtimes, wanted)).toThrow(
      expect.objectContaining({ code: 'executor_unavailable', message }),
    );
  });

  it('is newer by its numbers, not by its letters', () => {
    expect(['3.12', '3.9', '3.9.1'].toSorted(compareVersions)).toEqual(['3.9', '3.9.1', '3.12']);
  });
});

describe('a job', () => {
  class Greets extends Job {
    onEvent(event: { name: string }): string | Idle {
      return event.name === '' ? this.idle('nobody') : `hello ${event.name}`;
    }
  }

  it('is made by a test of its author with a context of its own', () => {
    const context = {} as JobContext; // it asks for nothing
    expect(new Greets(context).onEvent({ name: 'Ann' })).toBe('hello Ann');
    expect(new Greets(context).onEvent({ name: '' })).toEqual(new Idle('nobody'));
  });

  it('made without one is told how', () => {
    expect(() => new Greets()).toThrow(
      /a job is made by its executor; a test hands it its context/,
    );
  });
});
