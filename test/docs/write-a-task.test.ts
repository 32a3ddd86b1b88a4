import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as rowmill from '../../src/index.ts';
import * as verifiers from '../../src/verifiers.ts';
import { runExamples } from '../../src/engine/task/examples.ts';
import { isTask, type Task } from '../../src/engine/task/task.ts';
import { createModuleLoader } from '../../src/task-modules/module-loader.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(join(root, 'docs/write-a-task.md'), 'utf8');
const blocks = [...page.matchAll(/^```ts\n(\/\/ (\S+)\n[^]*?)^```$/gm)].map(
  ([, source = '', file = '']) => ({ file, source }),
);
const modules = blocks.filter(({ file }) => !file.endsWith('.test.ts'));

// Inside of node_modules, so that zod and libsql are found and no other tool takes it for source.
let folder: string;
beforeAll(async () => {
  const caches = join(root, 'node_modules', '.cache');
  await mkdir(caches, { recursive: true });
  folder = await mkdtemp(join(caches, 'write-a-task-'));
  for (const { file, source } of blocks) await writeFile(join(folder, file), source);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('docs/write-a-task.md', () => {
  it('has no TypeScript block that is not a named module', () => {
    expect(page.match(/^```ts$/gm)).toHaveLength(blocks.length);
    expect(new Set(blocks.map(({ file }) => file)).size).toBe(blocks.length);
  });

  it('compiles, every block of it, under the strict flags of this package', async () => {
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        allowImportingTsExtensions: true,
        typeRoots: [join(root, 'node_modules/@types')],
        paths: {
          rowmill: [join(root, 'src/index.ts')],
          'rowmill/verifiers': [join(root, 'src/verifiers.ts')],
        },
      },
      include: [],
      files: blocks.map(({ file }) => join(folder, file)),
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const told = await promisify(execFile)(process.execPath, [compiler, '-p', folder]).catch(
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? 'tsc did not run' }),
    );
    const aboutThePage = told.stdout.split('\n').filter((line) => /write-a-task-/.test(line));
    expect(aboutThePage).toEqual([]);
  });

  it.each(modules)('shows in $file a task that does what its examples say', async ({ file }) => {
    const load = createModuleLoader({
      packageModules: async () => ({ rowmill, 'rowmill/verifiers': verifiers }),
      environment: { XDG_CACHE_HOME: folder },
    });
    const exported = (await load(join(folder, file))) as Readonly<Record<string, unknown>>;
    const tasks: readonly Task[] = Object.values(exported).filter(isTask);
    expect(tasks).toHaveLength(1);
    for (const task of tasks) expect(await runExamples(task)).toEqual([]);
  });

  it('names every outcome and every verifier there is', () => {
    const outcomes = ['ok', 'omit', 'fail', 'write', 'writeAll', 'writeText', 'retry', 'stop'];
    for (const name of [...outcomes, ...Object.keys(verifiers)])
      expect(page).toContain(`\`${name}`);
  });
});
