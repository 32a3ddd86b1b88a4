import {
  appendFile,
  link,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalInput } from '../../src/files/local/local-input.ts';
import { LocalOutput } from '../../src/files/local/local-output.ts';
import { LocalRunFiles } from '../../src/files/local/local-run-files.ts';
import { StandardInput } from '../../src/files/local/standard-input.ts';
import { StandardOutput } from '../../src/files/local/standard-output.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const text = (name: string): Promise<string> => readFile(at(name), 'utf8');

async function readFrom(
  input: { read(offset: number, into: Uint8Array): Promise<number> },
  offset: number,
  length: number,
): Promise<string> {
  const bytes = Buffer.alloc(length);
  let done = 0;
  for (;;) {
    const read = await input.read(offset + done, bytes.subarray(done));
    if (read === 0) return bytes.toString('utf8', 0, done);
    done += read;
  }
}

describe('an input file', () => {
  it('is read at any place, and knows its size and time', async () => {
    await writeFile(at('in.csv'), 'abcdefgh');
    const input = await LocalInput.open(at('in.csv'));
    expect(input).toMatchObject({ name: at('in.csv'), size: 8, isSeekable: true });
    expect(await readFrom(input, 5, 10)).toBe('fgh');
    expect(await readFrom(input, 0, 3)).toBe('abc');
    expect(await readFrom(input, 8, 3)).toBe('');
    await input.close();
  });

  it.each([
    ['that is not there', () => at('nix.csv'), 'input_not_found', 'there is no such file'],
    ['under a file', () => join(at('in.csv'), 'x'), 'input_not_found', 'there is no such file'],
    ['that is a folder', () => folder, 'input_unreadable', 'is a folder'],
    ['that is a device', () => '/dev/null', 'input_unreadable', 'pipe it in and name - instead'],
  ])('%s is refused by name', async (_, path, code, message) => {
    await writeFile(at('in.csv'), 'a');
    await expect(LocalInput.open(path())).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
    await expect(LocalInput.open(path())).rejects.toThrow(path());
  });

  it('that was cut does not end as if that were its end', async () => {
    await writeFile(at('in.csv'), 'abcdefgh');
    const input = await LocalInput.open(at('in.csv'));
    await truncate(at('in.csv'), 3);
    expect(await readFrom(input, 0, 3)).toBe('abc');
    await expect(input.read(3, Buffer.alloc(3))).rejects.toMatchObject({ code: 'input_changed' });
    await input.close();
  });
});

describe('an output file', () => {
  it('is written behind what is kept, the rest cut off', async () => {
    await writeFile(at('out.csv'), 'kept, and lost');
    const output = await LocalOutput.open(at('out.csv'), 5);
    await output.append(Buffer.from('new'));
    await output.append(Buffer.from('er'));
    await output.sync();
    await output.close();
    expect(await text('out.csv')).toBe('kept,newer');
  });

  it('begins anew with nothing kept', async () => {
    await writeFile(at('out.csv'), 'old');
    const output = await LocalOutput.open(at('out.csv'), 0);
    await output.sync();
    await output.close();
    expect(await text('out.csv')).toBe('');
  });

  it.each([
    ['that is shorter than what was written', () => writeFile(at('out.csv'), 'abc'), 'has 3 bytes'],
    ['that is gone', () => Promise.resolve(), 'is gone'],
  ])('%s is not gone on with, and not touched', async (_, prepare, message) => {
    await prepare();
    await expect(LocalOutput.open(at('out.csv'), 4)).rejects.toMatchObject({
      code: 'run_not_resumable',
      message: expect.stringContaining(message) as string,
    });
    if (message.startsWith('has')) expect(await text('out.csv')).toBe('abc');
  });

  it('in a folder that is not there, or under the name of one, is refused by name', async () => {
    for (const [path, message] of [
      [at('nix/out.csv'), 'its folder does not exist'],
      [folder, 'is a folder'],
    ] as const) {
      await expect(LocalOutput.open(path, 0)).rejects.toMatchObject({
        code: 'output_unwritable',
        message: expect.stringContaining(message) as string,
      });
    }
  });

  it.each([
    ['removed', () => rm(at('out.csv'))],
    [
      'replaced',
      async () => {
        await rename(at('out.csv'), at('old.csv'));
        await writeFile(at('out.csv'), 'xxxxxxxx');
      },
    ],
    ['cut', () => truncate(at('out.csv'), 1)],
  ])('that is %s while it is written is noticed at the next sync', async (_, change) => {
    const output = await LocalOutput.open(at('out.csv'), 0);
    await output.append(Buffer.from('abc'));
    await output.sync();
    await change();
    await expect(output.sync()).rejects.toMatchObject({ code: 'output_unwritable' });
    await output.close();
  });

  it('that is cut gets no hole', async () => {
    const output = await LocalOutput.open(at('out.csv'), 0);
    await output.append(Buffer.from('abc'));
    await truncate(at('out.csv'), 1);
    await expect(output.append(Buffer.from('d'))).rejects.toThrow('was cut to 1 bytes');
    await output.close();
    expect(await text('out.csv')).toBe('a');
  });

  it('under a second name is the same file', async () => {
    const output = await LocalOutput.open(at('out.csv'), 0);
    await link(at('out.csv'), at('second.csv'));
    await output.append(Buffer.from('abc'));
    await output.sync();
    await output.close();
    expect(await text('second.csv')).toBe('abc');
  });

  it('may be a device, and a full one is named', async () => {
    const none = await LocalOutput.open('/dev/null', 0);
    await none.append(Buffer.from('abc'));
    await none.sync();
    await none.close();
    const full = await LocalOutput.open('/dev/full', 0);
    await expect(full.append(Buffer.from('abc'))).rejects.toMatchObject({
      code: 'disk_full',
      message: '/dev/full: no space is left on the disk',
    });
    await full.close();
  });
});

