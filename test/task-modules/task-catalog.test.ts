import { mkdtemp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineTask, ok } from 'rowmill';
import * as rowmill from 'rowmill';
import * as verifiers from 'rowmill/verifiers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeHash } from '../../src/task-modules/code-hash.ts';
import { createModuleLoader } from '../../src/task-modules/module-loader.ts';
import { TaskCatalog, type BundledCategory } from '../../src/task-modules/task-catalog.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-modules-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

function moduleText(category: string, action: string, more = ''): string {
  return `import { defineTask, ok } from 'rowmill';
import { isEmail } from 'rowmill/verifiers';
${more}
export const task = defineTask({ category: '${category}', action: '${action}', description: 'A test',
  mandatory: { email: isEmail }, row: () => ok() });
`;
}

function catalog(paths: readonly string[], bundled: readonly BundledCategory[] = []): TaskCatalog {
  const loadModule = createModuleLoader({
    packageModules: async () => ({ rowmill, 'rowmill/verifiers': verifiers }),
    environment: { XDG_CACHE_HOME: join(folder, '.cache') },
  });
  return new TaskCatalog({ bundled, version: '1.0.0', paths, loadModule });
}

const names = async (found: TaskCatalog): Promise<string[]> =>
  (await found.list()).map(({ task }) => task.name);

describe('TaskCatalog', () => {
  it('loads TypeScript, JavaScript and CommonJS, to all of which rowmill is this very package', async () => {
    await file(
      'a.ts',
      moduleText('a', 'ts', 'const typed: number = 1; export enum Kind { One = typed }'),
    );
    await file('b.mjs', moduleText('b', 'mjs'));
    await file(
      'c.js',
      `const { defineTask, ok } = require('rowmill');
       exports.task = defineTask({ category: 'c', action: 'js', description: 'x', columns: 'any', row: () => ok() });`,
    );
    const found = catalog([folder]);
    expect(await names(found)).toEqual(['a/ts', 'b/mjs', 'c/js']);
    expect(found.problems).toEqual([]);
    const { task } = await found.find('a/ts');
    expect(task.kind === 'csv' && task.columns[0]?.verify).toBe(verifiers.isEmail);
  });

  it('takes a file, a folder and globs', async () => {
    const one = await file('one.ts', moduleText('one', 'run'));
    await file('deep/two.ts', moduleText('two', 'run'));
    await file('deep/three.mjs', moduleText('three', 'run'));
    await file('deep/three.test.ts', 'throw new Error("a test is no module")');
    expect(await names(catalog([one]))).toEqual(['one/run']);
    expect(await names(catalog([join(folder, 'deep')]))).toEqual(['three/run', 'two/run']);
    expect(await names(catalog([join(folder, '**/*.ts')]))).toEqual(['one/run', 'two/run']);
    expect(await names(catalog([join(folder, 'deep/{two,three}.*')]))).toEqual([
      'three/run',
      'two/run',
    ]);
    expect(await names(catalog([one, one, folder]))).toEqual(['one/run']);
  });

  it.each([['nowhere.ts'], ['*.ts'], ['']])('refuses %j that means no file', async (path) => {
    await file('readme.md', '');
    await expect(catalog([join(folder, path)]).list()).rejects.toMatchObject({ code: 'usage' });
  });

  it('takes the name of a package that is installed where it is asked for, or above', async () => {
    const entry = await file('node_modules/plain-tasks/tasks.js', moduleText('plain', 'run'));
    await file(
      'node_modules/plain-tasks/package.json',
      JSON.stringify({ name: 'plain-tasks', type: 'module', main: 'tasks.js' }),
    );
    await file('node_modules/@acme/tasks/dist/contacts.mjs', moduleText('acme', 'run'));
    await file(
      'node_modules/@acme/tasks/package.json',
      JSON.stringify({
        name: '@acme/tasks',
        exports: { './contacts': { import: './dist/contacts.mjs' } },
      }),
    );
    await file('below/readme.md', '');
    const found = catalog([
      join(folder, 'below/plain-tasks'),
      join(folder, 'below/@acme/tasks/contacts'),
    ]);
    expect(await names(found)).toEqual(['acme/run', 'plain/run']);
    expect(found.problems).toEqual([]);
    expect(await found.find('plain/run')).toMatchObject({ origin: entry });
    await expect(catalog([join(folder, 'no-such-package')]).list()).rejects.toThrow(
      'there is no such file, folder or package',
    );
  });

  it('names a module that does not load and goes on with the others', async () => {
    await file('bad.ts', 'export const x = {{{');
    await file('throws.ts', "throw new Error('no database here')");
    await file(
      'wrong.ts',
      "import { defineTask } from 'rowmill'; export const t = defineTask({ category: 'A B' });",
    );
    await file('good.ts', moduleText('good', 'run'));
    const found = catalog([folder]);
    expect((await found.find('good/run')).task.name).toBe('good/run');
    expect(found.problems.map(({ file: path }) => path.slice(folder.length + 1))).toEqual([
      'bad.ts',
      'throws.ts',
      'wrong.ts',
    ]);
    expect(found.problems[1]?.message).toBe('no database here');
    expect(found.problems[2]?.message).toContain('category "A B" is not a name');
    await expect(found.find('bad/run')).rejects.toMatchObject({
      code: 'task_not_found',
      problems: expect.arrayContaining([expect.stringContaining('throws.ts did not load')]),
    });
  });

  it('says that a file named by itself defines no task, but not so of a part in a folder', async () => {
    const part = await file('part.ts', 'export const factor = 2;');
    await file(
      'whole.ts',
      moduleText('whole', 'run', "import { factor } from './part.ts'; void factor;"),
    );
    const named = catalog([part]);
    await named.list();
    expect(named.problems[0]?.message).toContain('exports no task');
    const inFolder = catalog([folder]);
    await inFolder.list();
    expect(inFolder.problems).toEqual([]);
  });

  it('refuses two tasks of one name and names both files', async () => {
    const [one, two] = [
      await file('one.ts', moduleText('a', 'run')),
      await file('two.ts', moduleText('a', 'run')),
    ];
    await expect(catalog([folder]).list()).rejects.toThrow(
      `two tasks are named a/run: one in ${one}, the other in ${two}`,
    );
  });

  it('loads of the bundled categories only the one that is asked for', async () => {
    const loaded: string[] = [];
    const bundled = ['contacts', 'table'].map((category) => ({
      category,
      load: async () => {
        loaded.push(category);
        const task = defineTask({
          category,
          action: 'clean',
          description: 'x',
          columns: 'any',
          row: () => ok(),
        });
        return { task, again: task };
      },
    }));
    const found = catalog([], bundled);
    expect((await found.find('contacts/clean')).origin).toBe('rowmill 1.0.0');
    expect(loaded).toEqual(['contacts']);
    await expect(found.find('table/claen')).rejects.toThrow('Did you mean table/clean?');
    expect(loaded).toEqual(['contacts', 'table']);
  });
});

