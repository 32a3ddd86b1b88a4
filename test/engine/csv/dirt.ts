/**
 * One clean table, and the ways in which real files come to differ from it. Each kind says how the
 * bytes are made and what has to be read from them: by default the clean table itself.
 */
export interface CleanTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Dirt {
  readonly bytes: Uint8Array;
  /** Default: the clean header. */
  readonly header?: readonly string[];
  /** Default: the clean rows. */
  readonly rows?: readonly (readonly string[])[];
  /** Numbers of the records that must carry this problem; all others must carry none. */
  readonly problems?: Readonly<Record<number, string>>;
  /** A warning code that must be among the warnings. */
  readonly warning?: string;
}

export interface DirtKind {
  readonly name: string;
  readonly files: () => Iterable<Dirt>;
  /** What a reader of the documentation should know. */
  readonly note?: string;
}

const HEADER = [
  'date',
  'time',
  'quantity',
  'product_id',
  'price',
  'product',
  'description',
  'page',
  'remarks',
];

const PRODUCTS = [
  'Garden Chair',
  "Men's Rain Jacket",
  'Desk Lamp, Brass',
  'Monitor 27"',
  'Coffee Mill',
  'Hiking Boots, Waterproof',
  'Blanket',
  'Picture Frame 8"x10"',
];
const DESCRIPTIONS = [
  'Light, foldable and made to stay outdoors all summer.',
  "Keeps out wind and rain; doesn't take more room than a fist, yet it's warm.",
  'A warm light for long evenings, with a switch you find in the dark.',
  'Sharp text, calm colours, and a stand that "just works", as one customer said.',
  'Ground to order, from fine to coarse.',
  'For paths that are not paths, in boots that are not heavy.\nResole them when the time comes.',
  'Woven from wool; washes at 30 degrees, dries flat.',
  'Real glass, a stable back, ready to hang or to stand.',
];
const REMARKS = ['', '', 'new', '', 'last one, reorder', '', 'fragile', ''];

/** 48 rows of a shop: dates, numbers, texts with commas, quotes and line breaks, URLs, empty cells. */
export function cleanTable(): CleanTable {
  const rows: string[][] = [];
  for (let row = 0; row < 48; row++) {
    const day = 1 + ((row * 3) % 28);
    const id = `${'ABCDEFGH'[row % 8]}${'KLMNP'[row % 5]}-${4000 + row * 37}`;
    rows.push([
      `${String(day).padStart(2, '0')}/${String(1 + (row % 12)).padStart(2, '0')}/2024`,
      `${String(8 + (row % 12)).padStart(2, '0')}:${row % 2 === 0 ? '00' : '30'}`,
      String((row * 7) % 23),
      id,
      `$${(3 + row * 1.37).toFixed(2)}`,
      PRODUCTS[row % 8] as string,
      DESCRIPTIONS[(row * 3) % 8] as string,
      `https://shop.example.com/p/${id.replace('-', '_')}.html`,
      REMARKS[row % 8] as string,
    ]);
  }
  return { header: HEADER, rows };
}

export interface Style {
  readonly delimiter?: string;
  readonly quote?: string;
  readonly escape?: string;
  readonly lineEnd?: string;
  readonly quoteAll?: boolean;
  /** Quotes each cell that this is true for, and what has to be. */
  readonly quoteWhere?: (cell: string) => boolean;
}

export function formatCell(cell: string, style: Style = {}): string {
  const { delimiter = ',', quote = '"', escape = quote } = style;
  const special = [delimiter, quote, '\n', '\r'].some((part) => part !== '' && cell.includes(part));
  const isLong = cell.length > 40;
  if (quote === '' || !(special || style.quoteAll === true || isLong || style.quoteWhere?.(cell)))
    return cell;
  return quote + cell.replaceAll(quote, escape + quote) + quote;
}

export function formatRow(cells: readonly string[], style: Style = {}): string {
  return cells.map((cell) => formatCell(cell, style)).join(style.delimiter ?? ',');
}

export function formatTable(table: CleanTable, style: Style = {}): string {
  const lineEnd = style.lineEnd ?? '\n';
  return [table.header, ...table.rows].map((row) => formatRow(row, style) + lineEnd).join('');
}