describe('standard input with a spool', () => {
  const open = (chunks: readonly string[]): Promise<StandardInput> =>
    StandardInput.open(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), at('spool'));

  it('can be read again at every place, and is kept', async () => {
    const input = await open(['abc', 'def', 'gh']);
    expect(input.size).toBeUndefined();
    expect(await readFrom(input, 4, 2)).toBe('ef');
    expect(await readFrom(input, 0, 20)).toBe('abcdefgh');
    expect(input.size).toBe(8);
    await input.close();
    expect(await text('spool')).toBe('abcdefgh');
  });

  it('says of itself that it is whole once the stream has ended', async () => {
    const files = new LocalRunFiles({
      stdin: Readable.from([Buffer.from('abc')]),
      stdout: process.stdout,
    });
    const input = await files.openStandardInput(at('spool'));
    expect(await readFrom(input, 0, 2)).toBe('ab');
    expect(await files.isSpoolWhole(at('spool'))).toBe(false);
    expect(await readFrom(input, 0, 9)).toBe('abc');
    expect(await files.isSpoolWhole(at('spool'))).toBe(true);
    await input.close();
  });

  it('takes the same bytes again, in other chunks, and goes on behind them', async () => {
    await writeFile(at('spool'), 'abcde');
    const input = await open(['ab', 'cdefg', 'h']);
    expect(await readFrom(input, 0, 20)).toBe('abcdefgh');
    await input.close();
    expect(await text('spool')).toBe('abcdefgh');
  });

  it('is read once however many reads wait for it at a time', async () => {
    // A pause leaves a read behind that still waits; the run goes on with one of its own.
    await writeFile(at('spool'), 'abcd');
    const chunks = ['ab', 'cd', 'ef', 'gh', 'ij'];
    const input = await open(chunks);
    const reads = [0, 3, 5, 9].map((offset) => readFrom(input, offset, 1));
    expect(await Promise.all(reads)).toEqual(['a', 'd', 'f', 'j']);
    await input.close();
    expect(await text('spool')).toBe('abcdefghij');
  });

  it.each([
    ['other bytes', ['abX', 'def'], 'is not what the run had read before'],
    ['fewer bytes', ['ab'], 'ended behind 2 bytes, but the run had read 5'],
    ['none', [], 'ended behind 0 bytes'],
  ])('refuses %s than it has, and keeps what it has', async (_, chunks, message) => {
    await writeFile(at('spool'), 'abcde');
    const input = await open(chunks);
    await expect(readFrom(input, 0, 20)).rejects.toMatchObject({
      code: 'input_changed',
      message: expect.stringContaining(message) as string,
    });
    await input.close();
    expect(await text('spool')).toBe('abcde');
  });

  it('can be closed while it waits', { timeout: 5_000 }, async () => {
    const input = await StandardInput.open(new PassThrough(), at('spool'));
    const reading = input.read(0, Buffer.alloc(1)).catch(() => 0);
    await input.close();
    expect(await reading).toBe(0);
  });
});

