import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealingKeyOf } from '../../src/engine/ports/secret-box.ts';
import { AesSecretBox } from '../../src/system/aes-secret-box.ts';
import { MasterKeyFile } from '../../src/system/master-key-file.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-keys-'));
  file = join(folder, 'master.key');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const newKey = (): string => randomBytes(32).toString('base64');

function boxOf(given?: string): AesSecretBox {
  const keys = new MasterKeyFile(folder, given);
  keys.make();
  return new AesSecretBox(keys);
}

describe('a secret box', () => {
  it('opens what it has sealed, and shows nothing of it', () => {
    const box = boxOf();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, about) => {
        const sealed = box.seal(text, about);
        expect(box.open(sealed, about)).toBe(text);
        expect(sealed).toMatch(/^sealed\.1\.[\da-f]{16}\.[\w-]+$/);
        expect(sealingKeyOf(sealed)).toBe(box.keyId);
      }),
    );
  });

  it('seals the same text differently each time', () => {
    const box = boxOf();
    const sealed = new Set(Array.from({ length: 100 }, () => box.seal('the same', 'a')));
    expect(sealed.size).toBe(100);
  });

  it('opens nothing that was changed, in any place', () => {
    const box = boxOf();
    // 12 + 16 + 8 bytes: base64 has no bits to spare, which could be changed for nothing.
    const sealed = box.seal('a secret', 'webhook whk_1');
    for (let at = 0; at < sealed.length; at += 1) {
      const other = sealed[at] === 'A' ? 'B' : 'A';
      const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
      expect(() => box.open(changed, 'webhook whk_1')).toThrow(
        expect.objectContaining({ code: 'secret_unreadable' }),
      );
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => box.open(sealed.slice(0, length), 'webhook whk_1')).toThrow(/webhook whk_1/);
    }
  });

  it('opens a text under the words only that it was sealed for', () => {
    const box = boxOf();
    const sealed = box.seal('s3cret', 'webhook whk_1');
    expect(() => box.open(sealed, 'webhook whk_2')).toThrow(
      'the secret of webhook whk_2 cannot be opened: it was changed, or belongs elsewhere',
    );
  });

  it('names the key that is not at hand', () => {
    const sealed = boxOf(newKey()).seal('s3cret', 'webhook whk_1');
    const keyId = sealingKeyOf(sealed) ?? '';
    expect(() => boxOf(newKey()).open(sealed, 'webhook whk_1')).toThrow(
      `the key ${keyId} that sealed it is not in ROWMILL_MASTER_KEY or ${file}`,
    );
  });
});

describe('the master keys', () => {
  it('are made once, in a file that its owner alone reads', async () => {
    const first = boxOf();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    const again = boxOf();
    expect(await readFile(file, 'utf8')).toBe(text);
    expect(again.open(first.seal('s3cret', 'a'), 'a')).toBe('s3cret');
  });

  it('are those of the process that was faster', () => {
    const [slow, fast] = [
      new MasterKeyFile(folder, undefined),
      new MasterKeyFile(folder, undefined),
    ];
    expect([slow.exists, fast.exists]).toEqual([false, false]);
    fast.make();
    slow.make();
    expect(slow.all()[0].id).toBe(fast.all()[0].id);
  });

  it('seal with a new one after a rotation, which others see too, and open what was sealed before', async () => {
    const elsewhere = boxOf();
    const before = elsewhere.seal('old', 'a');
    const key = new MasterKeyFile(folder, undefined).rotate();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(elsewhere.keyId).toBe(key.id);
    expect(sealingKeyOf(before)).not.toBe(key.id);
    const after = boxOf().seal('new', 'a');
    expect([elsewhere.open(before, 'a'), elsewhere.open(after, 'a')]).toEqual(['old', 'new']);
  });

  it('come from ROWMILL_MASTER_KEY first, the first of it seals, and no file is made', async () => {
    const [one, two] = [newKey(), newKey()];
    const old = boxOf(one).seal('old', 'a');
    const box = boxOf(`${two},${one}`);
    expect(box.open(old, 'a')).toBe('old');
    expect(box.keyId).toBe(boxOf(two).keyId);
    await expect(stat(file)).rejects.toThrow('ENOENT');
    expect(() => new MasterKeyFile(folder, one).rotate()).toThrow(/put a new key before it/);
  });

  it('of a file still open when the variable has the say', () => {
    const old = boxOf().seal('old', 'a');
    const box = boxOf(newKey());
    expect(box.open(old, 'a')).toBe('old');
    expect(sealingKeyOf(box.seal('new', 'a'))).not.toBe(sealingKeyOf(old));
  });

  it.each(['x', 'c2hvcnQ=', randomBytes(33).toString('base64'), '!'.repeat(43)])(
    'are refused where they are no keys, and not shown: %s',
    async (text) => {
      const wrong = (place: string) =>
        `key 1 of ${place} is no key: expected 32 bytes in base64 (openssl rand -base64 32)`;
      expect(() => new MasterKeyFile(folder, text)).toThrow(wrong('ROWMILL_MASTER_KEY'));
      await writeFile(file, `# a comment\n\n${text} of yesterday\n`);
      expect(() => boxOf()).toThrow(wrong(file));
    },
  );

  it('are asked for by name where there is none', () => {
    expect(() => new MasterKeyFile(folder, undefined).all()).toThrow(`there is no master key in`);
  });
});
