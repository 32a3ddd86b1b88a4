import { singleByteTable } from './single-byte-table.ts';

const WEST = ['windows-1252', 'iso-8859-15', 'macintosh', 'ibm850'];
const CENTRAL = ['windows-1250', 'iso-8859-2', 'ibm852'];
const CYRILLIC = ['windows-1251', 'koi8-r', 'ibm866', 'iso-8859-5', 'x-mac-cyrillic'];

/** The letters beyond ASCII with which a language is written, and the encodings it is written in. */
const LANGUAGES: readonly { readonly encodings: readonly string[]; readonly letters: string }[] = [
  { encodings: WEST, letters: 'äöüß' },
  { encodings: WEST, letters: 'àâæçéèêëîïôœùûüÿ' },
  { encodings: WEST, letters: 'áéíñóúü¿¡ºª' },
  { encodings: WEST, letters: 'ãõáâàçéêíóôúü' },
  { encodings: WEST, letters: 'àèéìíòóùú' },
  { encodings: WEST, letters: 'åäöæøéü' },
  { encodings: WEST, letters: 'ëïéèóöüêâ' },
  { encodings: WEST, letters: 'áéíóúýðþæö' },
  { encodings: CENTRAL, letters: 'ąćęłńóśźż' },
  { encodings: CENTRAL, letters: 'áčďéěíňóřšťúůýžäöü' },
  { encodings: CENTRAL, letters: 'áäčďéíĺľňóôŕšťúýž' },
  { encodings: CENTRAL, letters: 'áéíóöőúüű' },
  { encodings: CENTRAL, letters: 'čćđšž' },
  { encodings: CENTRAL, letters: 'ăâîşţșț' },
  { encodings: ['windows-1254', 'iso-8859-9'], letters: 'çğıöşüâîû' },
  { encodings: ['windows-1257', 'iso-8859-13'], letters: 'ąčęėįšųūž' },
  { encodings: ['windows-1257', 'iso-8859-13'], letters: 'āčēģīķļņšūž' },
  { encodings: CYRILLIC, letters: 'абвгдеёжзийклмнопрстуфхцчшщъыьэюя' },
  { encodings: ['windows-1251', 'koi8-u'], letters: 'абвгґдеєжзиіїйклмнопрстуфхцчшщьюя' },
  { encodings: ['windows-1251'], letters: 'абвгдђежзијклљмнњопрстћуфхцчџшќѓѕ' },
  { encodings: ['windows-1253', 'iso-8859-7'], letters: 'αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ' },
  { encodings: ['windows-1255', 'iso-8859-8'], letters: 'אבגדהוזחטיךכלםמןנסעףפץצקרשת' },
  { encodings: ['windows-1256', 'iso-8859-6'], letters: 'ابتثجحخدذرزسشصضطظعغفقكلمنهويىةأإآءؤئ' },
  { encodings: ['windows-874'], letters: 'กขคงจฉชซญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮะาิีึืุูเแโใไำ่้๊๋์ัๆ' },
];

/** What stands in texts of any language. */
const SYMBOLS = '€£§°–—‘’“”„…•™®©«»´·²³½¼¾µ±×\u00A0';
/** Signs before which no letter stands, and those behind which none does. */
const OPENING = '“‘„«•©';
const CLOSING = '”»…™®²³';
/** Encodings of machines that few files come from any more: only where the others make less sense. */
const RARE = /^(?:macintosh|ibm85\d)$/;
const RARE_FACTOR = 0.85;
/** Where one alphabet fills several encodings, the letters that are frequent in it decide. */
const FREQUENT = new Set('оеаинтсрвлкмαοιετσνηυρπκיוהלאתרםמש');

/**
 * The single-byte encoding in which a sample makes sense: the one in which most of its bytes beyond
 * ASCII are letters of one language, in the right case. Western comes first where several do.
 */
export function guessSingleByte(sample: Buffer): {
  readonly encoding: string;
  readonly share: number;
} {
  let best = { encoding: 'windows-1252', share: -1 };
  for (const { encodings, letters } of LANGUAGES) {
    const expected = new Set(letters + letters.toUpperCase() + (letters.includes('ı') ? 'İI' : ''));
    for (const encoding of encodings) {
      const sense = shareOfSense(sample, singleByteTable(encoding), expected);
      const share = RARE.test(encoding) ? sense * RARE_FACTOR : sense;
      if (share > best.share + 1e-9) best = { encoding, share };
    }
  }
  return best;
}

function shareOfSense(
  sample: Buffer,
  characters: readonly string[],
  expected: ReadonlySet<string>,
): number {
  let sum = 0;
  let count = 0;
  for (const [at, byte] of sample.entries()) {
    if (byte < 0x80) continue;
    count++;
    const before = at === 0 ? ' ' : (characters[sample[at - 1] as number] as string);
    const after = characters[sample[at + 1] ?? 0] as string;
    sum += senseOf(characters[byte] as string, { before, after }, expected);
  }
  return count === 0 ? 0 : sum / count;
}

function isAsciiLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

function senseOf(
  character: string,
  place: { readonly before: string; readonly after: string },
  expected: ReadonlySet<string>,
): number {
  const { before, after } = place;
  if (character.length > 1) return -2;
  if (!expected.has(character)) {
    if (!SYMBOLS.includes(character)) return -0.5;
    const isBehindLetter = /\p{L}/u.test(before);
    const isBeforeLetter = /\p{L}/u.test(after);
    if ('’´'.includes(character)) return isBeforeLetter && !isBehindLetter ? 0.2 : 0.9;
    if (OPENING.includes(character)) return isBehindLetter ? 0.2 : 0.9;
    if (CLOSING.includes(character)) return isBeforeLetter ? 0.2 : 0.9;
    return isBehindLetter || isBeforeLetter ? 0.2 : 0.9;
  }
  const isUpper = character !== character.toLowerCase();
  const isBehindLower = before !== before.toUpperCase() && before === before.toLowerCase();
  if (isUpper && isBehindLower) return -0.5;
  const isCased = character.toLowerCase() !== character.toUpperCase();
  const isLatin = /\p{Script=Latin}/u.test(character);
  // A letter that stands alone may be any sign: `£5`, `5 €`.
  const isAlone = !/\p{L}/u.test(before) && !/\p{L}/u.test(after);
  if (isLatin) return isAlone ? 0.5 : 1;
  // No word is written in two alphabets.
  if (isAsciiLetter(after.charCodeAt(0)) || isAsciiLetter(before.charCodeAt(0))) return -1;
  if (isAlone) return 0;
  return FREQUENT.has(isCased ? character.toLowerCase() : character) ? 1.3 : 0.8;
}