/** Rows that cannot hold line breaks inside cells. */
function oneLined(table: CleanTable): CleanTable {
  const plain = (cell: string) => cell.replaceAll('\n', ' ');
  return { header: table.header, rows: table.rows.map((row) => row.map(plain)) };
}

const utf8 = (text: string) => Buffer.from(text, 'utf8');
const clean = cleanTable();

function lines(table: CleanTable, style: Style = {}): string[] {
  return [table.header, ...table.rows].map((row) => formatRow(row, style));
}

function text(parts: readonly string[], lineEnd = '\n'): Uint8Array {
  return utf8(parts.map((part) => part + lineEnd).join(''));
}

function styled(style: Style, table = clean): () => Dirt[] {
  return () => [{ bytes: utf8(formatTable(table, style)), rows: table.rows }];
}

function prefixed(above: string, extra: Partial<Dirt> = {}): () => Dirt[] {
  return () => [{ bytes: utf8(above + formatTable(clean)), ...extra }];
}

function suffixed(below: string, extra: Partial<Dirt> = {}): () => Dirt[] {
  return () => [{ bytes: utf8(formatTable(clean) + below), warning: 'footer_skipped', ...extra }];
}

/** Every row (0 is the header) and column, the cell at it written otherwise. */
function* everyCell(
  write: (written: string, cell: string) => string,
  read: (cell: string) => string,
  style: Style = {},
): Generator<Dirt> {
  const lineEnd = style.lineEnd ?? '\n';
  const table = [clean.header, ...clean.rows];
  for (const [row, cells] of table.entries()) {
    for (const column of cells.keys()) {
      const out = table.map((other, at) =>
        at === row
          ? other
              .map((cell, index) =>
                index === column ? write(formatCell(cell, style), cell) : formatCell(cell, style),
              )
              .join(style.delimiter ?? ',')
          : formatRow(other, style),
      );
      const wanted = table.map((other, at) =>
        at === row ? other.map((cell, index) => (index === column ? read(cell) : cell)) : other,
      );
      yield { bytes: text(out, lineEnd), header: wanted[0] as string[], rows: wanted.slice(1) };
    }
  }
}

function* eachRow(make: (row: number) => Dirt): Generator<Dirt> {
  for (let row = 0; row < clean.rows.length; row++) yield make(row);
}

function replacedRow(row: number, line: string, style: Style = {}): Uint8Array {
  const all = lines(clean, style);
  all[row + 1] = line;
  return text(all);
}

/** A separator more or less at every place of every data row. */
function* separators(change: 1 | -1): Generator<Dirt> {
  for (const [row, cells] of clean.rows.entries()) {
    for (let column = change === 1 ? 0 : 1; column < cells.length; column++) {
      const written = cells.map((cell) => formatCell(cell));
      let line: string;
      let expected: string[];
      if (change === 1) {
        line = [...written.slice(0, column), '', ...written.slice(column)].join(',');
        expected = [...cells.slice(0, column), '', ...cells.slice(column)];
      } else {
        const left = written[column - 1] as string;
        const right = written[column] as string;
        // Next to a quote the join is another kind of dirt.
        if (left.includes('"') || right.includes('"')) continue;
        line = [...written.slice(0, column - 1), left + right, ...written.slice(column + 1)].join(
          ',',
        );
        expected = [...cells.slice(0, column - 1), left + right, ...cells.slice(column + 1)];
      }
      const rows = clean.rows.map((other, at) => (at === row ? expected : other));
      yield {
        bytes: replacedRow(row, line),
        rows,
        problems: { [row + 1]: change === 1 ? 'too_many_cells' : 'too_few_cells' },
      };
    }
  }
}

function utf16(source: string, options: { big?: boolean; mark?: boolean }): Uint8Array {
  const bytes = Buffer.from((options.mark === true ? '\uFEFF' : '') + source, 'utf16le');
  return options.big === true ? bytes.swap16() : bytes;
}

