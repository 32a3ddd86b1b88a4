import { stringify } from 'csv-stringify/sync';
import { ApiProblem } from '../problem.ts';

/** Cells written at once, of one record at least. */
const CELLS_AT_ONCE = 100_000;
/** Each record has a cell for each column, also where it has no value for it. */
const MOST_CELLS = 5_000_000;

/** Records as a CSV file: its header are all their keys, in the order in which they appear first. */
export async function* recordsCsv(records: unknown): AsyncGenerator<Buffer> {
  if (!Array.isArray(records)) throw refused('records is no array of objects');
  const header = new Set<string>();
  records.forEach((record: unknown, index) => {
    if (typeof record !== 'object' || record === null || Array.isArray(record)) {
      throw refused(`records.${index} is no object: ${JSON.stringify(record).slice(0, 80)}`);
    }
    for (const name of Object.keys(record)) header.add(name);
  });
  if (header.size === 0) throw refused('records has no record with a column');
  const names = [...header];
  if (names.length * records.length > MOST_CELLS) {
    const message = `records has ${records.length} records with ${names.length} columns in all, which are more than ${MOST_CELLS} cells: records of one file have the same columns`;
    throw new ApiProblem('too_large', message);
  }
  const chunk = Math.ceil(CELLS_AT_ONCE / names.length);
  yield Buffer.from(stringify([names]));
  for (let first = 0; first < records.length; first += chunk) {
    const rows = (records.slice(first, first + chunk) as Readonly<Record<string, unknown>>[]).map(
      (record) => names.map((name) => cellOf(Object.hasOwn(record, name) ? record[name] : '')),
    );
    yield Buffer.from(stringify(rows));
  }
}

/** What is not text is written as JSON writes it; what is not there is an empty cell. */
function cellOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

function refused(message: string): ApiProblem {
  return new ApiProblem('bad_request', message);
}
