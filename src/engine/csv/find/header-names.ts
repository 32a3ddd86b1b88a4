import type { CsvWarning } from '../csv-table.ts';
import { foldName } from './find-dialect.ts';
import { isRule } from './header-evidence.ts';
import type { TableFinding } from './find-table.ts';
import type { SampleRecord } from './sample-records.ts';

/** The names of the columns and where they come from. */
export interface HeaderNames {
  readonly header: readonly string[];
  /** How the names of several rows were put together; undefined where there is one row. */
  readonly joined: 'joined' | 'one_row' | 'lowest' | undefined;
  readonly isMissing: boolean;
  /** What was amiss with the header and was put right. */
  readonly repaired: string | undefined;
}

/** Names from the header rows: trimmed, several rows joined column by column with a blank. */
export function headerNames(
  records: readonly SampleRecord[],
  finding: TableFinding,
  options: {
    readonly toText: (latin1: string) => string;
    readonly given: readonly string[] | undefined;
    /** The caller said how many rows the header has: all of them are meant. */
    readonly isCounted: boolean;
    readonly expected: ReadonlySet<string>;
  },
): HeaderNames {
  const plain = { joined: undefined, isMissing: false, repaired: undefined };
  if (options.given !== undefined) return { ...plain, header: options.given };
  const { first, headerRows, width } = finding;
  if (headerRows === 0) {
    const header = Array.from({ length: width }, (_, index) => `column_${index + 1}`);
    return { ...plain, header, isMissing: true };
  }
  const all = records.slice(first, first + headerRows);
  const rules = all.filter(isRule).length;
  const rows = all
    .filter((record) => !isRule(record))
    .map((record) => record.cells.map((cell) => options.toText(cell).trim()));
  const [top = []] = rows;
  if (finding.recut !== undefined) {
    const header = finding.recut.map((cell) => options.toText(cell).trim());
    return { ...plain, header, repaired: 'it is written with another delimiter than the rows' };
  }
  if (rows.length > 1) {
    const matching = rows.find((row) => matches(row, options.expected));
    if (matching !== undefined) return { ...plain, header: matching, joined: 'one_row' };
    const lowest = rows.at(-1) as readonly string[];
    const isOwn = lowest.every((name) => name !== '') && new Set(lowest).size === lowest.length;
    // Names of groups are only needed where the names below them are not enough.
    if (!options.isCounted && isOwn && top.includes('')) {
      return { ...plain, header: lowest, joined: 'lowest' };
    }
    return { ...plain, header: joinRows(rows), joined: 'joined' };
  }
  if (rules > 0) {
    return { ...plain, header: top, repaired: 'the line of dashes below it is left out' };
  }
  const surplus = top.length - width;
  const empty = top.filter((name) => name === '').length;
  if (surplus > 0 && empty === surplus && records.length > 2) {
    // As many empty names as there are too many cells: separators that are doubled by mistake.
    const header = top.filter((name) => name !== '');
    const repaired = `it has ${surplus} empty ${surplus === 1 ? 'cell' : 'cells'} more than the rows, left out`;
    return { ...plain, header, repaired };
  }
  return { ...plain, header: top };
}

/** Column by column; the name of a group stands for the columns to its right that have none, and no part twice. */
function joinRows(rows: readonly (readonly string[])[]): string[] {
  const width = Math.max(...rows.map((row) => row.length));
  const lowest = rows.at(-1) ?? [];
  const filled = rows.map((row, level) => {
    if (level === rows.length - 1) return row;
    let group = '';
    return Array.from({ length: width }, (_, column) => {
      const name = row[column] ?? '';
      if (name !== '') group = name;
      else if ((lowest[column] ?? '') === '') group = '';
      return name === '' ? group : name;
    });
  });
  return Array.from({ length: width }, (_, column) =>
    [...new Set(filled.map((row) => row[column] ?? ''))].filter((part) => part !== '').join(' '),
  );
}

function matches(row: readonly string[], expected: ReadonlySet<string>): boolean {
  return expected.size > 0 && row.some((name) => expected.has(foldName(name)));
}

/** Names that appear more than once or are empty, all of them, each with its columns. */
function headerProblems(header: readonly string[]): string[] {
  const columns = new Map<string, number[]>();
  for (const [index, name] of header.entries()) {
    const known = columns.get(name);
    if (known === undefined) columns.set(name, [index + 1]);
    else known.push(index + 1);
  }
  const problems: string[] = [];
  for (const [name, places] of columns) {
    const where = `${places.length === 1 ? 'column' : 'columns'} ${places.join(', ')}`;
    if (name === '') problems.push(`${where}: no name`);
    else if (places.length > 1) problems.push(`${where}: doubled name "${name}"`);
  }
  return problems;
}

/** What a person should hear of the header. */
export function headerWarnings(names: HeaderNames, finding: TableFinding): CsvWarning[] {
  const warnings: CsvWarning[] = [];
  if (names.isMissing) {
    warnings.push({
      code: 'header_missing',
      message: `the first row looks like data: the columns are called column_1 to column_${names.header.length}`,
    });
  }
  if (names.joined !== undefined) {
    const how = {
      joined: 'joined column by column',
      one_row: 'the one with known names is used',
      lowest: 'the lowest names every column and is used',
    }[names.joined];
    warnings.push({ code: 'header_joined', message: `${finding.headerRows} header rows: ${how}` });
  }
  if (names.repaired !== undefined) {
    warnings.push({
      code: 'header_repaired',
      message: `the header is read otherwise than it stands: ${names.repaired}`,
    });
  } else if (names.header.length !== finding.width) {
    warnings.push({
      code: 'header_names',
      message: `the header has ${names.header.length} cells, but most rows have ${finding.width}`,
    });
  }
  const problems = headerProblems(names.header);
  if (problems.length > 0) {
    warnings.push({ code: 'header_names', message: `header: ${problems.join('; ')}` });
  }
  if (finding.repeated > 0) {
    warnings.push({
      code: 'several_tables',
      message: `the header appears ${finding.repeated} more ${finding.repeated === 1 ? 'time' : 'times'} below; these rows are read as records`,
    });
  }
  return warnings;
}
