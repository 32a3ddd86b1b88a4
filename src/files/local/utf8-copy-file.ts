import { rename, rm } from 'node:fs/promises';
import { inspectInput, toUtf8, withoutRules } from '../../engine/csv/read/reader.ts';
import type { InputFile } from '../../engine/ports/run-files.ts';
import { gunzip } from './gunzip.ts';
import { LocalInput } from './local-input.ts';
import { LocalOutput } from './local-output.ts';

/** What an input was before it was copied. */
export interface Utf8Copy {
  /** Undefined where it was packed UTF-8. */
  readonly encoding: string | undefined;
  readonly wasPacked: boolean;
  readonly wasRuled: boolean;
}

const CHUNK_BYTES = 256 * 1024;

/** Writes an input to a file, unpacked and as UTF-8, chunk by chunk: first the one step, then the other. */
export async function copyAsUtf8(
  input: InputFile,
  path: string,
  options: { readonly encoding: string | undefined; readonly delimiter?: string | undefined },
): Promise<Utf8Copy> {
  const wanted = { name: input.name, ...options };
  const packed = await inspectInput(input, wanted);
  if (!packed.isGzip) {
    const { encoding = 'utf-8', isRuled: wasRuled } = packed;
    const isUtf8 = wasRuled && encoding === 'utf-8';
    const chunks = wasRuled ? withoutRules(chunksOf(input)) : chunksOf(input);
    await writeChunks(path, isUtf8 ? chunks : toUtf8(chunks, encoding));
    return { encoding: isUtf8 ? undefined : encoding, wasPacked: false, wasRuled };
  }
  const unpackedPath = `${path}.unpacked`;
  await writeChunks(unpackedPath, gunzip(chunksOf(input), input.name));
  const unpacked = await LocalInput.open(unpackedPath);
  try {
    const form = await inspectInput(unpacked, wanted);
    if (!form.needsUtf8Copy) {
      await rename(unpackedPath, path);
      return { encoding: undefined, wasPacked: true, wasRuled: false };
    }
    const copied = await copyAsUtf8(unpacked, path, options);
    await rm(unpackedPath);
    return { ...copied, wasPacked: true };
  } finally {
    await unpacked.close();
  }
}

async function writeChunks(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const output = await LocalOutput.open(path, 0);
  try {
    for await (const chunk of chunks) await output.append(chunk);
    await output.sync();
  } finally {
    await output.close();
  }
}

async function* chunksOf(input: InputFile): AsyncGenerator<Uint8Array> {
  for (let offset = 0; ;) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const length = await input.read(offset, chunk);
    if (length === 0) return;
    offset += length;
    yield chunk.subarray(0, length);
  }
}
