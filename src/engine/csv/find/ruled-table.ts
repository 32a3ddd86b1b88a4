/** Lines of a sample that say whether it is a table drawn with lines. */
const SAMPLE_LINES = 200;
/** The header stands at most so far down. */
const HEADER_LINES = 12;
/** A line that is longer is no line of such a table, and passed on in pieces. */
const MAX_LINE = 1 << 20;

const BYTE_ORDER_MARK = /^(?:\xEF\xBB\xBF)+/;
const COUNT = /^\(?\d+ rows?(?: affected)?\)?$|^\d+ rows? in set\b/i;

/**
 * Whether a sample is a table drawn with lines, as psql, MySQL, SAP and Markdown write them: bars
 * between the cells, a line of dashes at the header, and as many bars in each row.
 */
export function isRuledTable(sample: Buffer, isWhole: boolean): boolean {
  const text = sample.toString('latin1').replace(BYTE_ORDER_MARK, '');
  const lines = text.split(/\r?\n/, SAMPLE_LINES);
  if (!isWhole && lines.length < SAMPLE_LINES) lines.pop();
  const first = lines.findIndex(isRule);
  if (first < 0 || first > HEADER_LINES) return false;
  const isAbove = first > 0 && barsOf(lines[first - 1]) > 0;
  const top = isAbove ? first - 1 : first + 1;
  const header = lines[top] ?? '';
  const rule = lines[top + 1] ?? '';
  const bars = barsOf(header);
  const isDrawn = isRule(rule) && (/[+|]/.test(rule) || isFramed(header));
  if (bars === 0 || !isDrawn || !/[A-Za-z\x80-\xFF]/.test(header)) return false;
  const body = lines.slice(top + 2).filter((line) => !isRule(line));
  const end = body.findIndex((line) => barsOf(line) === 0);
  const rows = end < 0 ? body : body.slice(0, end);
  return rows.length > 0 && rows.every((row) => barsOf(row) === bars);
}

/**
 * Turns a drawn table into one with bars between its cells and nothing else. Each line stays on its
 * line: where one of dashes or a count of rows was, it is blank. The encoding stays as it is.
 */
export async function* withoutRules(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  let rest = '';
  let hasFrame: boolean | undefined;
  let isFirst = true;
  const plain = (given: string) => {
    const line = isFirst ? given.replace(BYTE_ORDER_MARK, '') : given;
    isFirst = false;
    if (isRule(line) || COUNT.test(trim(line))) return '';
    if (barsOf(line) === 0) return line;
    hasFrame ??= isFramed(line);
    return cellsOf(line, hasFrame).map(quoted).join('|');
  };
  for await (const chunk of chunks) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    let text = lines.map((line) => `${plain(line.replace(/\r$/, ''))}\n`).join('');
    if (rest.length > MAX_LINE) {
      text += rest;
      rest = '';
    }
    if (text !== '') yield Buffer.from(text, 'latin1');
  }
  if (rest !== '') yield Buffer.from(plain(rest), 'latin1');
}

function isRule(line: string): boolean {
  return /^[ \t|+:=-]+$/.test(line) && /[-=]{2}/.test(line);
}

function barsOf(line = ''): number {
  return line.match(/(?<!\\)\|/g)?.length ?? 0;
}

function isFramed(line: string): boolean {
  return /^[ \t]*\|.*\|[ \t]*$/.test(line);
}

function cellsOf(line: string, hasFrame: boolean): string[] {
  const inner = hasFrame && isFramed(line) ? trim(line).slice(1, -1) : line;
  return inner.split(/(?<!\\)\|/).map((cell) => trim(cell).replaceAll('\\|', '|'));
}

/** Blanks only: what else `trim` takes are parts of letters here, where bytes are shown as latin1. */
function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}

function quoted(cell: string): string {
  return /["|]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
