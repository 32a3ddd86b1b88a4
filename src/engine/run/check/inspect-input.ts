import { readBlocks } from '../../csv/read/reader.ts';
import { matchHeader } from '../../task/header-match.ts';
import type { CsvTask } from '../../task/task.ts';
import { accessOf } from '../rows/cell-access.ts';
import { openForReading } from '../begin/open-for-reading.ts';
import { RecordCursor } from '../output/output-record.ts';
import type { ServicePorts } from '../service-ports.ts';

/** Rows with empty mandatory cells that are shown; the rest is counted. */
const ROWS_SHOWN = 1_000;

/** What is wrong with a file as a whole, for who takes a file only when all of its rows can be read. */
export interface InputInspection {
  readonly rows: number;
  /** Names of the columns; an empty one is a column without a name. */
  readonly header: readonly string[];
  /** Mandatory columns that the header does not have. */
  readonly missingColumns: readonly string[];
  /** Records with more or fewer cells than the header. */
  readonly raggedRows: number;
  /** Why the first record that cannot be read safely cannot be; undefined where all can. */
  readonly unreadable: string | undefined;
  /** Rows whose mandatory cells are not all filled: how many, and the first of them as they stand. */
  readonly incompleteRows: number;
  readonly incomplete: readonly string[];
}

/** Reads a whole file and verifies its form, not its values. Throws `input_refused` where it is no CSV. */
export async function inspectInput(
  { task, path }: { readonly task: CsvTask; readonly path: string },
  ports: Pick<ServicePorts, 'files' | 'clock'>,
): Promise<InputInspection> {
  const request = { task, input: { kind: 'file' as const, path }, options: {} };
  const opened = await openForReading(request, ports);
  const { input, table } = opened;
  try {
    const { matches } = matchHeader(task, table.header, {});
    const mandatory = task.columns.filter(({ isMandatory }) => isMandatory);
    const found = mandatory.map(({ name }) => matches.find(({ column }) => column === name));
    const positions = found.flatMap((match) => (match === undefined ? [] : [match.position]));
    const cursor = new RecordCursor(accessOf(table, { independent: true, undoesGuard: false }));
    const reader = readBlocks(input, table);
    const incomplete: string[] = [];
    let [rows, raggedRows, incompleteRows] = [0, 0, 0];
    let unreadable: string | undefined;
    for (let block = await reader.next(); block !== undefined; block = await reader.next()) {
      cursor.enter(block);
      for (cursor.index = 0; cursor.index < block.count; cursor.index += 1) {
        const { problem } = cursor;
        if (problem !== undefined) {
          const isRagged = problem.code === 'too_few_cells' || problem.code === 'too_many_cells';
          if (isRagged) raggedRows += 1;
          else unreadable ??= `record ${cursor.number} (line ${cursor.line}): ${problem.message}`;
        } else if (positions.some((position) => cursor.cell(position) === '')) {
          incompleteRows += 1;
          if (incomplete.length < ROWS_SHOWN) incomplete.push(textOf(cursor));
        }
      }
      rows += block.count;
      await ports.clock.breathe();
    }
    return {
      rows,
      header: table.header,
      missingColumns: mandatory
        .filter((_, index) => found[index] === undefined)
        .map(({ name }) => name),
      raggedRows,
      unreadable,
      incompleteRows,
      incomplete,
    };
  } finally {
    await opened.close();
  }
}

/** A record as it stands: its own text is UTF-8, each character one byte. */
function textOf(cursor: RecordCursor): string {
  return Buffer.from(cursor.ownText(), 'latin1').toString('utf8');
}
