import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { buildIfStale, rowmill } from './built-command-line.ts';

const MODULE = `import { defineTask, ok } from 'rowmill';
import { anything } from 'rowmill/verifiers';
const base = { category: 'bad', description: 'A task that misbehaves', mandatory: { n: anything } };
export const exit = defineTask({ ...base, action: 'exit', row() { process.exit(0); } });
export const float = defineTask({ ...base, action: 'float', async row() {
  void Promise.reject(new Error('late'));
  await new Promise((done) => setTimeout(done, 20));
  return ok();
} });
`;

let folder: string;
beforeAll(buildIfStale, 120_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-process-'));
  await writeFile(join(folder, 'bad.mjs'), MODULE);
  await writeFile(join(folder, 'in.csv'), 'n\n1\n2\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it.each([
  ['exit', 'error: the process was ended before its work was done'],
  ['float', 'error: a promise that nobody waits for has failed: late'],
])(
  'a task that ends the process (%s) never passes for a run that is done',
  async (name, message) => {
    const words = ['run', `bad/${name}`, 'in.csv', '-o', 'out.csv', '--tasks', 'bad.mjs'];
    const { exitCode: code, stderr } = await rowmill(folder, words);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(1);
  },
);
