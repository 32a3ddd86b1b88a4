import { PassThrough, pipeline, Readable, type Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { LeanAnswer } from './lean-exchange.ts';
import { LeanResponse } from './lean-response.ts';

/** What a server sent without its last bytes is given as far as it goes, as fetch does. */
const ZLIB = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI = {
  flush: constants.BROTLI_OPERATION_FLUSH,
  finishFlush: constants.BROTLI_OPERATION_FLUSH,
};

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(ZLIB),
  'x-gzip': () => createGunzip(ZLIB),
  deflate: () => createInflate(ZLIB),
  br: () => createBrotliDecompress(BROTLI),
};
/** More would be an attack: each may grow what it is given a thousandfold. */
const MOST_ENCODINGS = 5;

/** An answer whose body came compressed, with the body as it was before. One in an unknown encoding stays as it came. */
export function decodedResponse(answer: LeanAnswer): LeanResponse {
  const { 'content-encoding': encoding, 'content-length': _, ...headers } = answer.headers;
  const decoders = String(encoding)
    .toLowerCase()
    .split(',')
    .map((name) => DECODERS[name.trim()])
    .toReversed();
  const known = decoders.filter((decoder) => decoder !== undefined);
  const hasBody = ![204, 205, 304].includes(answer.status);
  if (!hasBody || known.length < decoders.length || known.length > MOST_ENCODINGS) {
    return new LeanResponse(answer);
  }
  const raw = Readable.from(answer.body, { objectMode: false });
  // Its errors come out at the end of the pipe, to whoever reads there.
  const body = pipeline(
    [raw, ...known.map((decoder) => decoder()), new PassThrough()],
    () => undefined,
  ) as unknown as Readable;
  return new LeanResponse({ ...answer, headers, body });
}
