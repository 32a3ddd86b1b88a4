import { CsvError } from '../csv-error.ts';

/**
 * Turns chunks in any encoding that TextDecoder knows into chunks of UTF-8, without a byte order
 * mark. What is not valid is shown (`\uD83D` for half a character in UTF-16), or refused where it
 * cannot be: it never becomes a replacement character in silence.
 */
export async function* toUtf8(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  encoding: string,
): AsyncGenerator<Buffer, void, undefined> {
  const decode = encoding.startsWith('utf-16')
    ? wideDecoder(encoding === 'utf-16be')
    : otherDecoder(encoding);
  let isFirst = true;
  for await (const chunk of chunks) {
    let text = decode(chunk, false);
    if (isFirst && text !== '') {
      isFirst = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    if (text !== '') yield Buffer.from(text, 'utf8');
  }
  const rest = decode(new Uint8Array(0), true);
  if (rest !== '') yield Buffer.from(rest, 'utf8');
}

type ChunkDecoder = (chunk: Uint8Array, isLast: boolean) => string;

function wideDecoder(isBigEndian: boolean): ChunkDecoder {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk, isLast) => {
    const bytes = Buffer.concat([rest, chunk]);
    let whole = bytes.length & ~1;
    const units = Buffer.from(bytes.subarray(0, whole));
    if (isBigEndian) units.swap16();
    // The first half of a character waits for its second half.
    if (!isLast && whole >= 2 && isLeadingHalf(units.readUInt16LE(whole - 2))) whole -= 2;
    rest = Buffer.from(bytes.subarray(whole));
    let text = showHalves(units.toString('utf16le', 0, whole));
    if (isLast && rest.length > 0) {
      text += `\\x${(rest[0] as number).toString(16).toUpperCase().padStart(2, '0')}`;
    }
    return text;
  };
}

function isLeadingHalf(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** Halves of characters are not text: they are shown as `\uD83D`. */
function showHalves(text: string): string {
  return text.replace(
    /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g,
    (half) => `\\u${half.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function otherDecoder(encoding: string): ChunkDecoder {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let byte = 0;
  return (chunk, isLast) => {
    try {
      const text = decoder.decode(chunk, { stream: !isLast });
      byte += chunk.length;
      return text;
    } catch (cause) {
      throw new CsvError('invalid_encoding', `these bytes are not ${encoding}; give the encoding`, {
        place: { byte },
        cause,
      });
    }
  };
}
