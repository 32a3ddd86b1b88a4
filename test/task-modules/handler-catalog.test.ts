import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pythonHandlers } from '../../src/scripts-app.ts';
import { handlerCatalog, moduleLoader } from '../../src/task-source.ts';

const SAMPLES = resolve(import.meta.dirname, '../../samples/handlers');
const HANDLER = (type: string): string => `import { defineHandler } from 'rowmill';
export const ${type} = defineHandler({ supportedType: '${type}', start: () => 'begun',
  progress: () => ['completed', ''], result: () => ['', new Uint8Array()] });
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-handlers-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const loadPython = pythonHandlers({ python: new URL('../../python/', import.meta.url) });
const catalog = (...paths: readonly string[]) => handlerCatalog(paths, moduleLoader(), loadPython);

describe('a folder of handlers', () => {
  it('gives those that its modules export, and what reads their addresses', async () => {
    await cp(SAMPLES, folder, { recursive: true });
    await writeFile(join(folder, 'one.ts'), HANDLER('one'));
    await writeFile(join(folder, 'part.ts'), 'export const parts = 1;');
    const handlers = await catalog(folder);
    const registry = await handlers.registry();
    expect(registry.list().map(({ handler }) => handler.supportedTypes)).toEqual([
      ['one'],
      ['dmss://DataSource/apps/MySignalApp/models/SignalGeneratorJob'],
    ]);
    expect(registry.referencesOf('dmss://DataSource/$1').schemes).toEqual(['dmss']);
    expect(registry.referencesOf('HTTPS://host/').schemes).toEqual(['http', 'https']);
    expect(handlers.problems).toEqual([]);
  });

  it('is refused where two of them support one type: both files are named', async () => {
    await writeFile(join(folder, 'a.ts'), HANDLER('same'));
    await writeFile(join(folder, 'b.ts'), HANDLER('same'));
    const message = `two handlers support same: one of ${join(folder, 'a.ts')}, one of ${join(folder, 'b.ts')}`;
    await expect((await catalog(folder)).registry()).rejects.toThrow(message);
    // The same file twice is one.
    const twice = await (await catalog(join(folder, 'a.ts'), join(folder, 'a.ts'))).registry();
    expect(twice.list()).toHaveLength(1);
  });

  it('names the modules that do not load, and gives the others', async () => {
    await writeFile(join(folder, 'broken.ts'), 'export const = 1');
    await writeFile(
      join(folder, 'wrong.ts'),
      `import { defineHandler } from 'rowmill';
export default defineHandler({ supportedType: 'x' });`,
    );
    await writeFile(join(folder, 'one.ts'), HANDLER('one'));
    const handlers = await catalog(folder);
    expect((await handlers.registry()).list()).toHaveLength(1);
    expect(handlers.problems).toMatchObject([
      { file: join(folder, 'broken.ts') },
      { file: join(folder, 'wrong.ts'), message: expect.stringContaining('start is no function') },
    ]);
  });

  it('has handlers in it where it is named by itself', async () => {
    await writeFile(join(folder, 'none.ts'), 'export const x = 1;');
    const handlers = await catalog(join(folder, 'none.ts'));
    await handlers.registry();
    expect(handlers.problems).toMatchObject([{ message: expect.stringContaining('no handler') }]);
    await expect((await catalog(join(folder, 'gone'))).registry()).rejects.toThrow(
      /--handlers .*gone/,
    );
  });
});
