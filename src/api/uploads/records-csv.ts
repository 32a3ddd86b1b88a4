import { stringify } from 'csv-stringify/sync';
import { ApiProblem } from '../problem.ts';

/** Records written at once. */
const CHUNK = 1_000;

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
  yield Buffer.from(stringify([names]));
  for (let first = 0; first < records.length; first += CHUNK) {
    const rows = (records.slice(first, first + CHUNK) as Readonly<Record<string, unknown>>[]).map(
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