const other = {
  header: ['region', 'manager', 'target'],
  rows: Array.from({ length: 12 }, (_, row) => [
    `Region ${row}`,
    `Manager ${row}`,
    String(row * 1000),
  ]),
};

export const DIRT_KINDS: readonly DirtKind[] = [
  { name: 'clean: comma, quotes where needed', files: styled({}) },
  { name: 'every cell quoted', files: styled({ quoteAll: true }) },
  { name: 'line ends CRLF', files: styled({ lineEnd: '\r\n' }) },
  { name: 'line ends CR', files: styled({ lineEnd: '\r' }) },
  {
    name: 'line ends mixed in one file',
    files: () => {
      const ends = ['\n', '\r\n', '\r'];
      const all = lines(clean).map((line, index) => line + (ends[index % 3] as string));
      return [{ bytes: utf8(all.join('')) }];
    },
  },
  { name: 'no line end at the end', files: () => [{ bytes: utf8(formatTable(clean).trimEnd()) }] },
  { name: 'two line ends at the end', files: () => [{ bytes: utf8(`${formatTable(clean)}\n`) }] },
  {
    name: 'blank line between each two rows',
    files: () => [{ bytes: text(lines(clean).map((line) => `${line}\n`)) }],
  },
  { name: 'blank lines at the start', files: () => [{ bytes: utf8(`\n\n${formatTable(clean)}`) }] },
  { name: 'delimiter ;', files: styled({ delimiter: ';' }) },
  { name: 'delimiter tab', files: styled({ delimiter: '\t' }) },
  { name: 'delimiter |', files: styled({ delimiter: '|' }) },
  { name: 'delimiter :', files: styled({ delimiter: ':' }) },
  { name: 'delimiter ~', files: styled({ delimiter: '~' }) },
  { name: 'delimiter ^', files: styled({ delimiter: '^' }) },
  { name: 'delimiter \\x01', files: styled({ delimiter: '\x01' }) },
  { name: 'delimiter comma and space', files: styled({ delimiter: ', ' }) },
  { name: 'delimiter ||', files: styled({ delimiter: '||' }) },
  { name: 'delimiter §', files: styled({ delimiter: '§' }) },
  { name: 'delimiter two tabs', files: styled({ delimiter: '\t\t' }) },
  { name: 'delimiter the two characters \\t', files: styled({ delimiter: '\\t' }) },
  { name: 'delimiter space', files: styled({ delimiter: ' ' }) },
  {
    name: 'columns aligned with runs of spaces',
    files: () => {
      const table = oneLined(clean);
      const filled = {
        header: table.header,
        rows: table.rows.map((row) => row.map((cell) => cell || '-')),
      };
      const cells = [filled.header, ...filled.rows].map((row) =>
        row.map((cell) => formatCell(cell, { delimiter: ' ' })),
      );
      const widths = filled.header.map((_, column) =>
        Math.max(...cells.map((row) => (row[column] as string).length)),
      );
      const all = cells.map((row) =>
        row
          .map((cell, column) => cell.padEnd((widths[column] as number) + 2))
          .join('')
          .trimEnd(),
      );
      return [{ bytes: text(all), rows: filled.rows }];
    },
  },
  { name: "quote '", files: styled({ quote: "'" }) },
  { name: "quote ', every cell quoted", files: styled({ quote: "'", quoteAll: true }) },
  { name: "delimiter ; and quote '", files: styled({ delimiter: ';', quote: "'" }) },
  { name: 'quotes escaped with a backslash', files: styled({ escape: '\\' }) },
  {
    name: 'quotes escaped with a backslash, delimiter ;, every cell quoted',
    files: styled({ escape: '\\', delimiter: ';', quoteAll: true }),
  },
  { name: 'quotes in quoted cells neither doubled nor escaped', files: styled({ escape: '' }) },
  {
    name: 'no quotes at all, tabs between',
    files: () => {
      const table = oneLined(clean);
      return [
        { bytes: utf8(formatTable(table, { delimiter: '\t', quote: '' })), rows: table.rows },
      ];
    },
  },
  {
    name: 'sep= line of Excel',
    files: () => [
      { bytes: utf8(`sep=;\n${formatTable(clean, { delimiter: ';' })}`), warning: 'sep_line' },
    ],
  },
  {
    name: 'UTF-8 with byte order mark',
    files: () => [{ bytes: utf8(`\uFEFF${formatTable(clean)}`) }],
  },
  {
    name: 'UTF-8 with byte order mark, header quoted',
    files: () => [{ bytes: utf8(`\uFEFF${formatTable(clean, { quoteAll: true })}`) }],
  },
  {
    name: 'UTF-16LE with byte order mark',
    files: () => [{ bytes: utf16(formatTable(clean), { mark: true }) }],
  },
  {
    name: 'UTF-16BE with byte order mark',
    files: () => [{ bytes: utf16(formatTable(clean), { big: true, mark: true }) }],
  },
  {
    name: 'UTF-16LE without byte order mark',
    files: () => [{ bytes: utf16(formatTable(clean), {}), warning: 'encoding_guessed' }],
  },
  {
    name: 'UTF-16BE without byte order mark',
    files: () => [{ bytes: utf16(formatTable(clean), { big: true }), warning: 'encoding_guessed' }],
  },
  {
    name: 'UTF-16LE, tabs, as Excel saves "Unicode text"',
    files: () => [
      { bytes: utf16(formatTable(clean, { delimiter: '\t', lineEnd: '\r\n' }), { mark: true }) },
    ],
  },
  {
    name: 'one title line above',
    files: prefixed('Sales report\n', { warning: 'preamble_skipped' }),
  },
  {
    name: 'three title lines above',
    files: prefixed('Sales report\nShop 12, Hamburg\nCreated 2024-05-01\n', {
      warning: 'preamble_skipped',
    }),
  },
  {
    name: 'title lines and a blank line above',
    files: prefixed('Sales report\nAll figures in USD\n\n', { warning: 'preamble_skipped' }),
  },
  {
    name: 'title row with delimiters and an empty row above',
    files: prefixed('PREAMBLE,,,,,,,,\n,,,,,,,,\n', { warning: 'preamble_skipped' }),
  },
  {
    name: 'three title rows with delimiters above',
    files: prefixed('Report,,,,,,,,\nShop 12,,,,,,,,\nMay,,,,,,,,\n', {
      warning: 'preamble_skipped',
    }),
  },
  {
    name: 'key and value rows above',
    files: prefixed('report,sales\nshop,12\nfrom,2024-01-01\n\n', { warning: 'preamble_skipped' }),
  },
  {
    name: 'comment lines with # above',
    files: prefixed('# exported by shop 4.1\n# do not edit\n', { warning: 'preamble_skipped' }),
  },
  {
    name: 'no header',
    files: () => [
      {
        bytes: text(lines(clean).slice(1)),
        header: HEADER.map((_, index) => `column_${index + 1}`),
        warning: 'header_missing',
      },
    ],
    note: 'the columns are called column_1, column_2, ...',
  },
  { name: 'header only', files: () => [{ bytes: text(lines(clean).slice(0, 1)), rows: [] }] },
  {
    name: 'header only, no line end',
    files: () => [{ bytes: utf8(lines(clean)[0] as string), rows: [] }],
  },
  {
    name: 'one data row',
    files: () => [{ bytes: text(lines(clean).slice(0, 2)), rows: clean.rows.slice(0, 1) }],
  },
  {
    name: 'two header rows, the same twice',
    files: () => [
      {
        bytes: utf8(`${lines(clean)[0]}\n${formatTable(clean)}`),
        warning: 'header_joined',
      },
    ],
    note: 'the rows of a header are joined with a blank, column by column, and no word twice',
  },
  {
    name: 'three header rows, the same each',
    files: () => [
      {
        bytes: utf8(`${lines(clean)[0]}\n${lines(clean)[0]}\n${formatTable(clean)}`),
        warning: 'header_joined',
      },
    ],
  },
  {
    name: 'two header rows, groups above names',
    files: () => [
      {
        bytes: utf8(`Order,,Item,,,,,,\n${formatTable(clean)}`),
        warning: 'preamble_skipped',
      },
    ],
  },
  {
    name: 'header with a separator more',
    files: function* () {
      for (let column = 0; column <= HEADER.length; column++) {
        const header = [...HEADER.slice(0, column), '', ...HEADER.slice(column)].join(',');
        yield { bytes: text([header, ...lines(clean).slice(1)]), warning: 'header_repaired' };
      }
    },
    note: 'the empty name is left out, because every row has one cell less',
  },
  {
    name: 'header with a separator less',
    files: function* () {
      for (let column = 1; column < HEADER.length; column++) {
        const header = [
          ...HEADER.slice(0, column - 1),
          `${HEADER[column - 1]}${HEADER[column]}`,
          ...HEADER.slice(column + 1),
        ];
        const problems = Object.fromEntries(
          clean.rows.map((_, row) => [row + 1, 'too_many_cells']),
        );
        yield {
          bytes: text([header.join(','), ...lines(clean).slice(1)]),
          header,
          problems,
          warning: 'header_names',
        };
      }
    },
    note: 'which name is missing cannot be known: the header is kept as it stands and every row says that it has a cell too many',
  },
  {
    name: 'a row with a separator more',
    files: () => separators(1),
    note: 'the row keeps its cells and has the problem too_many_cells',
  },
  {
    name: 'a row with a separator less',
    files: () => separators(-1),
    note: 'the row keeps its cells and has the problem too_few_cells',
  },
  {
    name: 'a row cut short after each cell',
    files: function* () {
      for (let cells = 1; cells < 9; cells++) {
        const row = 20;
        const kept = (clean.rows[row] as string[]).slice(0, cells);
        yield {
          bytes: replacedRow(row, formatRow(kept)),
          rows: clean.rows.map((other, at) => (at === row ? kept : other)),
          problems: { [row + 1]: 'too_few_cells' },
        };
      }
    },
  },
  {
    name: 'the last row cut short, no line end',
    files: function* () {
      const last = clean.rows.length - 1;
      for (let cells = 1; cells < 9; cells++) {
        const kept = (clean.rows[last] as string[]).slice(0, cells);
        yield {
          bytes: utf8(
            lines(clean)
              .slice(0, -1)
              .map((line) => `${line}\n`)
              .join('') + formatRow(kept),
          ),
          rows: [...clean.rows.slice(0, -1), kept],
          problems: { [last + 1]: 'too_few_cells' },
        };
      }
    },
  },
  {
    name: 'a stray quote at the start of any cell',
    files: () =>
      everyCell(
        (written) => `"${written}`,
        (cell) => `"${cell}`,
      ),
    note: 'the quote is text of its cell',
  },
  {
    name: 'a stray quote at the start of any cell, every cell quoted',
    files: () =>
      everyCell(
        (written) => `"${written}`,
        (cell) => `"${cell}`,
        { quoteAll: true },
      ),
  },
  {
    name: 'a stray quote at the end of any unquoted cell',
    files: () =>
      everyCell(
        (written) => (written.startsWith('"') || written === '' ? written : `${written}"`),
        (cell) => (formatCell(cell).startsWith('"') || cell === '' ? cell : `${cell}"`),
      ),
  },
  {
    name: 'a stray quote in the middle of any cell',
    files: () =>
      everyCell(
        (written) => (written.length < 4 ? written : `${written.slice(0, 3)}"${written.slice(3)}`),
        (cell) => {
          const written = formatCell(cell);
          if (written.length < 4) return cell;
          return written.startsWith('"')
            ? `${written.slice(1, 3)}"${written.slice(3, -1)}`.replaceAll('""', '"')
            : `${cell.slice(0, 3)}"${cell.slice(3)}`;
        },
      ),
  },
  {
    name: 'a stray quote at the start of any cell, line ends CRLF',
    files: () =>
      everyCell(
        (written) => `"${written}`,
        (cell) => `"${cell}`,
        { lineEnd: '\r\n' },
      ),
  },
  {
    name: 'a stray quote at the start of any cell, delimiter ; and line ends CRLF',
    files: () =>
      everyCell(
        (written) => `"${written}`,
        (cell) => `"${cell}`,
        { lineEnd: '\r\n', delimiter: ';' },
      ),
  },
  {
    name: 'a header delimited with another character than the rows',
    files: () =>
      [' ', ';', '\t', '|'].map((delimiter) => ({
        bytes: text([HEADER.join(delimiter), ...lines(clean).slice(1)]),
        warning: 'header_repaired',
      })),
  },
  {
    name: "quote ', quotes in quoted cells neither doubled nor escaped",
    files: styled({ quote: "'", escape: '' }),
  },
  {
    name: 'blanks around quoted cells',
    files: () => [
      {
        bytes: text(
          lines(clean).map((line, index) =>
            index === 5 ? line.replaceAll(/,"/g, ', "').replaceAll(/",/g, '" ,') : line,
          ),
        ),
      },
    ],
    note: 'they are left out',
  },
  {
    name: 'a row delimited with ;',
    files: () =>
      eachRow((row) => ({
        bytes: replacedRow(
          row,
          formatRow(clean.rows[row] as string[], {
            delimiter: ';',
            quoteWhere: (cell) => cell.includes(','),
          }),
        ),
      })),
    note: 'read with that delimiter, reported as a repair',
  },
  {
    name: 'a row delimited with tabs',
    files: () =>
      eachRow((row) => ({
        bytes: replacedRow(
          row,
          formatRow(clean.rows[row] as string[], {
            delimiter: '\t',
            quoteWhere: (cell) => cell.includes(','),
          }),
        ),
      })),
  },
  {
    name: 'a row delimited with spaces',
    files: () =>
      eachRow((row) => ({
        bytes: replacedRow(
          row,
          formatRow(clean.rows[row] as string[], {
            delimiter: ' ',
            quoteWhere: (cell) => cell.includes(','),
          }),
        ),
      })),
  },
  {
    name: 'a row delimited with spaces, words unquoted',
    files: () =>
      eachRow((row) => {
        const cells = clean.rows[row] as string[];
        const line = cells
          .map((cell) => (/[",\n]/.test(cell) || cell.length > 40 ? formatCell(cell) : cell))
          .join(' ');
        return { bytes: replacedRow(row, line) };
      }),
    note: 'words that belong together are found by the types of the columns',
  },
  {
    name: 'a quote that never closes in the last rows',
    files: () => {
      const rows = oneLined(clean).rows;
      const bytes = text(
        lines({ header: HEADER, rows: [...rows.slice(0, 47), rows[47] as string[]] }).map(
          (line, index) => (index === 48 ? line.replace(/,[^,]*$/, ',"open') : line),
        ),
      );
      return [{ bytes, rows: rows.with(47, (rows[47] as string[]).with(8, '"open')) }];
    },
  },
  { name: 'footnote below', files: suffixed('FOOTNOTE\n') },
  { name: 'three footnotes below', files: suffixed('FOOTNOTE\nFOOTNOTE\nFOOTNOTE\n') },
  {
    name: 'blank line and footnotes below',
    files: suffixed('\nAll prices in USD.\nSource: shop, own figures\n'),
  },
  { name: 'footnote with delimiters below', files: suffixed('FOOTNOTE,,,,,,,,\n') },
  {
    name: 'empty row and footnote with delimiters below',
    files: suffixed(',,,,,,,,\nFOOTNOTE,,,,,,,,\n'),
  },
  { name: 'total row below', files: suffixed('Total,,551,,$1682.40,,,,\n') },
  { name: 'empty rows of delimiters below', files: suffixed(',,,,,,,,\n,,,,,,,,\n,,,,,,,,\n') },
  {
    name: 'second table with less columns below',
    files: () => [
      { bytes: utf8(formatTable(clean) + formatTable(other)), warning: 'several_tables' },
    ],
    note: 'the first table is read, the other reported',
  },
  {
    name: 'second table with less columns below, blank line between',
    files: () => [
      { bytes: utf8(`${formatTable(clean)}\n${formatTable(other)}`), warning: 'several_tables' },
    ],
  },
  {
    name: 'second table with one column less below',
    files: () => [
      {
        bytes: utf8(
          formatTable(clean) +
            formatTable({
              header: HEADER.slice(0, 8),
              rows: clean.rows.map((row) => row.slice(0, 8)),
            }),
        ),
        warning: 'several_tables',
      },
    ],
  },
  {
    name: 'second table with one column more below',
    files: () => [
      {
        bytes: utf8(
          formatTable(clean) +
            formatTable({
              header: [...HEADER, 'more'],
              rows: clean.rows.map((row) => [...row, 'x']),
            }),
        ),
        warning: 'several_tables',
      },
    ],
  },
  {
    name: 'second table with the same columns below',
    files: () => [
      {
        bytes: utf8(formatTable(clean) + formatTable(clean)),
        rows: [...clean.rows, HEADER, ...clean.rows],
        warning: 'several_tables',
      },
    ],
    note: 'read on; the repeated header is a record and reported',
  },
  {
    name: 'doubled and empty column names',
    files: () => [
      {
        bytes: text([
          'date,time,,product_id,price,price,description,page,',
          ...lines(clean).slice(1),
        ]),
        header: ['date', 'time', '', 'product_id', 'price', 'price', 'description', 'page', ''],
        warning: 'header_names',
      },
    ],
    note: 'delivered as they are; all of them are named in one warning',
  },
  {
    name: 'blanks around column names',
    files: () => [
      { bytes: text([HEADER.map((name) => ` ${name} `).join(','), ...lines(clean).slice(1)]) },
    ],
  },
  {
    name: '__proto__ and constructor as column names',
    files: () => [
      {
        bytes: text([
          '__proto__,constructor,quantity,product_id,price,product,description,page,remarks',
          ...lines(clean).slice(1),
        ]),
        header: ['__proto__', 'constructor', ...HEADER.slice(2)],
      },
    ],
  },
  {
    name: 'NUL bytes in a cell',
    files: () => [
      {
        bytes: replacedRow(7, formatRow((clean.rows[7] as string[]).with(8, 'a\0b'))),
        rows: clean.rows.with(7, (clean.rows[7] as string[]).with(8, 'a\0b')),
      },
    ],
  },
  {
    name: 'bytes that are not UTF-8 in one row',
    files: () => {
      const row = clean.rows[9] as string[];
      const bytes = Buffer.from(replacedRow(9, formatRow(row.with(8, 'caf@ au lait'))));
      bytes[bytes.indexOf('caf@') + 3] = 0xe9;
      const all = Buffer.concat([
        bytes,
        utf8(`${formatRow((clean.rows[0] as string[]).with(8, 'déjà vu, très été'))}\n`),
      ]);
      return [
        {
          bytes: all,
          rows: [
            ...clean.rows.with(9, row.with(8, 'caf\\xE9 au lait')),
            (clean.rows[0] as string[]).with(8, 'déjà vu, très été'),
          ],
          problems: { 10: 'invalid_encoding' },
        },
      ];
    },
    note: 'that row has the problem invalid_encoding; the bytes are shown as \\xNN',
  },
  {
    name: 'one column',
    files: () =>
      ['Anna Berg\nJohn Smith\nMary Ann Jones\n', '1,5\n2,75\n13,20\n', 'a:b\nc:d\ne:f\n']
        .slice(0, 1)
        .map((rows) => ({
          bytes: utf8(`name\n${rows}`),
          header: ['name'],
          rows: rows
            .trim()
            .split('\n')
            .map((cell) => [cell]),
        })),
  },
  {
    name: 'one column of single words',
    files: () => [
      {
        bytes: utf8('city\nHamburg\nMarseille\nKraków\n'),
        header: ['city'],
        rows: [['Hamburg'], ['Marseille'], ['Kraków']],
      },
    ],
  },
  {
    name: 'decimal commas, delimiter ;',
    files: () => [
      {
        bytes: utf8('id;lat;lon\n1;53,55;9,99\n2;48,13;11,58\n3;52,52;13,40\n'),
        header: ['id', 'lat', 'lon'],
        rows: [
          ['1', '53,55', '9,99'],
          ['2', '48,13', '11,58'],
          ['3', '52,52', '13,40'],
        ],
      },
    ],
  },
];
