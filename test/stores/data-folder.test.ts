import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../src/stores/local/data-folder.ts';

let path: string;
let made: number;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'rowmill-folder-'));
  made = 0;
});
afterEach(() => rm(path, { recursive: true, force: true }));

const take = (pid = 4711): Promise<DataFolder> =>
  DataFolder.take(path, { makeId: () => `srv_${(made += 1)}`, pid });

describe('the data folder of a server', () => {
  it('belongs to one process, and the refusal of another names folder, process and address', async () => {
    const folder = await take();
    const refused = { code: 'folder_busy', message: expect.stringContaining(path) as string };
    await expect(take()).rejects.toMatchObject(refused);
    await expect(take()).rejects.toThrow('is served by process 4711:');
    folder.announce({ pid: 4711, url: 'http://127.0.0.1:7070' });
    await expect(take()).rejects.toThrow('is served by process 4711 at http://127.0.0.1:7070:');
    folder.release();
    (await take()).release();
  });

  it('is refused in words too when its server is just saying who it is', async () => {
    const folder = await take();
    await writeFile(join(path, 'server.json'), '{"pi');
    await expect(take()).rejects.toThrow('is served by another process:');
    folder.release();
  });

  it('keeps the name of its server through restarts, and another folder has another', async () => {
    const first = await take();
    first.release();
    const second = await take();
    expect(second.serverId).toBe(first.serverId);
    expect(await readFile(join(path, 'server-id'), 'utf8')).toBe(`${first.serverId}\n`);
    second.release();
    await rm(join(path, 'server-id'));
    const other = await take();
    expect(other.serverId).not.toBe(first.serverId);
    other.release();
  });

  it('leaves nothing behind that a dead server had said', async () => {
    (await take(1)).release();
    await expect(readFile(join(path, 'server.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
