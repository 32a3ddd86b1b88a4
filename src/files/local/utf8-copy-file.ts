import { rename, rm } from 'node:fs/promises';
import { inspectInput, toUtf8 } from '../../engine/csv/reader.ts';
import type { InputFile } from '../../engine/ports/run-files.ts';
import { gunzip } from './gunzip.ts';
import { LocalInput } from './local-input.ts';
import { LocalOutput } from './local-output.ts';

/** What an input was before it was copied. */
export interface Utf8Copy {
  /** Undefined where it was packed UTF-8. */
  readonly encoding: string | undefined;
  readonly wasPacked: boolean;
}

const CHUNK_BYTES = 256 * 1024;

/** Writes an input to a file, unpacked and as UTF-8, chunk by chunk: first the one step, then the other. */
export async function copyAsUtf8(
  input: InputFile,
  path: string,
  { encoding }: { readonly encoding: string | undefined },
): Promise<Utf8Copy> {
  const wanted = { name: input.name, encoding };
  const packed = await inspectInput(input, wanted);
  if (!packed.isGzip) {
    await writeChunks(path, toUtf8(chunksOf(input), packed.encoding ?? 'utf-8'));
    return { encoding: packed.encoding, wasPacked: false };
  }
  const unpackedPath = `${path}.unpacked`;
  await writeChunks(unpackedPath, gunzip(chunksOf(input)));
  const unpacked = await LocalInput.open(unpackedPath);
  try {
    const form = await inspectInput(unpacked, wanted);
    if (!form.needsUtf8Copy) {
      await rename(unpackedPath, path);
      return { encoding: undefined, wasPacked: true };
    }
    const copied = await copyAsUtf8(unpacked, path, { encoding });
    await rm(unpackedPath);
    return { encoding: copied.encoding, wasPacked: true };
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
