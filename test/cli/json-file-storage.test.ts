import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { JsonFileStorage } from '../../src/cli/json-file-storage.ts';

let path = '';
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'rowmill-storage-')), 'values.json');
});
afterEach(() => rm(join(path, '..'), { recursive: true, force: true }));

it('forgets what has expired, also in its file', async () => {
  const storage = await JsonFileStorage.open(path);
  await storage.set('ever', 1);
  await storage.set('long', 2, { ttlSeconds: 3_600 });
  const content = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  expect(content).toMatchObject({ ever: 1, long: 2 });
  const again = await JsonFileStorage.open(path);
  expect(await again.list('')).toEqual(['ever', 'long']);
  await writeFile(path, JSON.stringify({ ...content, '/expires': { long: Date.now() - 1 } }));
  const later = await JsonFileStorage.open(path);
  expect([await later.get('long'), await later.list(''), await later.delete('long')]).toEqual([
    undefined,
    ['ever'],
    false,
  ]);
  await later.set('ever', 3);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ ever: 3 });
});

it('takes no more than a server does', async () => {
  const storage = await JsonFileStorage.open(undefined);
  await expect(storage.set('a/b', 1)).rejects.toThrow('expected 1 to 200 characters');
  await expect(storage.set('a', 1, { ttlSeconds: 0 })).rejects.toThrow('it is to expire in 0 s');
  await expect(storage.set('a', 'x'.repeat(256 * 1024))).rejects.toThrow('262146 bytes');
});
