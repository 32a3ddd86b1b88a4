import { cellType, isTyped, prevailingType } from './cell-type.ts';
import { sampleRecords, type SampleDialect, type SampleRange } from './sample-records.ts';

/** Records that have to bear a delimiter out. */
const RECORDS = 200;
const RARE_SINGLES = '#/*!%&$^~\x02\x1C\x1D\x1E';
/** What may stand between two names: no letter, digit, blank, quote or sign that names have, and ASCII only. */
const BETWEEN_NAMES = /[!#$%&*+,/:;<=>?@\\^`|~\x01-\x08\x1C-\x1F-]+/g;

/** A delimiter that none of the usual candidates is. */
export interface RareDelimiter {
  readonly dialect: SampleDialect;
  /** It is right only where no usual delimiter cuts the lines at all. */
  readonly isLastResort: boolean;
}

/**
 * A delimiter such as `#` or `|~|` that the header shows: it is all that stands between its names,
 * and every record has as many of them. Anything less is no evidence.
 */
export function rareDelimiter(
  text: string,
  range: SampleRange,
  quoting: Pick<SampleDialect, 'quote' | 'escape'>,
): RareDelimiter | undefined {
  const header = /[^\r\n]+/.exec(text.slice(range.from, range.from + 8192))?.[0] ?? '';
  const between = new Set(header.match(BETWEEN_NAMES));
  const [delimiter = ''] = between;
  const isSingle = delimiter.length === 1;
  if (between.size !== 1 || delimiter.length > 4 || /^-|^([,;:|])\1+$/.test(delimiter))
    return undefined;
  if (isSingle && !RARE_SINGLES.includes(delimiter)) return undefined;
  const names = header.split(delimiter).map((name) => name.trim());
  const areNames = names.every((name) => /[A-Za-z\x80-\xFF]/.test(name) && !isValue(name));
  if (!areNames || new Set(names).size < names.length) return undefined;

  const dialect = { ...quoting, delimiter, collapseDelimiters: false };
  const [, ...rows] = sampleRecords(text, dialect, { ...range, maxRecords: RECORDS });
  const areRows = rows.every(({ cells, isOdd }) => cells.length === names.length && !isOdd);
  if (!areRows || rows.length < (names.length > 2 ? 1 : 3)) return undefined;
  // `2024/01/03`: what is a value as a whole mostly is not cut.
  const values = rows.filter(({ cells }) => isValue(cells.join(delimiter)));
  const hasTypes = names.some((_, column) =>
    isTyped(prevailingType(rows.map(({ cells }) => cells[column] ?? ''))),
  );
  if (isSingle && (!hasTypes || values.length > rows.length / 2)) return undefined;
  return { dialect, isLastResort: isSingle };
}

function isValue(text: string): boolean {
  const type = cellType(text);
  return isTyped(type) && type !== 'id';
}
