import type { CellType } from './find/cell-type.ts';

/** How records and cells are told apart. */
export interface Dialect {
  /** One or more characters. */
  readonly delimiter: string;
  /** `"` or `'`, or '' where nothing is quoted. */
  readonly quote: string;
  /** The quote itself where quotes are doubled, `\` where they are escaped. */
  readonly escape: string;
  /** The line end found first; what is written uses it. Others are read too. */
  readonly lineEnd: '\n' | '\r\n' | '\r';
  /** Runs of the delimiter count as one (columns aligned with spaces). */
  readonly collapseDelimiters: boolean;
}

/** A place between two records of what is read. */
export interface ReadPosition {
  /** Byte offset. */
  readonly byte: number;
  /** Number of the record that starts here; 1 is the first one below the header. */
  readonly number: number;
  /** Line that starts here, 1-based. */
  readonly line: number;
}

/** Something that was found or guessed and that a person should hear of. The codes are stable. */
export interface CsvWarning {
  readonly code:
    | 'copied_as_utf8'
    | 'rules_removed'
    | 'encoding_guessed'
    | 'dialect_guessed'
    | 'preamble_skipped'
    | 'footer_skipped'
    | 'header_joined'
    | 'header_missing'
    | 'header_repaired'
    | 'several_tables'
    | 'sep_line'
    | 'header_names'
    | 'error_column_dropped'
    | 'excel_guard_undone'
    | 'threads_without_effect';
  readonly message: string;
}

/**
 * All that has to be known to read the records of one input: what was found (or given), in a form
 * that can be stored with a run, so that a resume reads exactly as the start did.
 */
export interface CsvTable {
  readonly dialect: Dialect;
  /** WHATWG name in lower case: `utf-8`, `windows-1252`, ... */
  readonly encoding: string;
  /** Column names in the order of the file: byte order mark removed, trimmed. */
  readonly header: readonly string[];
  /**
   * Cells that a record may have beyond the header, if nothing is in them: columns at the right
   * without a name, as a delimiter at the end of each row makes them.
   */
  readonly spareCells?: number | undefined;
  /** Where the first record begins. */
  readonly data: ReadPosition;
  /** Byte offset at which the table ends, where a footer follows; undefined: at the end of the input. */
  readonly dataEnd: number | undefined;
  /** Lines above the header that are not part of the table, as they stand. */
  readonly preamble: readonly string[];
  /** Lines below the table that are not part of it, as they stand. */
  readonly footer: readonly string[];
  readonly warnings: readonly CsvWarning[];
  /** What the columns hold, by type, where it was found out: rows that are written otherwise are repaired by it. */
  readonly columnTypes?: readonly CellType[] | undefined;
}
