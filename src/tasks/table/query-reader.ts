import { ArgumentsRefused, RunHalted } from '../../index.ts';
import { messageOf } from '../error-message.ts';

/** A value of the key of the last row that was read, to go on behind it. */
export type KeyValue = string | number | bigint;

/** How far a query was read: so many rows, and the key of the last one where there is a key. */
export interface ReadSoFar {
  readonly rows: number;
  readonly last: readonly KeyValue[] | undefined;
}

/** One page of a query's rows: cells by column, `null` for NULL. */
export interface QueryPage {
  readonly cells: readonly (readonly (string | null)[])[];
  /** The key of the last row; undefined without a key. */
  readonly last: readonly KeyValue[] | undefined;
}

/** A query that is read page by page, from any point on. */
export interface QueryReader {
  /** In the order of the query. */
  readonly columns: readonly string[];
  /** The next rows behind what was read, at most `limit`; fewer when they are the last. */
  page(after: ReadSoFar, limit: number): Promise<QueryPage>;
  close(): Promise<void>;
}

/** The query as it can stand in another one: without the semicolon that many end with. */
export function bareQuery(query: string): string {
  return query.trim().replace(/;\s*$/, '');
}

const SHOWN_OF_QUERY = 200;

/** The reader, ending the run to be resumed when the database refuses a page: without it the export would look done. */
export function haltingReader(reader: QueryReader, query: string): QueryReader {
  return {
    columns: reader.columns,
    close: () => reader.close(),
    async page(after, limit) {
      try {
        return await reader.page(after, limit);
      } catch (error) {
        const isAbort = error instanceof Error && error.name === 'AbortError';
        if (error instanceof RunHalted || isAbort) throw error;
        const line = query.trim().replaceAll(/\s+/g, ' ');
        const shown = line.length > SHOWN_OF_QUERY ? `${line.slice(0, SHOWN_OF_QUERY)}…` : line;
        throw new RunHalted(
          `the database refuses the query behind row ${after.rows}: ${messageOf(error)} (${shown})`,
          { cause: error },
        );
      }
    },
  };
}

/** What a database says against a query, as what it is: about the argument. */
export function queryRefused(cause: unknown): ArgumentsRefused {
  return new ArgumentsRefused(
    `query: must be one SELECT that the database takes: ${messageOf(cause)}`,
    { cause },
  );
}
