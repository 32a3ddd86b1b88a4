import { tidy } from '../plain-text.ts';

/** Small words inside a family name, lower-case between other words. */
const PARTICLES = new Set(
  `van von vom der den des de del della di da das do dos du la las le los zu zum zur
  ter ten te af av bin ibn und et`.split(/\s+/),
);
/** Those that also begin a family name in lower case; `Le`, `Di` or `Da` at the start are often names. */
const LEADING_PARTICLES = new Set(['van', 'von', 'vom', 'ter', 'ten', 'zu', 'zum', 'zur']);
const ROMAN_NUMERAL = /^(?:II|III|IV|VI|VII|VIII|IX)$/;
/** Where a new capital begins inside a word: O'Neil, Jean-Pierre, J.P. */
const WORD_PARTS = /[^\-–'’ʼ.]+|[-–'’ʼ.]+/g;

/**
 * Tidies a person's name. Spaces are collapsed; a name all in capitals or all in small letters gets
 * ordinary ones. Mixed case is taken as meant (McDonald, van der Berg, DeShawn), and scripts without
 * case are left as they are. `country` (ISO-2) decides about the Turkish dotless i and the Dutch IJ.
 */
export function cleanName(cell: string, country?: string): string {
  const name = tidy(cell)
    .replace(/^[,;"]+ */, '')
    .replace(/ *[,;"]+$/, '');
  if (!/[\p{L}\p{N}]/u.test(name)) return '';
  if (!isOneCase(name)) return name;
  const locale = country === 'TR' || country === 'AZ' ? 'tr' : 'en';
  const words = name.split(' ');
  const isCapitals = name === name.toLocaleUpperCase(locale);
  return words
    .map((word, index) => {
      const small = word.toLocaleLowerCase(locale);
      const isLast = index === words.length - 1;
      if (!isLast && PARTICLES.has(small)) {
        const isLeading = words
          .slice(0, index + 1)
          .every((before) => isLeadingParticle(before, locale));
        if (index > 0 || isLeading) return small;
      }
      if (isCapitals && (ROMAN_NUMERAL.test(word) || isInitials(word))) return word;
      return capitalised(small, { locale, country });
    })
    .join(' ');
}

function isLeadingParticle(word: string, locale: string): boolean {
  return LEADING_PARTICLES.has(word.toLocaleLowerCase(locale));
}

/** All capitals or all small, with at least two letters that have case: `J` alone says nothing. */
function isOneCase(name: string): boolean {
  const letters = name.match(/\p{Lu}|\p{Ll}|\p{Lt}/gu);
  if (letters === null || letters.length < 2) return letters !== null && /^\p{Ll}$/u.test(name);
  const capitals = letters.filter((letter) => /\p{Lu}/u.test(letter)).length;
  return capitals === 0 || capitals === letters.length;
}

/** `JP`, `DJ`: two capitals that cannot be spoken. Ng can: it is a family name. */
function isInitials(word: string): boolean {
  return /^[B-DF-HJ-NP-TV-XZ]{2}$/.test(word) && word !== 'NG' && word !== 'JR' && word !== 'DR';
}

function capitalised(
  small: string,
  { locale, country }: { locale: string; country: string | undefined },
): string {
  const parts = small.match(WORD_PARTS) ?? [small];
  return parts
    .map((part, index) => {
      // A short end behind an apostrophe is a suffix: D'Angelo, but Anna's.
      const follows = index > 0 && /['’ʼ]$/.test(parts[index - 1] ?? '');
      if (follows && part.length === 1) return part;
      if (/^mc\p{L}{3,}/u.test(part)) {
        return `Mc${part.charAt(2).toLocaleUpperCase(locale)}${part.slice(3)}`;
      }
      if ((country === 'NL' || country === 'BE') && part.startsWith('ij'))
        return `IJ${part.slice(2)}`;
      const first = String.fromCodePoint(part.codePointAt(0) ?? 0);
      return first.toLocaleUpperCase(locale) + part.slice(first.length);
    })
    .join('');
}
