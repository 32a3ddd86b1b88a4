import { Buffer } from 'node:buffer';
import { cellFormat, type ByteText } from '../../csv/write/format-cell.ts';
import type { CsvTable } from '../../csv/csv-table.ts';
import type { RunFiles, WritableFile } from '../../ports/run-files.ts';
import { identify } from './input-identity.ts';
import { originEntry, type RowOrigin } from '../after/row-origins.ts';
import { CHILD_INPUT_FILE, ROWS_FILE } from '../run-paths.ts';
import type { InputIdentity } from '../run-record.ts';
import type { ServicePorts } from '../service-ports.ts';

const PAGE_BYTES = 1024 * 1024;

/** The input of a run that has a parent. */
export interface PreparedRows {
  readonly path: string;
  /** How it is to be read. */
  readonly table: CsvTable;
  readonly identity: InputIdentity;
  readonly count: number;
}

/** The input of a run that has a parent, while it is made: records, and which rows they are. */
export class PreparedInput {
  readonly path: string;
  /** How it is to be read. */
  readonly table: CsvTable;
  count = 0;
  readonly #lineEnd: ByteText;
  readonly #blank: (text: ByteText) => ByteText;
  readonly #input: PagedFile;
  readonly #rows: PagedFile;

  private constructor(
    path: string,
    table: CsvTable,
    files: { readonly input: PagedFile; readonly rows: PagedFile },
  ) {
    this.path = path;
    this.table = table;
    this.#lineEnd = table.dialect.lineEnd;
    const quote = table.dialect.quote === '' ? '"' : table.dialect.quote;
    this.#blank = (text) => quote + text + quote;
    this.#input = files.input;
    this.#rows = files.rows;
  }

  /** `like` is the table whose records come here. */
  static async create(
    folder: string,
    { like, header }: { readonly like: CsvTable; readonly header: readonly string[] },
    files: Pick<RunFiles, 'openOutput'>,
  ): Promise<PreparedInput> {
    const path = `${folder}/${CHILD_INPUT_FILE}`;
    const headerLine = cellFormat(like.dialect).record(header) + like.dialect.lineEnd;
    const table: CsvTable = {
      ...like,
      encoding: 'utf-8',
      header,
      data: { byte: headerLine.length, number: 1, line: 2 },
      dataEnd: undefined,
      preamble: [],
      footer: [],
      warnings: [],
    };
    const input = new PagedFile(await files.openOutput(path, 0));
    const rows = new PagedFile(await files.openOutput(`${folder}/${ROWS_FILE}`, 0));
    await input.add(headerLine);
    return new PreparedInput(path, table, { input, rows });
  }

  /** Adds a record. One that would be a blank line, which is no record, is quoted. */
  async add(text: ByteText, origin: RowOrigin): Promise<void> {
    this.count += 1;
    await this.#input.add((/^\s*$/.test(text) ? this.#blank(text) : text) + this.#lineEnd);
    await this.#rows.add(originEntry(origin));
  }

  /** On the disk when it ends. */
  async finish({ files, sha256 }: Pick<ServicePorts, 'files' | 'sha256'>): Promise<PreparedRows> {
    await this.#input.finish();
    await this.#rows.finish();
    const { path, table, count } = this;
    const input = await files.openInput(path);
    try {
      return { path, table, count, identity: await identify(input, sha256) };
    } finally {
      await input.close();
    }
  }

  async close(): Promise<void> {
    await this.#input.close();
    await this.#rows.close();
  }
}

/** A file that is written in pages. */
export class PagedFile {
  readonly #file: WritableFile;
  #page: ByteText = '';

  constructor(file: WritableFile) {
    this.#file = file;
  }

  async add(text: ByteText): Promise<void> {
    this.#page += text;
    if (this.#page.length >= PAGE_BYTES) await this.#flush();
  }

  async finish(): Promise<void> {
    await this.#flush();
    await this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #flush(): Promise<void> {
    if (this.#page !== '') await this.#file.append(Buffer.from(this.#page, 'latin1'));
    this.#page = '';
  }
}
