/** What a cell looks like. `text` and `word` say nothing; all others are evidence. */
export type CellType =
  | 'empty'
  | 'number'
  | 'money'
  | 'date'
  | 'time'
  | 'datetime'
  | 'email'
  | 'url'
  | 'boolean'
  | 'phone'
  | 'id'
  | 'word'
  | 'text';

const DATE = String.raw`(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}[- ][A-Za-z]{3}[- ]\d{2,4})`;
const TIME = String.raw`\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[APap]\.?[Mm]\.?)?(?:Z| ?[+-]\d{2}:?\d{2})?`;

const PATTERNS: readonly (readonly [CellType, RegExp])[] = [
  ['number', /^[-+]?(?:\d+|\d{1,3}(?:[ ,.'’]\d{3})+)(?:[.,]\d+)?(?:[eE][-+]?\d+)?%?$/],
  ['number', /^[-+]?[.,]\d+$/],
  ['date', new RegExp(`^${DATE}$`)],
  ['time', new RegExp(`^${TIME}$`)],
  ['datetime', new RegExp(`^${DATE}(?:T|,? )${TIME}$`)],
  ['money', /^[-+(]?(?:[$£€¥]|USD|EUR|GBP|CHF|PLN) ?[-+]?\d[\d .,']*\)?$/],
  ['money', /^[-+]?\d[\d .,']* ?(?:[$£€¥]|USD|EUR|GBP|CHF|PLN|zł|Kč|kr)$/],
  ['email', /^[^\s@,;|]+@[^\s@,;|]+\.[a-zA-Z]{2,}$/],
  ['url', /^(?:https?|ftp):\/\/\S+$|^www\.\S+\.\S+$/],
  ['boolean', /^(?:true|false|yes|no|ja|nein|oui|non)$/i],
  ['phone', /^\+?\(?\d[\d ()/.-]{5,}\d$/],
  ['id', /^(?=[^\s]*\d)[A-Za-z0-9][\w./#:-]*$/],
  ['word', /^[\p{L}\p{M}][\p{L}\p{M}\p{N}_.'’-]*$/u],
];

/** Says what a cell looks like. */
export function cellType(text: string): CellType {
  const trimmed = text.trim();
  if (trimmed === '') return 'empty';
  if (trimmed.length > 200) return 'text';
  for (const [type, pattern] of PATTERNS) if (pattern.test(trimmed)) return type;
  return 'text';
}

/** Whether a type is evidence, and not what any word could be. */
export function isTyped(type: CellType): boolean {
  return type !== 'empty' && type !== 'word' && type !== 'text';
}

/** How much a cell speaks for the way in which it was cut out: 0 to 1. */
export function cellWorth(text: string): number {
  const type = cellType(text);
  if (type === 'empty') return 0.5;
  if (isTyped(type)) return 1;
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  if (isQuote(first) || isQuote(last)) return isQuote(first) && isQuote(last) ? 0 : 0.3;
  if (/[;\t|]/.test(text)) return 0.2;
  if (type === 'word') return 0.8;
  return text.includes(',') ? 0.5 : 0.7;
}

function isQuote(code: number): boolean {
  return code === 34 || code === 39;
}

/** The type that most of the cells have that are not empty; `text` where none prevails. */
export function prevailingType(cells: readonly string[]): CellType {
  const counts = new Map<CellType, number>();
  let filled = 0;
  for (const cell of cells) {
    const type = cellType(cell);
    if (type === 'empty') continue;
    filled++;
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  for (const [type, count] of counts) if (count >= filled * 0.7) return type;
  return 'text';
}
