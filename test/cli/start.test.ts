import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildIfStale, rowmill } from './built-command-line.ts';

let folder: string;

beforeAll(buildIfStale, 60_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-start-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** The files that a command reads as code. */
async function scriptsOf(...words: readonly string[]): Promise<readonly string[]> {
  const coverage = join(folder, 'coverage');
  await rowmill(folder, words, { environment: { NODE_V8_COVERAGE: coverage } });
  const [name = ''] = await readdir(coverage);
  // As Node writes it.
  const { result } = JSON.parse(await readFile(join(coverage, name), 'utf8')) as {
    readonly result: readonly { readonly url: string }[];
  };
  return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
}

describe('a start', () => {
  it('reads few files, because each takes a millisecond', async () => {
    await writeFile(join(folder, 'in.csv'), 'email,phone\na@x.example,+33612345678\n');
    const run = ['run', 'contacts/clean', 'in.csv', '-o', 'out.csv'] as const;
    expect((await scriptsOf(...run)).length).toBeLessThan(70);
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).toContain('a@x.example');
  });

  it('reads no command, no task and no database driver to say its version', async () => {
    const scripts = await scriptsOf('--version');
    expect(scripts.length).toBeLessThan(35);
    expect(scripts.filter((url) => /libsql|jiti|phone|\/(?:app|run|tasks)-/.test(url))).toEqual([]);
  });

  it('leaves the drivers, the loader of TypeScript and the phone numbers alone where no task needs them', async () => {
    const scripts = await scriptsOf('tasks', 'list');
    expect(scripts.filter((url) => /libsql|jiti|undici|\/pg\/|csv-parse/.test(url))).toEqual([]);
  });
});
