import type { CsvWarning, Dialect } from '../../csv/csv-table.ts';
import { readBlocks } from '../../csv/read/reader.ts';
import { RowmillError } from '../../errors.ts';
import { matchHeader } from '../../task/header-match.ts';
import type { CsvTask } from '../../task/task.ts';
import { accessOf } from '../rows/cell-access.ts';
import { openForReading } from '../begin/open-for-reading.ts';
import { RecordCursor } from '../output/output-record.ts';
import type { CheckResult, InputOptions } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/** What is found in a file at the first look: at its beginning, with nothing called. */
export interface FileLook {
  /** Undefined for a file that cannot be read at all; `problems` says why. */
  readonly table: FoundTable | undefined;
  /** How the columns of the task were found; empty without a task. */
  readonly matches: CheckResult['matches'];
  readonly unknownColumns: readonly string[];
  /** All that forbids a run, named at once. */
  readonly problems: readonly string[];
}

interface FoundTable {
  readonly dialect: Dialect;
  readonly encoding: string;
  readonly header: readonly string[];
  readonly warnings: readonly CsvWarning[];
  readonly rows: readonly {
    readonly row: number;
    readonly line: number;
    readonly cells: readonly string[];
    readonly problem: string | undefined;
  }[];
}

const ROWS_SHOWN = 20;
const CELL_SHOWN = 500;

/** Says how a file is read, what stands in its first rows, and how it fits a task. */
export async function lookAtFile(
  {
    task,
    path,
    options,
  }: {
    readonly task: CsvTask | undefined;
    readonly path: string;
    readonly options: InputOptions;
  },
  ports: Pick<ServicePorts, 'files'>,
): Promise<FileLook> {
  let opened: Awaited<ReturnType<typeof openForReading>>;
  try {
    opened = await openForReading({ task, input: { kind: 'file', path }, options }, ports);
  } catch (error) {
    const isOfFile =
      error instanceof RowmillError && (error.code === 'input_refused' || error.code === 'usage');
    if (!isOfFile) throw error;
    return { table: undefined, matches: [], unknownColumns: [], problems: [error.message] };
  }
  try {
    const { input, table } = opened;
    const { dialect, encoding, header, warnings } = table;
    const cursor = new RecordCursor(accessOf(table, { independent: false, undoesGuard: false }));
    const rows: FoundTable['rows'][number][] = [];
    const block = await readBlocks(input, table).next();
    if (block !== undefined) {
      cursor.enter(block);
      for (; cursor.index < Math.min(block.count, ROWS_SHOWN); cursor.index += 1) {
        rows.push({
          row: cursor.number,
          line: cursor.line,
          cells: Array.from({ length: cursor.cellCount }, (_, at) =>
            cursor.cell(at).slice(0, CELL_SHOWN),
          ),
          problem: cursor.problem?.message,
        });
      }
    }
    const match = matchHeader(task ?? ANY_TASK, header, task === undefined ? {} : options);
    return {
      table: { dialect, encoding, header, warnings, rows },
      matches: match.matches.map(({ column, header: name, how }) => ({
        column,
        header: name,
        how,
      })),
      unknownColumns: match.unknown,
      problems: match.problems,
    };
  } finally {
    await opened.close();
  }
}

/** What every header can be matched with: its own faults alone are found. */
const ANY_TASK = { columns: [], takesAnyColumn: true, unknownColumns: 'accept' } as const;
