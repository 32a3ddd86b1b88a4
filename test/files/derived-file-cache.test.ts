import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LocalDerivedFileCache } from '../../src/files/local/derived-file-cache.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-derived-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const FAILED = { kind: 'failed', version: 'failed-1' };

it('is whole where two servers write the same at once', async () => {
  let goOn = (): void => undefined;
  const others = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const slow = new LocalDerivedFileCache().path({ folder, ...FAILED }, async (path) => {
    await writeFile(path, 'first half, ');
    await others;
    await writeFile(path, 'second half', { flag: 'a' });
  });
  const whole = async (path: string) => writeFile(path, 'first half, second half');
  const found = await new LocalDerivedFileCache().path({ folder, ...FAILED }, whole);
  expect(await readFile(found, 'utf8')).toBe('first half, second half');
  goOn();
  expect(await slow).toBe(found);
  expect(await readFile(found, 'utf8')).toBe('first half, second half');
  expect(await readdir(join(folder, 'derived'))).toEqual(['failed-1.csv']);
});

it('takes the place of older versions and of what somebody left half written, and of no other kind', async () => {
  const cache = new LocalDerivedFileCache();
  const write = async (path: string) => writeFile(path, 'rows');
  await cache.path({ folder, ...FAILED }, write);
  await cache.path({ folder, kind: 'errors', version: 'errors-1' }, write);
  const [left, fresh] = ['failed-1.csv.a.part', 'failed-1.csv.b.part'] as const;
  for (const name of [left, fresh]) await writeFile(join(folder, 'derived', name), 'ro');
  const then = new Date(Date.now() - 2 * 86_400_000);
  await utimes(join(folder, 'derived', left), then, then);
  await cache.path({ folder, kind: 'failed', version: 'failed-2' }, write);
  const names = await readdir(join(folder, 'derived'));
  expect(names.sort()).toEqual(['errors-1.csv', fresh, 'failed-2.csv']);
});