describe('standard input without a spool', () => {
  it('can be read twice at its beginning only', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const input = await StandardInput.open(
      Readable.from([chunk, chunk, chunk, chunk, chunk, chunk]),
      undefined,
    );
    expect(input.isSeekable).toBe(false);
    expect(await readFrom(input, 0, 1000)).toHaveLength(1000);
    expect(await readFrom(input, 10, 1000)).toHaveLength(1000);
    let offset = 0;
    for (;;) {
      const read = await input.read(offset, Buffer.alloc(300_000));
      if (read === 0) break;
      offset += read;
    }
    expect(offset).toBe(6 * chunk.length);
    await expect(input.read(5 * chunk.length, Buffer.alloc(1))).rejects.toThrow(
      'can be read once only',
    );
    await input.close();
  });
});

describe('standard output', () => {
  it('waits until its reader has taken the bytes', async () => {
    let take: (() => void) | undefined;
    const output = new StandardOutput(
      new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => (take = done) }),
    );
    let isDone = false;
    const append = output.append(Buffer.from('abc')).then(() => (isDone = true));
    await new Promise(setImmediate);
    expect(isDone).toBe(false);
    take?.();
    await append;
    expect(isDone).toBe(true);
  });

  it('without a reader says so in words', async () => {
    const error = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(error) });
    stream.on('error', () => undefined);
    await expect(new StandardOutput(stream).append(Buffer.from('abc'))).rejects.toThrow(
      'standard output: nobody reads it any more (EPIPE)',
    );
  });
});

describe('files of runs', () => {
  const files = (): LocalRunFiles =>
    new LocalRunFiles({ stdin: Readable.from([]), stdout: process.stdout });

  it('give one name to a file under two', async () => {
    await writeFile(at('in.csv'), 'a');
    await appendFile(at('in.csv'), 'b');
    expect(await files().realPath(`${folder}/./in.csv`)).toBe(await files().realPath(at('in.csv')));
    expect(await files().realPath(at('not-there.csv'))).toContain('not-there.csv');
  });

  it('are given a second name again by who comes behind an attempt that went away', async () => {
    await writeFile(at('in.csv'), 'a\n');
    await writeFile(at('other.csv'), 'b\n');
    for (const from of ['in.csv', 'in.csv', 'other.csv'])
      await files().link(at(from), at('kept.csv'));
    expect(await readFile(at('kept.csv'), 'utf8')).toBe('b\n');
    expect(await readFile(at('in.csv'), 'utf8')).toBe('a\n');
  });

  it('give one name to a file that is not there yet under a link to it', async () => {
    await symlink('later.csv', at('link.csv'));
    expect(await files().realPath(at('link.csv'))).toBe(await files().realPath(at('later.csv')));
    expect(await files().identityOf(at('link.csv'))).toBe(
      await files().identityOf(at('later.csv')),
    );
    await symlink('circle.csv', at('circle.csv'));
    expect(await files().realPath(at('circle.csv'))).toContain('circle.csv');
  });

  it('know a file by every name, and let many write a device', async () => {
    await writeFile(at('in.csv'), 'a');
    await writeFile(at('other.csv'), 'a');
    await symlink('in.csv', at('symbolic.csv'));
    await link(at('in.csv'), at('hard.csv'));
    const identity = await files().identityOf(at('in.csv'));
    expect(await files().identityOf(at('symbolic.csv'))).toBe(identity);
    expect(await files().identityOf(at('hard.csv'))).toBe(identity);
    expect(await files().identityOf(at('other.csv'))).not.toBe(identity);
    expect(await files().identityOf('/dev/null')).toBeUndefined();
  });

  it('say beforehand where a file could not be written', async () => {
    await expect(files().refuseUnwritable(at('new.csv'))).resolves.toBeUndefined();
    await expect(files().refuseUnwritable('/dev/null')).resolves.toBeUndefined();
    await expect(files().refuseUnwritable(at('nix/new.csv'))).rejects.toMatchObject({
      code: 'output_unwritable',
      message: `${at('nix/new.csv')}: its folder does not exist`,
    });
    await expect(files().refuseUnwritable(folder)).rejects.toMatchObject({
      code: 'output_unwritable',
      message: `${folder} is a folder: expected the name of a file`,
    });
  });

  it('give no text where there is no file', async () => {
    expect(await files().readText(at('nix'))).toBeUndefined();
  });

  it('do not believe an end of standard input that comes behind a stop', async () => {
    const input = await StandardInput.open(Readable.from([Buffer.from('a\n1\n')]), at('spool'));
    const bytes = new Uint8Array(10);
    expect(await input.read(0, bytes)).toBe(4);
    input.distrustEnd();
    expect(await input.read(4, bytes)).toBe(0);
    expect(await files().isSpoolWhole(at('spool'))).toBe(false);
  });
});
