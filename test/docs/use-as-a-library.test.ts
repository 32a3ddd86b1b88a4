import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIfStale } from '../cli/built-command-line.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const page = await readFile(join(root, 'docs/use-as-a-library.md'), 'utf8');
/** Each program with what the page says that it prints. */
const programs = [
  ...page.matchAll(/^```ts\n(\/\/ (\S+)\n[^]*?)^```\n\n```text\n([^]*?)^```$/gm),
].map(([, source = '', file = '', printed = '']) => ({ file, source, printed }));

// A folder like that of a program which has installed the package.
let folder: string;
beforeAll(async () => {
  await buildIfStale();
  folder = await mkdtemp(join(tmpdir(), 'rowmill-library-'));
  await cp(join(root, 'package.json'), join(folder, 'package.json'));
  for (const name of ['dist', 'node_modules']) await symlink(join(root, name), join(folder, name));
  for (const { file, source } of programs) await writeFile(join(folder, file), source);
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('docs/use-as-a-library.md', () => {
  it('has no TypeScript block without its output', () => {
    expect(programs.length).toBeGreaterThan(2);
    expect(page.match(/^```ts$/gm)).toHaveLength(programs.length);
  });

  it.each(programs)('prints what it says: $file', async ({ file, printed }) => {
    const { stdout } = await run(process.execPath, ['--import', 'jiti/register', file], {
      cwd: folder,
    });
    expect(stdout).toBe(printed);
  });

  it('compiles against the types that are published', async () => {
    const options = {
      compilerOptions: {
        noEmit: true,
        strict: true,
        target: 'es2023',
        module: 'nodenext',
        types: ['node'],
        exactOptionalPropertyTypes: true,
      },
      files: programs.map(({ file }) => file),
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(options));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const told = await run(process.execPath, [compiler, '-p', folder]).catch(
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? 'tsc did not run' }),
    );
    expect(told.stdout).toBe('');
  });
});
