// What a Node user writes by hand: csv-parse with columns, a Transform for each row, csv-stringify.
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';
import { stringify } from 'csv-stringify';
import { errorOf } from './rules.mjs';

const [input, output] = process.argv.slice(2);
await pipeline(
  createReadStream(input),
  parse({ columns: true }),
  new Transform({
    objectMode: true,
    transform(row, _encoding, done) {
      row.error = errorOf(row.email, row.phone, row.amount);
      done(null, row);
    },
  }),
  stringify({ header: true }),
  createWriteStream(output),
);
