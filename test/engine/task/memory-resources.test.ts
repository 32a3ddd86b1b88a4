import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { memoryResources } from '../../../src/engine/task/memory-resources.ts';

const MODIFIED = { modified_at: '1970-01-01T00:00:00.000Z' };
const partner = () =>
  memoryResources({
    partner: { '/prices.csv': 'a', 'in/b.csv': 'bc', './in//a.csv': 'b', 'in/old/c.csv': 'c' },
  }).sftp('partner');

describe('the files of a server that is none', () => {
  it.each(['prices.csv', '/prices.csv', './prices.csv', './/prices.csv'])(
    'are found however a server would find them: %s',
    async (path) => {
      const files = partner();
      expect(Buffer.from(await files.read(path)).toString()).toBe('a');
      expect(await files.exists(path)).toBe(true);
      await files.write(path, Buffer.from('new'));
      await files.rename(path, '/in/./prices.csv');
      expect(await files.exists(path)).toBe(false);
      expect(Buffer.from(await files.read('in/prices.csv')).toString()).toBe('new');
      await expect(files.rename('in/prices.csv', './in/a.csv')).rejects.toThrow(
        'in/a.csv is there already',
      );
      expect(await files.delete('/in/prices.csv')).toBe(true);
      expect(await files.delete('in/prices.csv')).toBe(false);
    },
  );

  it('are listed with the folders', async () => {
    const files = partner();
    expect(await files.list('')).toEqual([
      { name: 'in', kind: 'folder', bytes: 0, ...MODIFIED },
      { name: 'prices.csv', kind: 'file', bytes: 1, ...MODIFIED },
    ]);
    for (const folder of ['in', '/in/', './in']) {
      expect(await files.list(folder)).toEqual([
        { name: 'a.csv', kind: 'file', bytes: 1, ...MODIFIED },
        { name: 'b.csv', kind: 'file', bytes: 2, ...MODIFIED },
        { name: 'old', kind: 'folder', bytes: 0, ...MODIFIED },
      ]);
      expect(await files.exists(folder)).toBe(true);
    }
    await expect(files.list('out')).rejects.toThrow('out: there is no such folder');
    expect(await files.exists('out')).toBe(false);
    expect(await memoryResources({ empty: {} }).sftp('empty').list('/')).toEqual([]);
  });

  it('are not looked for above the root, and none is given twice', async () => {
    await expect(partner().read('../prices.csv')).rejects.toThrow('expected a path below the root');
    await expect(partner().read('in/')).rejects.toThrow('expected the path of a file');
    expect(() => memoryResources({ partner: { 'a.csv': '', '/a.csv': '' } })).toThrow(
      '/a.csv: a.csv is given twice',
    );
  });
});
