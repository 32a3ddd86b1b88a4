import { RowmillError } from '../../errors.ts';
import { failureText, type Failure } from '../../task/failure.ts';
import { ALLOWED_CSV_OUTCOMES, type ReadableOutcome } from '../../task/outcome.ts';
import type { MaxFailures } from '../../task/task.ts';
import type { Checkpoint } from '../carry/checkpoint.ts';
import { ErrorsPage } from '../output/errors-page.ts';
import { FailureCauses } from '../check/failure-causes.ts';
import type { OutputPage } from '../output/output-page.ts';
import type { OutputRecord } from '../output/output-record.ts';

/** A percentage is looked at when so many rows are processed: before, one failure could be half of them. */
const PERCENTAGE_FROM_ROWS = 100;

/** Turns outcomes into output, errors and counts: the one place where it is decided what a row meant. */
export class RowSettler {
  succeeded: number;
  failed: number;
  readonly causes: FailureCauses;
  /** Bytes of output before the page in hand. */
  outputBytes: number;
  errorsBytes: number;
  readonly page: OutputPage;
  readonly errors: ErrorsPage;
  /** The number by which people know a record. */
  rowOf: (number: number) => number = (number) => number;
  readonly #maxFailed: number;
  readonly #maxFailedShare: number;

  constructor(
    page: OutputPage,
    from: Pick<Checkpoint, 'succeeded' | 'failed' | 'causes' | 'outputBytes' | 'errorsBytes'>,
    maxFailures: MaxFailures | undefined,
  ) {
    this.page = page;
    this.errors = new ErrorsPage({ isFresh: from.errorsBytes === 0 });
    this.succeeded = from.succeeded;
    this.failed = from.failed;
    this.causes = new FailureCauses(from.causes);
    this.outputBytes = from.outputBytes;
    this.errorsBytes = from.errorsBytes;
    const isShare = typeof maxFailures === 'string';
    this.#maxFailed = typeof maxFailures === 'number' ? Math.max(1, maxFailures) : Infinity;
    this.#maxFailedShare = isShare ? Number.parseFloat(maxFailures) / 100 : Infinity;
  }

  get processed(): number {
    return this.succeeded + this.failed;
  }

  get hasTooManyFailures(): boolean {
    return (
      this.failed >= this.#maxFailed ||
      (this.processed >= PERCENTAGE_FROM_ROWS &&
        this.failed > this.processed * this.#maxFailedShare)
    );
  }

  /** The record failed before or in the task. */
  fail(record: OutputRecord, failures: readonly Failure[]): void {
    const start = this.outputBytes + this.page.text.length;
    this.page.addFailed(record, failureText(failures));
    this.failed += 1;
    const output = { start, end: this.outputBytes + this.page.text.length };
    this.errors.add(record, failures, output);
    for (const failure of failures) this.causes.add(failure, this.rowOf(record.number));
  }

  /** The record is not one row of the output, but none or several. */
  spread(record: OutputRecord, outputRows: number): void {
    this.errors.spread(record.number, outputRows);
  }

  /** Writes and counts what the task said. True: the task ends the run. */
  settle(record: OutputRecord, outcome: ReadableOutcome): boolean {
    switch (outcome.kind) {
      case 'ok':
        this.page.addUnchanged(record);
        this.succeeded += 1;
        return false;
      case 'omit':
        this.spread(record, 0);
        this.succeeded += 1;
        return false;
      case 'write':
        this.page.addWritten(record, outcome.value);
        this.succeeded += 1;
        return false;
      case 'writeAll':
        for (const row of outcome.value) this.page.addWritten(record, row);
        if (outcome.value.length !== 1) this.spread(record, outcome.value.length);
        this.succeeded += 1;
        return false;
      case 'fail':
        this.fail(record, [outcome.value]);
        return false;
      case 'stop':
        // The kinds that may be last were checked when the outcome was read.
        if (outcome.value !== undefined) this.settle(record, outcome.value as ReadableOutcome);
        return true;
      case 'writeText':
      case 'retry':
        throw new RowmillError(
          'contract_broken',
          `row ${record.number}: ${outcome.kind}() is not for a CSV row. Allowed: ${ALLOWED_CSV_OUTCOMES}`,
        );
    }
  }
}
