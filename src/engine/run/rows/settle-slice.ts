import { RowmillError, type ErrorCode } from '../../errors.ts';
import type { CarriedError, SliceResult } from '../../ports/row-executor.ts';
import type { TaskLog } from '../../task/run-context.ts';
import { outputRange } from '../output/errors-page.ts';
import type { RowSettler } from './row-settler.ts';

/**
 * Takes over what a thread made of a slice, as if its rows had been settled here one by one. Gives how
 * many were: fewer than are done when too many have failed by then.
 */
export function settleSlice(
  settler: RowSettler,
  result: SliceResult,
  {
    firstNumber,
    log,
    addOutput,
  }: {
    readonly firstNumber: number;
    readonly log: TaskLog;
    /** Adds its output up to a byte, or all of it, behind what is in the page. */
    readonly addOutput: (end?: number) => void;
  },
): number {
  const { page, errors, causes } = settler;
  const base = settler.outputBytes + page.text.length;
  let rows = 0;
  let errorsFrom = 0;
  for (const { index, outputStart, outputEnd, errorsEnd, causes: places } of result.failed) {
    settler.succeeded += index - rows;
    settler.failed += 1;
    rows = index + 1;
    const output = { start: base + outputStart, end: base + outputEnd };
    errors.text += result.errors.slice(errorsFrom, errorsEnd) + outputRange(output);
    errorsFrom = errorsEnd;
    for (const place of places) {
      const failure = result.failures[place];
      if (failure !== undefined) causes.add(failure, firstNumber + index);
    }
    if (settler.hasTooManyFailures && rows < result.done) {
      addOutput(outputEnd);
      writeLog(log, result, rows);
      return rows;
    }
  }
  settler.succeeded += result.done - rows;
  errors.text += result.errors.slice(errorsFrom);
  addOutput();
  writeLog(log, result, Infinity);
  return result.done;
}

/** What was logged in rows that are taken over. */
function writeLog(log: TaskLog, { log: lines }: SliceResult, rows: number): void {
  for (const { level, message, fields, afterRows } of lines) {
    if (afterRows < rows) log[level](message, fields);
  }
}

/** An error that came from a thread, as it was thrown there. */
export function thrownAgain({ code, message, stack, problems }: CarriedError): Error {
  // It was the code of a RowmillError.
  const error =
    code === undefined
      ? new Error(message)
      : new RowmillError(code as ErrorCode, message, { problems });
  if (stack !== undefined) error.stack = stack;
  return error;
}