describe('reload', () => {
  const versionText = (version: string): string =>
    `import { part } from './part.ts';\n${moduleText('a', version)}\nvoid part;`;

  it('loads only what has changed, be it a part that a module imports, and keeps what runs have', async () => {
    const part = await file('part.ts', 'export const part = 1;');
    const one = await file('one.ts', versionText('one'));
    const two = await file('two.ts', moduleText('b', 'two'));
    const found = catalog([one, two]);
    const before = await found.find('a/one');
    const other = await found.find('b/two');
    expect(await found.reload()).toEqual([]);
    await file('part.ts', 'export const part = 2;');
    expect(await found.reload()).toEqual([{ file: one, tasks: ['a/one'], problem: undefined }]);
    const after = await found.find('a/one');
    expect(after.codeHash).not.toBe(before.codeHash);
    expect(after.task).not.toBe(before.task);
    expect((await found.find('b/two')).task).toBe(other.task);
    expect(found.sources).toEqual(expect.arrayContaining([part, one, two]));
  });

  it('keeps the version before of a module that does not load, names it, and takes it once it does', async () => {
    const one = await file('one.ts', moduleText('a', 'one'));
    const found = catalog([folder]);
    const before = await found.find('a/one');
    await file('one.ts', 'export const x = {{{');
    expect(await found.reload()).toMatchObject([{ file: one, problem: expect.any(String) }]);
    expect(found.problems).toMatchObject([{ file: one }]);
    expect((await found.find('a/one')).task).toBe(before.task);
    expect(await found.reload()).toEqual([]);
    await file('one.ts', moduleText('a', 'again'));
    expect(await found.reload()).toEqual([{ file: one, tasks: ['a/again'], problem: undefined }]);
    expect(found.problems).toEqual([]);
    expect(await names(found)).toEqual(['a/again']);
  });

  it('takes modules that come, lets go of those that went, and refuses a second task of one name', async () => {
    const one = await file('one.ts', moduleText('a', 'one'));
    const found = catalog([folder]);
    expect(await names(found)).toEqual(['a/one']);
    const two = await file('two.ts', moduleText('a', 'one'));
    expect(await found.reload()).toMatchObject([
      { file: two, problem: expect.stringContaining('two tasks are named a/one') },
    ]);
    expect((await found.find('a/one')).origin).toBe(one);
    await file('two.ts', moduleText('a', 'two'));
    await rm(one);
    expect((await found.reload()).map(({ file: path }) => path)).toEqual([one, two]);
    expect(await names(found)).toEqual(['a/two']);
  });
});

describe('codeHash', () => {
  it('covers the module and its relative imports, however deep, and nothing else', async () => {
    const module = await file('tasks/task.ts', "import { a } from './a.js';\nimport 'rowmill';");
    await file('tasks/a.ts', "export { b as a } from '../lib/b.ts';\nconst c = require('./data');");
    await file('lib/b.ts', 'export const b = 1;');
    await file('tasks/data.json', '{}');
    const other = await file('tasks/unrelated.ts', '1');
    const before = await codeHash(module);
    expect(before).toMatch(/^[\da-f]{64}$/);
    await writeFile(other, '2');
    expect(await codeHash(module)).toBe(before);
    for (const changed of ['lib/b.ts', 'tasks/data.json', 'tasks/a.ts']) {
      const hash = await codeHash(module);
      await file(changed, changed === 'tasks/a.ts' ? '' : '"changed"');
      expect(await codeHash(module), changed).not.toBe(hash);
    }
  });

  it('stays the same when the whole folder is moved, and does not mind a circle', async () => {
    const module = await file('old/task.ts', "import './a.ts';");
    await file('old/a.ts', "import './task.ts';");
    const before = await codeHash(module);
    await rename(join(folder, 'old'), join(folder, 'new'));
    expect(await codeHash(join(folder, 'new/task.ts'))).toBe(before);
  });
});
