import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError } from '../../engine/csv/csv-error.ts';

/** What a packed file may grow to before its ratio is looked at. */
const UNSUSPICIOUS_BYTES = 64 * 1024 * 1024;
const MAX_GZIP_RATIO = 200;

/** Unpacks gzip chunk by chunk; refuses what grows beyond all reason. */
export async function* gunzip(
  chunks: AsyncIterable<Uint8Array>,
  name?: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  let packed = 0;
  let unpacked = 0;
  const counted = async function* () {
    for await (const chunk of chunks) {
      packed += chunk.length;
      yield chunk;
    }
  };
  const input = Readable.from(counted());
  const output = createGunzip();
  input.on('error', (error) => output.destroy(error));
  input.pipe(output);
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      unpacked += chunk.length;
      if (unpacked > UNSUSPICIOUS_BYTES && unpacked > packed * MAX_GZIP_RATIO) {
        throw new CsvError(
          'gzip_bomb',
          `the packed input grows to more than ${MAX_GZIP_RATIO} times its size`,
          { place: { name } },
        );
      }
      yield chunk;
    }
  } catch (cause) {
    if (cause instanceof CsvError) throw cause;
    throw new CsvError('unreadable', 'the gzip data is damaged or cut off', {
      place: { name, byte: packed },
      cause,
    });
  } finally {
    input.destroy();
    output.destroy();
  }
}
