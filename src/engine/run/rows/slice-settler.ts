import type { FailedRow } from '../../ports/row-executor.ts';
import type { Failure } from '../../task/failure.ts';
import { failureText } from '../../task/failure.ts';
import { errorLine, spreadLine } from '../output/errors-page.ts';
import { causeKey } from '../check/failure-causes.ts';
import type { OutputPage } from '../output/output-page.ts';
import type { OutputRecord } from '../output/output-record.ts';
import { RowSettler } from './row-settler.ts';

const NOTHING_BEFORE = { succeeded: 0, failed: 0, causes: [], outputBytes: 0, errorsBytes: 1 };

/**
 * Settles the rows of a slice without knowing what was before them: what depends on that (places in the
 * output, causes by their frequency, when there were too many failures) is noted row by row.
 */
export class SliceSettler extends RowSettler {
  errorLines = '';
  readonly failedRows: FailedRow[] = [];
  readonly #firstNumber: number;
  readonly #failures = new Map<string, { readonly place: number; readonly failure: Failure }>();

  constructor(page: OutputPage, firstNumber: number) {
    super(page, NOTHING_BEFORE, undefined);
    this.#firstNumber = firstNumber;
  }

  get failures(): readonly Failure[] {
    return [...this.#failures.values()].map(({ failure }) => failure);
  }

  override fail(record: OutputRecord, failures: readonly Failure[]): void {
    const outputStart = this.page.text.length;
    this.page.addFailed(record, failureText(failures));
    this.failed += 1;
    this.errorLines += errorLine(record, failures);
    this.failedRows.push({
      index: record.number - this.#firstNumber,
      outputStart,
      outputEnd: this.page.text.length,
      errorsEnd: this.errorLines.length,
      causes: failures.map((failure) => this.#placeOf(failure)),
    });
  }

  override spread(record: OutputRecord, outputRows: number): void {
    this.errorLines += spreadLine(record.number, outputRows);
  }

  #placeOf(failure: Failure): number {
    const key = causeKey(failure);
    const known = this.#failures.get(key);
    if (known !== undefined) return known.place;
    const place = this.#failures.size;
    this.#failures.set(key, { place, failure });
    return place;
  }
}
