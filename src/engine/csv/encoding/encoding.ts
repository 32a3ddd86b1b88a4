import { isUtf8 } from 'node:buffer';
import { CsvError } from '../csv-error.ts';
import { guessMultiByte } from './guess-multi-byte.ts';
import { guessSingleByte } from './guess-single-byte.ts';
import { isSingleByte, pageOfDos } from './single-byte-table.ts';

/** How the bytes of an input are to be understood. */
export interface EncodingFinding {
  /** WHATWG name in lower case. */
  readonly encoding: string;
  /** Bytes of a byte order mark. */
  readonly markBytes: number;
  readonly isGuessed: boolean;
  /** What it cannot be read in place as: it has to be turned into UTF-8 first. */
  readonly needsCopy: boolean;
}

/**
 * The WHATWG name of an encoding, in lower case; ISO-8859-1 is windows-1252 there. Beyond WHATWG there
 * are `ibm850` and `ibm852`, in which DOS and consoles of Windows write.
 */
export function encodingName(label: string): string {
  const page = pageOfDos(label);
  if (page !== undefined) return page;
  try {
    return new TextDecoder(label.trim()).encoding;
  } catch (cause) {
    throw new CsvError(
      'unknown_encoding',
      `"${label}" is not an encoding known here; utf-8, utf-16le, windows-1252 and iso-8859-2 are`,
      { cause },
    );
  }
}

/** Finds the encoding of a sample, or takes the one that is given. */
export async function findEncoding(
  sample: Buffer,
  options: { readonly encoding?: string | undefined; readonly isWhole: boolean },
): Promise<EncodingFinding> {
  const mark = byteOrderMark(sample);
  if (options.encoding !== undefined) {
    const encoding = encodingName(options.encoding);
    return found(encoding, { markBytes: mark?.encoding === encoding ? mark.bytes : 0 });
  }
  if (mark !== undefined) return found(mark.encoding, { markBytes: mark.bytes });
  const wide = utf16WithoutMark(sample);
  if (wide !== undefined) return found(wide, { isGuessed: true });
  if (isIso2022(sample)) return found('iso-2022-jp', { isGuessed: true });
  if (isUtf8(options.isWhole ? sample : wholeCharacters(sample))) return found('utf-8', {});
  return found(await guess(sample, options.isWhole), { isGuessed: true });
}

function found(
  encoding: string,
  rest: { readonly markBytes?: number; readonly isGuessed?: boolean },
): EncodingFinding {
  return {
    encoding,
    markBytes: rest.markBytes ?? 0,
    isGuessed: rest.isGuessed ?? false,
    needsCopy: encoding !== 'utf-8' && !isSingleByte(encoding),
  };
}

function byteOrderMark(sample: Buffer): { encoding: string; bytes: number } | undefined {
  if (sample[0] === 0xef && sample[1] === 0xbb && sample[2] === 0xbf) {
    return { encoding: 'utf-8', bytes: 3 };
  }
  if (sample[0] === 0xff && sample[1] === 0xfe) return { encoding: 'utf-16le', bytes: 2 };
  if (sample[0] === 0xfe && sample[1] === 0xff) return { encoding: 'utf-16be', bytes: 2 };
  return undefined;
}

/** In UTF-16 the ASCII characters, of which every CSV has many, have a NUL on the same side. */
function utf16WithoutMark(sample: Buffer): string | undefined {
  const bytes = Math.min(sample.length, 8192) & ~1;
  let even = 0;
  let odd = 0;
  for (let at = 0; at < bytes; at += 2) {
    if (sample[at] === 0) even++;
    if (sample[at + 1] === 0) odd++;
  }
  const enough = Math.max(2, bytes * 0.05);
  if (odd >= enough && even <= odd * 0.05) return 'utf-16le';
  if (even >= enough && odd <= even * 0.05) return 'utf-16be';
  return undefined;
}

/** Without the character that the end of the sample may have cut in two. */
function wholeCharacters(sample: Buffer): Buffer {
  for (let back = 1; back <= Math.min(3, sample.length); back++) {
    const byte = sample[sample.length - back] as number;
    if (byte < 0x80) return sample;
    if (byte >= 0xc0) return sample.subarray(0, sample.length - back);
  }
  return sample;
}

const MULTI_BYTE = /^(shift_jis|gbk|gb18030|big5|euc-jp|euc-kr)$/;

async function guess(sample: Buffer, isWhole: boolean): Promise<string> {
  // A few odd bytes in what else is UTF-8 are faults of single rows, not another encoding.
  if (isMostlyUtf8(sample)) return 'utf-8';
  const single = guessSingleByte(sample);
  if (single.share >= 0.95) return single.encoding;
  const multi = guessMultiByte(sample, isWhole);
  if (multi !== undefined) return multi;
  // Where a byte is wrong in whatever encoding; loaded only here, because most files need not wait for it.
  const { analyse } = await import('chardet');
  const [best] = analyse(sample);
  const name = best?.name.toLowerCase() ?? '';
  return best !== undefined && best.confidence >= 40 && MULTI_BYTE.test(name)
    ? name
    : single.encoding;
}

/** Seven bits with escapes, in which Japanese mail is written; no text of ASCII has these. */
function isIso2022(sample: Buffer): boolean {
  return (
    (sample.includes('\x1B$B') || sample.includes('\x1B$@')) && !sample.some((byte) => byte >= 0x80)
  );
}

function isMostlyUtf8(sample: Buffer): boolean {
  let sequences = 0;
  let faults = 0;
  for (let at = 0; at < sample.length;) {
    const lead = sample[at] as number;
    if (lead < 0x80) {
      at++;
      continue;
    }
    const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (isUtf8(sample.subarray(at, at + length))) {
      sequences++;
      at += length;
    } else {
      faults++;
      at++;
    }
  }
  return sequences >= 2 && faults * 2 <= sequences;
}
