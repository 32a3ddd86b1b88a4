import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ModuleChange } from '../../src/task-modules/task-catalog.ts';
import { watchModules } from '../../src/task-modules/watch-modules.ts';

let folder: string;
let end: (() => void) | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-watch-'));
});
afterEach(async () => {
  end?.();
  await rm(folder, { recursive: true, force: true });
});

const CHANGE: ModuleChange = { file: 'one.ts', tasks: ['a/one'], problem: undefined };

it('reloads once for many writes, and tells of errors without an end of the watch', async () => {
  let reloads = 0;
  const file = join(folder, 'one.ts');
  let heard: (what: unknown) => void = () => undefined;
  const next = (): Promise<unknown> =>
    new Promise((resolve) => {
      heard = resolve;
    });
  const catalog = {
    sources: [join(folder, 'sub*', '*.ts'), file],
    async reload() {
      reloads += 1;
      if (reloads === 1) throw new Error('no folder');
      return [CHANGE];
    },
  };
  end = await watchModules(catalog, {
    onChange: (changes) => heard(changes),
    onError: (message) => heard(message),
  });
  const first = next();
  for (const text of ['1', '2', '3']) await writeFile(file, text);
  expect(await first).toBe('no folder');
  expect(reloads).toBe(1);
  const second = next();
  await writeFile(file, '4');
  expect(await second).toEqual([CHANGE]);
});
