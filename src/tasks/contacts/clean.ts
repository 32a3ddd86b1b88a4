import { defineTask, fail, write, type Outcome } from '../../index.ts';
import { anything } from '../../verifiers.ts';
import { saysNothing, tidy } from '../plain-text.ts';
import { ArgumentFault, choice, taskArguments, type Argument } from '../task-arguments.ts';
import { countryCode } from './country.ts';
import { CONTACT_ALIASES } from './column-aliases.ts';
import { cleanableEmail } from './email.ts';
import { cleanName } from './person-name.ts';
import { cleanPhone, type PhoneLibrary } from './phone.ts';

const DOC = `
Gives the file back ready to import: the same columns in the same order, with clean cells. The column
\`changed\` names what was changed in a row, so that a filter shows it. A row that cannot be cleaned fails
with the reason; its cells stay as they were.

- **email**: spaces, invisible characters, \`mailto:\`, a name with \`<…>\` around the address and a comma
  for a dot are taken off; the domain becomes lower case. What is still no address fails.
- **name**, **first_name**, **last_name**: spaces are collapsed; \`ADA LOVELACE\` and \`ada lovelace\` become
  \`Ada Lovelace\`. Mixed case is taken as meant: \`McDonald\`, \`van der Berg\`, \`O'Neil\` stay.
- **phone**, **mobile**: become E.164 such as \`+33612345678\`. A number without a prefix is read as one of
  the row's \`country\`, or else of \`default_country\`.
- **country**: a name in 31 languages or a code becomes ISO-2: \`Deutschland\`, \`Germany\`, \`DEU\` → \`DE\`.

A cell such as \`-\`, \`n/a\` or \`k.A.\` in an optional column is emptied. What a file has beside these
columns stays as it is; a column \`changed\` that it has already is written anew.

    rowmill run contacts/clean contacts.csv -o clean.csv --arg default_country=FR
    rowmill run contacts/clean contacts.csv -o clean.csv --arg when_invalid=keep
`;

const country: Argument<string | undefined> = {
  schema: {
    type: 'string',
    description: 'Country of phone numbers in rows that name none: a code or a name, such as FR.',
  },
  isRequired: false,
  read(given) {
    if (given === undefined || given === '') return undefined;
    const code = typeof given === 'string' ? countryCode(given) : undefined;
    if (code === undefined) throw new ArgumentFault('is not a country, such as FR or France');
    return code;
  },
};

export const clean = defineTask({
  category: 'contacts',
  action: 'clean',
  description: 'Clean e-mail addresses, names, phone numbers and countries of contacts',
  doc: DOC.trim(),
  mandatory: { email: cleanableEmail },
  optional: {
    name: anything,
    first_name: anything,
    last_name: anything,
    phone: anything,
    mobile: anything,
    country: anything,
  },
  aliases: CONTACT_ALIASES,
  output: ['changed'],
  arguments: taskArguments({
    default_country: country,
    when_invalid: choice(
      'What becomes of a row whose phone or country is wrong: it fails, the cell is kept, or the cell is emptied. A wrong e-mail address always fails.',
      ['fail', 'keep', 'empty'],
    ),
    names: choice('ADA and ada become Ada; `keep` leaves the case of names alone.', [
      'recase',
      'keep',
    ]),
  }),
  dryRun: true,
  open: (): Promise<PhoneLibrary> => import('libphonenumber-js/max'),
  row(row, _state, { arguments: settings, opened: phones }) {
    const cells: Record<string, string> = {};
    const changes: string[] = [];
    const put = (column: string, written: string, clean: string): void => {
      if (clean === written) return;
      cells[column] = clean;
      changes.push(column);
    };
    put('email', row.email.written, row.email.email);

    let home = settings.default_country;
    if (row.country !== undefined) {
      const written = tidy(row.country);
      const code = countryCode(written);
      if (code !== undefined) home = code;
      const found = code ?? fallback(written, settings.when_invalid);
      if (found === undefined) return refused('country', row.country, 'is no country name or code');
      put('country', row.country, found);
    }
    for (const column of ['name', 'first_name', 'last_name'] as const) {
      const written = row[column];
      if (written !== undefined) {
        put(column, written, settings.names === 'keep' ? tidy(written) : cleanName(written, home));
      }
    }
    for (const column of ['phone', 'mobile'] as const) {
      const written = row[column];
      if (written === undefined) continue;
      if (saysNothing(tidy(written))) {
        put(column, written, '');
        continue;
      }
      const { phone, note, reason } = cleanPhone(written, home, phones);
      const found = phone ?? fallback(written, settings.when_invalid);
      if (found === undefined) return refused(column, written, reason ?? 'is not valid');
      put(column, written, found);
      if (note !== undefined) changes.push(note);
    }
    return changes.length === 0 ? write({}) : write({ ...cells, changed: changes.join(', ') });
  },
  examples: [
    {
      title: 'capitals, spaces and a number of the country',
      row: {
        email: ' Ada.Lovelace@Example.COM ',
        name: 'ADA  LOVELACE',
        phone: '020 7946 0958',
        country: 'United Kingdom',
      },
      outcome: write({
        email: 'Ada.Lovelace@example.com',
        name: 'Ada Lovelace',
        phone: '+442079460958',
        country: 'GB',
        changed: 'email, country, name, phone',
      }),
    },
    {
      title: 'already clean',
      row: { email: 'grace@example.com', name: 'Grace van der Berg', phone: '+33612345678' },
      outcome: write({}),
    },
    {
      title: 'a name around the address, a French number without a prefix',
      row: {
        email: 'Zoé Lefèvre <zoe@example.fr>',
        mobile: '06.12.34.56.78',
        last_name: 'LEFÈVRE',
      },
      arguments: { default_country: 'France' },
      outcome: write({
        email: 'zoe@example.fr',
        last_name: 'Lefèvre',
        mobile: '+33612345678',
        changed: 'email, last_name, mobile',
      }),
    },
    {
      title: 'no address',
      row: { email: 'grace.example.com' },
      outcome: fail({
        column: 'email',
        value: 'grace.example.com',
        message: 'is not an e-mail address: it has no @',
      }),
    },
    {
      title: 'a number that is too short',
      row: { email: 'alan@example.com', phone: '06 12 34', country: 'FR' },
      outcome: fail({
        column: 'phone',
        value: '06 12 34',
        message: 'is too short for a phone number of FR',
      }),
    },
  ],
});

/** What stands in a cell that cannot be cleaned; undefined when the row fails. */
function fallback(written: string, whenInvalid: 'fail' | 'keep' | 'empty'): string | undefined {
  if (saysNothing(written)) return '';
  if (whenInvalid === 'fail') return undefined;
  return whenInvalid === 'keep' ? written : '';
}

function refused(column: string, value: string, message: string): Outcome<never, never> {
  return fail({ column, value, code: 'invalid', message });
}
