import type { TableColumn } from './table-column.ts';

/** A cell on its way to a database: its text, or NULL. */
export type Parameter = string | null;

/** What became of one row: what was done, or why the database refused it. */
export type WrittenRow =
  | { readonly action: 'inserted' | 'updated'; readonly refusal?: never }
  | { readonly action?: never; readonly refusal: Refusal };

/** The database's words about a row. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** The column, where the database names one. */
  readonly column?: string | undefined;
}

/** A table as it is. */
export interface TableShape {
  readonly columns: readonly TableColumn[];
  readonly primaryKey: readonly string[];
  /** Sets of columns of which each is unique in the table, the primary key among them. */
  readonly uniqueKeys: readonly (readonly string[])[];
}

/** What every row writes. */
export interface WritePlan {
  readonly columns: readonly TableColumn[];
  readonly key: readonly string[];
  /** NULL leaves what is there, when the row is there already. */
  readonly nullKeeps: boolean;
}

/** A connection to one table of one database. */
export interface TableWriter {
  /** Undefined when there is no such table. */
  describe(): Promise<TableShape | undefined>;
  /** Makes the table with columns of text. */
  create(columns: readonly string[], key: readonly string[]): Promise<void>;
  /** Called once, before the first row. */
  prepare(plan: WritePlan): Promise<void>;
  /** Writes rows in one transaction. A refused row costs no other. Throws when the database is lost. */
  write(rows: readonly (readonly Parameter[])[]): Promise<readonly WrittenRow[]>;
  close(): Promise<void>;
}
