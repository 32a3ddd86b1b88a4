import { readBlocks } from '../../csv/read/reader.ts';
import type { Failure } from '../../task/failure.ts';
import { accessOf } from '../rows/cell-access.ts';
import { openCheck, type CheckRequest } from './open-check.ts';
import { RecordCursor } from '../output/output-record.ts';
import { RowShape } from '../rows/row-shape.ts';
import type { ServicePorts } from '../service-ports.ts';

/** A row of a file, verified and not processed. */
export interface CheckedRow {
  readonly row: number;
  readonly line: number;
  readonly failures: readonly Failure[];
  /** By the names of the header. */
  readonly cells: Readonly<Record<string, string>>;
}

/** The rows of a file that are valid, or those that are not, behind a row. Nothing is called. */
export async function* checkedRows(
  request: CheckRequest,
  {
    outcome,
    after,
    signal,
  }: {
    readonly outcome: 'valid' | 'invalid' | undefined;
    readonly after: number;
    readonly signal: AbortSignal;
  },
  ports: ServicePorts,
): AsyncGenerator<CheckedRow> {
  const opened = await openCheck(request, ports);
  try {
    const { input, table, plan } = opened;
    const { header } = plan;
    const access = accessOf(table, { independent: false, undoesGuard: plan.own.undoesGuard });
    const cursor = new RecordCursor(access);
    const shape = new RowShape(plan.columns, () => undefined);
    const reader = readBlocks(input, table);
    while (!signal.aborted) {
      const block = await reader.next();
      if (block === undefined) return;
      cursor.enter(block);
      cursor.index = Math.max(0, after + 1 - block.firstNumber);
      for (; cursor.index < block.count; cursor.index += 1) {
        const { problem } = cursor;
        const isValid = problem === undefined && shape.verify(cursor);
        if (outcome !== undefined && isValid !== (outcome === 'valid')) continue;
        const failures = isValid ? [] : problem === undefined ? [...shape.failures] : [problem];
        const cells = Object.fromEntries(header.map((name, at) => [name, cursor.cell(at)]));
        yield { row: cursor.number, line: cursor.line, failures, cells };
      }
      await ports.clock.breathe();
    }
  } finally {
    await opened.close();
  }
}
