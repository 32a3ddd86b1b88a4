import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalInput } from '../../../src/files/local/local-input.ts';
import { copyAsUtf8 } from '../../../src/files/local/utf8-copy-file.ts';

const DRAWN = '| id | name |\n|----|------|\n| 1 | Zoë |\n| 2 | Ann |\n';
const PLAIN = 'id|name\n\n1|Zoë\n2|Ann\n';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-copy-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe('the copy of a table that is drawn with lines', () => {
  it.each([
    ['UTF-8', Buffer.from(DRAWN), { encoding: undefined, wasPacked: false, wasRuled: true }],
    [
      'UTF-8 packed with gzip',
      gzipSync(DRAWN),
      { encoding: undefined, wasPacked: true, wasRuled: true },
    ],
    [
      'one byte a letter',
      Buffer.from(DRAWN, 'latin1'),
      { encoding: 'windows-1252', wasPacked: false, wasRuled: true },
    ],
  ])('is UTF-8 without them, from %s', async (_, bytes, was) => {
    const path = join(folder, 'input.csv');
    const copy = join(folder, 'copy.csv');
    await writeFile(path, bytes);
    const input = await LocalInput.open(path);
    const encoding = was.encoding;
    expect(await copyAsUtf8(input, copy, { encoding })).toEqual(was);
    await input.close();
    expect(await readFile(copy, 'utf8')).toBe(PLAIN);
  });
});
