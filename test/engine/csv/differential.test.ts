import { parse } from 'csv-parse/sync';
import { array, assert, asyncProperty, constantFrom } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nastyInputs } from './nasty-inputs.ts';
import { memorySource, readAll, splitSource, tableOf, type ReadRecord } from './memory-source.ts';

/**
 * csv-parse is the oracle of every input on which it does not throw. The differences that are
 * wanted, each with its reason: such inputs are compared by the cells that are given here instead.
 */
const WANTED_DIFFERENCES: readonly {
  readonly reason: string;
  readonly applies: (input: string) => boolean;
}[] = [
  {
    reason:
      'csv-parse takes NUL behind a quote for the end of the input and so closes the quote silently; for us NUL is text like any other, and the quotes are kept as with any text behind a closing quote',
    applies: (input) => input.includes('"\0'),
  },
];

/** What csv-parse has to be told to follow the same rules. */
function oracle(input: string): { cells: string[]; bytes: number }[] | undefined {
  const records: { cells: string[]; bytes: number }[] = [];
  try {
    parse(input, {
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      on_record: (record: string[], context) => {
        records.push({ cells: record, bytes: context.bytes });
        return null;
      },
    });
  } catch {
    return undefined;
  }
  return records;
}

async function ours(input: Uint8Array, step: number): Promise<ReadRecord[]> {
  return readAll(memorySource(input, step), tableOf(), { width: 0, blockBytes: 64 });
}

/** Undefined where both agree, otherwise what differs. */
async function disagreement(input: string, splits: 'all' | 'some'): Promise<unknown> {
  const bytes = Buffer.from(input);
  const whole = await ours(bytes, Infinity);
  const expected = oracle(input);
  if (expected === undefined) {
    if (!whole.some((record) => record.problem === 'unclosed_quote')) return { input, whole };
  } else if (!WANTED_DIFFERENCES.some((difference) => difference.applies(input))) {
    const cells = whole.map((record) => record.cells);
    const theirs = expected.map((record) => record.cells);
    if (JSON.stringify(cells) !== JSON.stringify(theirs)) return { input, cells, theirs };
  }
  let at = 0;
  for (const [index, record] of whole.entries()) {
    const line = bytes.toString('latin1', 0, record.byte).split(/\r\n|\n|\r/).length;
    const isBehind = record.byte >= at && record.end >= record.byte;
    if (record.number !== index + 1 || record.line !== line || !isBehind) return { input, record };
    at = record.end;
  }
  const same = JSON.stringify(whole);
  const steps = splits === 'all' ? [1, 2, 3, 5, 7] : [1 + (input.length % 5)];
  for (const step of steps) {
    const stepped = await ours(bytes, step);
    if (JSON.stringify(stepped) !== same) return { input, step, stepped, whole };
  }
  const middle = bytes.length >> 1;
  const points = splits === 'all' ? [...bytes.keys()] : [middle];
  for (const split of points) {
    const source = splitSource(bytes, split);
    const parts = await readAll(source, tableOf(), { width: 0, blockBytes: 64 });
    if (JSON.stringify(parts) !== same) return { input, split, parts, whole };
  }
  return undefined;
}

describe('the plain reader and csv-parse', () => {
  it('agree on generated inputs, whatever the chunk boundaries', async () => {
    const inputs = Number(process.env['FUZZ_INPUTS'] ?? 6000);
    const next = nastyInputs(Number(process.env['FUZZ_SEED'] ?? 20_261));
    const started = performance.now();
    for (let index = 0; index < inputs; index++) {
      const difference = await disagreement(next(), index % 10 === 0 ? 'all' : 'some');
      if (difference !== undefined) expect(difference).toBeUndefined();
    }
    if (inputs >= 100_000) {
      const seconds = Math.round((performance.now() - started) / 1000);
      process.stdout.write(`${inputs} generated inputs agree, ${seconds} s\n`);
    }
  }, 7_200_000);

  it('agree on inputs that fast-check makes and shrinks', async () => {
    const piece = constantFrom('"', ',', '\n', '\r\n', '\r', 'a', ' ', 'ü', '""');
    const text = array(piece, { maxLength: 14 }).map((parts) => parts.join(''));
    await assert(
      asyncProperty(text, async (input) => {
        expect(await disagreement(input, 'all')).toBeUndefined();
      }),
      { numRuns: 400, seed: 7 },
    );
  });

  it('differ where NUL follows a quote, as the table says', async () => {
    expect(oracle('"a"\0b,c')?.map((record) => record.cells)).toEqual([['a\0b', 'c']]);
    const records = await ours(Buffer.from('"a"\0b,c'), Infinity);
    expect(records.map((record) => record.cells)).toEqual([['"a"\0b', 'c']]);
  });
});

describe('the reader of all other dialects', () => {
  const dialects = [
    { delimiter: ', ' },
    { delimiter: '||' },
    { delimiter: '§' },
    { delimiter: ';', escape: '\\' },
    { delimiter: ' ', collapseDelimiters: true },
  ];
  const pieces: readonly string[] = [
    '"',
    '"',
    ',',
    ', ',
    '|',
    '||',
    '§',
    ';',
    ' ',
    '\\',
    '\\"',
    '\n',
    '\r',
    '\r\n',
    'a',
    'é',
  ];
  for (const dialect of dialects) {
    it(`gives the same records at every chunk boundary and from every record: ${JSON.stringify(dialect)}`, async () => {
      const next = nastyInputs(5, pieces);
      const table = tableOf(dialect);
      const options = { width: 0, blockBytes: 16 };
      for (let index = 0; index < 150; index++) {
        const bytes = Buffer.from(next());
        const whole = await readAll(memorySource(bytes), table, options);
        for (let split = 0; split < bytes.length; split++) {
          expect(await readAll(splitSource(bytes, split), table, options)).toEqual(whole);
        }
        for (const [at, record] of whole.entries()) {
          const from = { byte: record.byte, number: record.number, line: record.line };
          expect(await readAll(memorySource(bytes), table, { ...options, from })).toEqual(
            whole.slice(at),
          );
        }
      }
    });
  }
});

describe('positions', () => {
  it('let reading go on from every record and give the same rest', async () => {
    const next = nastyInputs(99);
    for (let index = 0; index < 400; index++) {
      const bytes = Buffer.from(next());
      const whole = await ours(bytes, Infinity);
      for (const [at, record] of whole.entries()) {
        const from = { byte: record.byte, number: record.number, line: record.line };
        const options = { width: 0, blockBytes: 64, from };
        const rest = await readAll(memorySource(bytes), tableOf(), options);
        expect(rest).toEqual(whole.slice(at));
      }
    }
  });
});
