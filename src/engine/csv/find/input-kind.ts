import { CsvError } from '../csv-error.ts';

/** What is certainly not CSV, by its first bytes, with what to do about it. */
const SIGNATURES: readonly {
  readonly bytes: string;
  readonly what: string;
  readonly hint: string;
}[] = [
  { bytes: '\x89PNG', what: 'a PNG image', hint: '' },
  { bytes: '\xFF\xD8\xFF', what: 'a JPEG image', hint: '' },
  { bytes: 'GIF8', what: 'a GIF image', hint: '' },
  { bytes: '%PDF', what: 'a PDF document', hint: ': export its table as CSV' },
  {
    bytes: '\xD0\xCF\x11\xE0',
    what: 'an old Excel workbook or Office document',
    hint: ': save it as CSV',
  },
  { bytes: 'PAR1', what: 'a Parquet file', hint: ': export it as CSV' },
  { bytes: 'SQLite format 3', what: 'a SQLite database', hint: ': export a table as CSV' },
  { bytes: '\x7FELF', what: 'a program', hint: '' },
  { bytes: 'BZh', what: 'a bzip2 archive', hint: ': unpack it first' },
  { bytes: '\xFD7zXZ', what: 'an xz archive', hint: ': unpack it first' },
  { bytes: '\x28\xB5\x2F\xFD', what: 'a zstd archive', hint: ': unpack it first' },
  { bytes: '7z\xBC\xAF', what: 'a 7-zip archive', hint: ': unpack it first' },
];

export function isGzip(sample: Uint8Array): boolean {
  return sample[0] === 0x1f && sample[1] === 0x8b;
}

/** Throws where a sample is plainly something other than a table in text. */
export function refuseOtherKinds(sample: Buffer, name: string | undefined): void {
  const head = sample.toString('latin1', 0, Math.min(sample.length, 4096));
  const refuse = (what: string, hint: string, code: 'binary_input' | 'not_csv') => {
    throw new CsvError(code, `this is ${what}, not CSV${hint}`, { place: { name } });
  };
  for (const { bytes, what, hint } of SIGNATURES) {
    if (head.startsWith(bytes)) refuse(what, hint, 'binary_input');
  }
  if (head.startsWith('PK\x03\x04')) {
    if (/\[Content_Types\]\.xml|xl\/|_rels\//.test(head)) {
      refuse('an Excel workbook', ': save it as CSV', 'binary_input');
    }
    if (head.includes('opendocument.spreadsheet')) {
      refuse('an OpenDocument spreadsheet', ': save it as CSV', 'binary_input');
    }
    refuse('a ZIP archive', ': unpack it first', 'binary_input');
  }
  const text = head.replace(/^\xEF\xBB\xBF/, '').trimStart();
  if (/^(<!doctype html|<html|<head|<body|<table)/i.test(text)) {
    refuse('an HTML page', ': download the CSV itself', 'not_csv');
  }
  if (/^<\?xml/i.test(text)) refuse('an XML file', ': export it as CSV', 'not_csv');
  if (/^[[{]/.test(text) && isJson(text)) refuse('JSON', ': convert it to CSV', 'not_csv');
}

/** Throws where the bytes are not text: too many control characters, which no table has. */
export function refuseBinary(sample: Buffer, name: string | undefined): void {
  let controls = 0;
  const bytes = Math.min(sample.length, 8192);
  for (let at = 0; at < bytes; at++) {
    const byte = sample[at] as number;
    // Control-Z fills the end of old text files.
    if (byte < 0x20 && ![9, 10, 12, 13, 0x1a].includes(byte)) controls++;
  }
  if (controls > bytes * 0.3) {
    throw new CsvError('binary_input', 'this is binary data, not CSV', { place: { name } });
  }
}

function isJson(text: string): boolean {
  if (/^\{\s*("([^"\\]|\\.)*"\s*:|\})/.test(text)) return true;
  return /^\[\s*([[{\]]|"([^"\\]|\\.)*"\s*[,\]]|-?\d[\d.eE+-]*\s*[,\]])/.test(text);
}
