import { createHash } from 'node:crypto';
import { defineTask, fail, InputRefused, ok, omit, write } from '../../index.ts';
import { findColumn, foldedName, unknownColumns } from '../column-names.ts';
import { tidy } from '../plain-text.ts';
import { choice, names, taskArguments, yesNo } from '../task-arguments.ts';
import { CONTACT_ALIASES } from './column-aliases.ts';
import { cleanEmail } from './email.ts';

const DOC = `
Keeps the first row of each e-mail address. Addresses are compared clean and without case, so that
\`Ada@Example.com\` and \` ada@example.com\` are one. Other columns decide with the argument \`by\`; several
are compared together, without case and outer spaces.

What becomes of a later row is decided by \`duplicates\`:

- \`omit\` (default): it is left out of the output.
- \`mark\`: all rows are kept; the column \`duplicate_of\` has the number of the first row.
- \`fail\`: it fails with the number of the first row, and is in the file of failed rows.

A row without an address (or with all columns of \`by\` empty) fails, unless \`empty\` is \`keep\`.

The keys seen so far are carried from row to row and are in the checkpoint: about 300 MB of memory for a
million addresses. Long keys are carried as a hash of 24 characters.

    rowmill run contacts/dedupe contacts.csv -o unique.csv
    rowmill run contacts/dedupe contacts.csv -o marked.csv --arg duplicates=mark
    rowmill run contacts/dedupe orders.csv -o unique.csv --arg by="customer, order date"
`;

/** Longer keys are carried as a hash: a row of many long cells must not make the state grow. */
const LONGEST_KEY = 32;
/** The names under which contacts/clean finds the column, so that both tasks take the same files. */
const EMAIL_NAMES = new Set(CONTACT_ALIASES.email.map(foldedName));

/** The columns that decide, found once the header is known. */
interface Deciding {
  readonly columns: readonly string[];
  /** The first of them holds e-mail addresses, because no other column was named. */
  readonly isEmail: boolean;
}

export const dedupe = defineTask({
  category: 'contacts',
  action: 'dedupe',
  description: 'Keep the first row of each e-mail address',
  doc: DOC.trim(),
  columns: 'any',
  arguments: taskArguments({
    by: names('Columns that decide; by default the e-mail address.'),
    duplicates: choice('What becomes of a later row.', ['omit', 'mark', 'fail']),
    empty: choice('What becomes of a row without a key.', ['fail', 'keep']),
    exact: yesNo('Compare cells as they are, case and spaces included.', false),
  }),
  output: (settings, header) => {
    decidingColumns(settings.by, header);
    return settings.duplicates === 'mark' ? ['duplicate_of'] : [];
  },
  start: () => ({ firstRows: new Map<string, number>() }),
  open: (run) => decidingColumns(run.arguments.by, run.header),
  row(row, { firstRows }, { arguments: settings, opened: { columns, isEmail }, rowNumber }) {
    const cells = columns.map((column) => {
      const cell = row[column] ?? '';
      if (settings.exact) return cell;
      if (isEmail) return (cleanEmail(cell).email ?? tidy(cell)).toLowerCase();
      return tidy(cell).toLowerCase();
    });
    if (cells.every((cell) => cell === '')) {
      if (settings.empty === 'keep') return ok();
      return fail({ column: columns.join(', '), value: '', code: 'missing', message: 'missing' });
    }
    const key = keyOf(cells);
    const first = firstRows.get(key);
    if (first === undefined) {
      firstRows.set(key, rowNumber);
      return ok();
    }
    if (settings.duplicates === 'mark') return write({ duplicate_of: first });
    if (settings.duplicates === 'omit') return omit();
    return fail({
      column: columns.join(', '),
      value: columns.map((column) => row[column] ?? '').join(', '),
      code: 'duplicate',
      message: `is a duplicate of row ${first}`,
    });
  },
  examples: [
    { row: { email: 'ada@example.com', name: 'Ada' }, outcome: ok() },
    { title: 'the same address again', row: { email: ' Ada@Example.com' }, outcome: omit() },
    {
      title: 'no address',
      row: { email: '', name: 'Bob' },
      outcome: fail({ column: 'email', message: 'missing' }),
    },
    { row: { 'E-Mail': 'ada@example.com' }, arguments: { duplicates: 'mark' }, outcome: ok() },
    {
      title: 'marked instead of left out',
      row: { 'E-Mail': 'ADA@example.com' },
      arguments: { duplicates: 'mark' },
      outcome: write({ duplicate_of: 1 }),
    },
    { row: { name: 'Ada', city: 'Paris' }, arguments: { by: 'name, city' }, outcome: ok() },
    { row: { name: 'Ada', city: 'London' }, arguments: { by: 'name, city' }, outcome: ok() },
    {
      title: 'several columns decide',
      row: { name: 'ada', city: 'PARIS ' },
      arguments: { by: 'name, city' },
      outcome: omit(),
    },
  ],
});

function decidingColumns(by: readonly string[], header: readonly string[]): Deciding {
  if (by.length > 0) {
    const problem = unknownColumns(by, header);
    if (problem !== undefined) throw new InputRefused(problem);
    const columns = by.flatMap((name) => findColumn(name, header) ?? []);
    return { columns: [...new Set(columns)], isEmail: columns.every(isEmailColumn) };
  }
  const column = findColumn('email', header) ?? header.find(isEmailColumn);
  if (column === undefined) {
    throw new InputRefused(
      `no column looks like e-mail addresses: say which decide, --arg by="…"; the file has ${header.map((name) => `"${name}"`).join(', ')}`,
    );
  }
  return { columns: [column], isEmail: true };
}

function isEmailColumn(name: string): boolean {
  const folded = foldedName(name);
  return folded === 'email' || EMAIL_NAMES.has(folded);
}

function keyOf(cells: readonly string[]): string {
  const key = cells.length === 1 ? (cells[0] ?? '') : JSON.stringify(cells);
  if (key.length <= LONGEST_KEY) return key;
  // 144 bits: two of a billion keys are the same with a chance of 1 in 10²⁵. The mark keeps a hash from being taken for a key.
  return `#${createHash('sha256').update(key).digest('base64').slice(0, 24)}`;
}
