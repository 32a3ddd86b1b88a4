// Papa Parse as its manual streams a file in Node, and its own unparse for the way out.
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import Papa from 'papaparse';
import { errorOf } from './rules.mjs';

const ROWS_A_PAGE = 1_000;
const [input, output] = process.argv.slice(2);
let isFirst = true;
let page = [];
await pipeline(
  createReadStream(input, 'utf8'),
  Papa.parse(Papa.NODE_STREAM_INPUT, { header: true, skipEmptyLines: true }),
  new Transform({
    writableObjectMode: true,
    transform(row, _encoding, done) {
      row.error = errorOf(row.email, row.phone, row.amount);
      page.push(row);
      done(null, page.length === ROWS_A_PAGE ? written() : undefined);
    },
    flush(done) {
      done(null, page.length === 0 ? undefined : written());
    },
  }),
  createWriteStream(output),
);

function written() {
  const text = `${Papa.unparse(page, { header: isFirst, newline: '\n' })}\n`;
  isFirst = false;
  page = [];
  return text;
}
