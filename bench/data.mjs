import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

export const DATA_FOLDER = fileURLToPath(new URL('data/', import.meta.url));
const SEED = 20_260_731;
/** Part of the file name: a file of an older recipe is not taken for one of this. */
const RECIPE = 1;
const ROWS_PER_WRITE = 2_000;

export const HEADER = 'id,name,email,phone,amount,currency,city,created_at,note';

const FIRST = [
  'Zoë',
  'Jürgen',
  'Anna',
  'José',
  'Łukasz',
  'Mary',
  'Søren',
  'Chloé',
  'Tom',
  'Nadia',
  '美咲',
  'Ivan',
  'Ὀδυσσεύς',
  'Fatma',
  'Olga',
  'Peter',
];
const LAST = [
  'Müller',
  'García',
  'O’Neill',
  'Smith',
  'Dvořák',
  'Nguyễn',
  'Sørensen',
  'Kowalska',
  'Jones',
  'Öztürk',
  '佐藤',
  'Martin',
  'Rossi',
  'Silva',
  'Brown',
  'Weiß',
];
const CITIES = [
  'Zürich',
  'São Paulo',
  'Berlin',
  'Kraków',
  'Paris',
  'New York',
  'Malmö',
  'İzmir',
  'Lyon',
  'Madrid',
];
const DOMAINS = ['example.com', 'mail.example.org', 'firma.example.net', 'shop.example.co.uk'];
const CURRENCIES = ['EUR', 'USD', 'CHF', 'PLN'];
const NOTES = [
  '',
  'paid by card',
  'called twice; wants an invoice',
  'new customer',
  'moved house in spring',
  'prefers e-mail',
];
const QUOTED_NOTES = [
  '"said ""call again"", then hung up"',
  '"second floor, left door"',
  '"wants size 12"", not 10"""',
  '"Monday, Tuesday or Friday"',
];

/** Makes the file with so many rows where it is not there yet. Gives its path. */
export async function dataFile(rows) {
  mkdirSync(DATA_FOLDER, { recursive: true });
  const path = join(DATA_FOLDER, `people-${rows}-v${RECIPE}.csv`);
  if (existsSync(path)) return path;
  process.stderr.write(`making ${path}\n`);
  const part = `${path}.part`;
  const file = createWriteStream(part);
  const random = randomOf(SEED);
  file.write(`${HEADER}\n`);
  for (let row = 1; row <= rows;) {
    let text = '';
    const end = Math.min(rows, row + ROWS_PER_WRITE - 1);
    for (; row <= end; row += 1) text += recordText(row, random);
    if (!file.write(text)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'close');
  renameSync(part, path);
  return path;
}

/**
 * One record: a third are quoted in one cell, 3 in 100 have one wrong cell. Nothing is quoted without
 * need, so that writers which quote anew give the same bytes as one that copies.
 */
function recordText(row, random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const first = pick(FIRST);
  const last = pick(LAST);
  const quoting = random() * 6;
  const name = quoting < 1 ? `"${last}, ${first}"` : `${first} ${last}`;
  const note = quoting >= 1 && quoting < 2 ? pick(QUOTED_NOTES) : pick(NOTES);
  const fault = random() * 100;
  const email = `user${row}.${Math.floor(random() * 1_000)}${fault < 1 ? '@@' : '@'}${pick(DOMAINS)}`;
  const digits = String(100_000_000 + Math.floor(random() * 900_000_000));
  const phone = fault >= 1 && fault < 2 ? `0${digits}` : random() < 0.1 ? '' : `+33${digits}`;
  const amount = (random() * 10_000).toFixed(2);
  const wrongAmount = fault >= 2 && fault < 3 ? `${amount} EUR` : amount;
  const day = String(1 + Math.floor(random() * 28)).padStart(2, '0');
  const month = String(1 + Math.floor(random() * 12)).padStart(2, '0');
  const created = `20${10 + Math.floor(random() * 16)}-${month}-${day}`;
  return `${row},${name},${email},${phone},${wrongAmount},${pick(CURRENCIES)},${pick(CITIES)},${created},${note}\n`;
}

/** mulberry32: small, fast and the same everywhere. */
function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}
