import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RowmillError } from '../../../src/engine/errors.ts';
import { memoryResources } from '../../../src/engine/task/memory-resources.ts';
import type { RunResources, SftpFiles } from '../../../src/engine/task/run-resources.ts';
import { answerOver } from '../../../src/executors/threads/answer-thread.ts';
import { resourcesOver } from '../../../src/executors/threads/ask-host.ts';

const FILES: SftpFiles = {
  read: async (path) => Buffer.from([0, 255, path.length]),
  write: async (path, content) => {
    throw new RowmillError('sftp_failed', `${path}: ${content.length} bytes are refused`);
  },
  list: async (folder) => [
    { name: `of ${folder}`, kind: 'file', bytes: 1, modified_at: '2026-01-01T00:00:00.000Z' },
  ],
  rename: async () => undefined,
  delete: async (path) => path === 'there',
  exists: async (path) => path === 'there',
};

let channel: MessageChannel;
let asked: RunResources;
beforeEach(() => {
  channel = new MessageChannel();
  answerOver(channel.port1, {
    ...memoryResources(),
    sftp: (connection) => {
      if (connection === 'partner') return FILES;
      throw new RowmillError('usage', `there is no ${connection}`);
    },
  });
  asked = resourcesOver(channel.port2);
});
afterEach(() => channel.port1.close());

describe('what a thread of a run asks the one that started it', () => {
  it('is its storage', async () => {
    const { storage } = asked;
    expect(await storage.get('k')).toBeUndefined();
    await storage.set('k', null);
    expect(await storage.get('k')).toBeNull();
    expect(await storage.compareAndSet('k', { expected: undefined, value: 1 })).toBe(false);
    expect(await storage.compareAndSet('k', { expected: null, value: { a: 1 } })).toBe(true);
    expect(await storage.compareAndSet('n', { expected: undefined, value: 2 })).toBe(true);
    expect([await storage.list(''), await storage.list('n')]).toEqual([['k', 'n'], ['n']]);
    expect([await storage.delete('n'), await storage.delete('n')]).toEqual([true, false]);
  });

  it('is the files of an SFTP server, byte for byte', async () => {
    const partner = asked.sftp('partner');
    expect([...(await partner.read('a/b'))]).toEqual([0, 255, 3]);
    expect(await partner.list('in')).toMatchObject([{ name: 'of in', bytes: 1 }]);
    expect(await Promise.all([partner.exists('there'), partner.delete('gone')])).toEqual([
      true,
      false,
    ]);
    await partner.rename('a', 'b');
  });

  it('is refused with the error that it met there', async () => {
    await expect(asked.sftp('partner').write('a', Buffer.alloc(3))).rejects.toMatchObject({
      code: 'sftp_failed',
      message: 'a: 3 bytes are refused',
    });
    await expect(asked.sftp('other').exists('a')).rejects.toMatchObject({ code: 'usage' });
  });
});
