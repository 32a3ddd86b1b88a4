import { shareOfFrequent } from './frequent-characters.ts';

/** An encoding of two bytes for a character, and where its common characters lie. */
interface MultiByte {
  readonly encoding: string;
  /** First bytes of the characters that texts are made of: the first level of kanji and hanzi, syllables of Hangul. */
  readonly common: readonly [number, number];
  /** First bytes of kana, signs and full-width letters. */
  readonly signs: readonly [number, number];
}

const ENCODINGS: readonly MultiByte[] = [
  { encoding: 'shift_jis', common: [0x88, 0x97], signs: [0x81, 0x83] },
  { encoding: 'euc-jp', common: [0xb0, 0xcf], signs: [0xa1, 0xa5] },
  { encoding: 'gb18030', common: [0xb0, 0xd7], signs: [0xa1, 0xa3] },
  { encoding: 'big5', common: [0xa4, 0xc6], signs: [0xa1, 0xa3] },
  { encoding: 'euc-kr', common: [0xb0, 0xc8], signs: [0xa1, 0xa3] },
];

interface Worth {
  /** How common the characters are, by where they lie: 0 to 1. */
  readonly share: number;
  /** Characters beyond ASCII that follow one another, in the mean. */
  readonly run: number;
}

/** Characters that are less common than this are chance. */
const MIN_SHARE = 0.85;
/** Words of these scripts are not single characters; a letter and the one behind it can look like one. */
const MIN_RUN = 1.5;
/** Beyond this the sample says enough. */
const MAX_BYTES = 262_144;

/**
 * The encoding of several bytes in which every byte of a sample is read and its characters are common
 * ones, if there is one.
 */
export function guessMultiByte(bytes: Buffer, isWhole: boolean): string | undefined {
  const sample = bytes.subarray(0, MAX_BYTES);
  let best: string | undefined;
  let most = 0;
  for (const how of ENCODINGS) {
    const text = decoded(sample, how.encoding, isWhole && sample.length === bytes.length);
    if (text === undefined) continue;
    const { share, run } = worth(sample, how);
    if (share < MIN_SHARE || run < MIN_RUN) continue;
    // Where several encodings share their bytes, the characters that are frequent in a language decide.
    const score = share + shareOfFrequent(text, how.encoding);
    if (score > most) {
      most = score;
      best = how.encoding;
    }
  }
  return best;
}

/** Undefined: there are bytes that the encoding does not have. */
function decoded(sample: Buffer, encoding: string, isWhole: boolean): string | undefined {
  // The end of the sample may have cut a character in two.
  for (let cut = 0; cut <= (isWhole ? 0 : 3); cut++) {
    try {
      const decoder = new TextDecoder(encoding, { fatal: true });
      return decoder.decode(sample.subarray(0, sample.length - cut));
    } catch {
      // The next shorter one may end at a character.
    }
  }
  return undefined;
}

function worth(sample: Buffer, { encoding, common, signs }: MultiByte): Worth {
  let characters = 0;
  let runs = 0;
  let sum = 0;
  let end = -1;
  for (let at = 0; at < sample.length;) {
    const lead = sample[at] as number;
    if (lead < 0x80) {
      at++;
      continue;
    }
    if (at !== end) runs++;
    characters++;
    if (encoding === 'shift_jis' && lead >= 0xa1 && lead <= 0xdf) {
      sum += kanaWorth(lead, at === end ? (sample[at - 1] as number) : 0);
      end = ++at;
      continue;
    }
    const isThree = encoding === 'euc-jp' && lead === 0x8f;
    const trail = sample[at + 1] ?? 0;
    if (lead >= common[0] && lead <= common[1])
      sum += trail < 0x40 ? 0 : isRare(encoding, trail) ? 0.4 : 1;
    else if (lead >= signs[0] && lead <= signs[1]) sum += 0.9;
    else sum += isThree ? 0 : 0.3;
    at += isThree ? 3 : trail < 0x40 ? 4 : 2;
    end = at;
  }
  return characters === 0
    ? { share: 0, run: 0 }
    : { share: sum / characters, run: characters / runs };
}

/** Second bytes that the national standards do not have, only their extensions. */
function isRare(encoding: string, trail: number): boolean {
  return (encoding === 'gb18030' || encoding === 'euc-kr') && trail < 0xa1;
}

/** Half-width katakana: a mark of sound stands behind what can have it, small ones and a bar begin no word. */
function kanaWorth(kana: number, before: number): number {
  const isBar = kana === 0xb0 || (kana >= 0xa7 && kana <= 0xaf);
  if (kana === 0xde)
    return (before >= 0xb6 && before <= 0xc4) ||
      (before >= 0xca && before <= 0xce) ||
      before === 0xb3
      ? 1
      : -2;
  if (kana === 0xdf) return before >= 0xca && before <= 0xce ? 1 : -2;
  if (isBar) return before === 0 ? -1 : 0.9;
  return kana < 0xa6 ? 0.3 : 0.9;
}
