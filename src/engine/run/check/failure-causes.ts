import type { Failure } from '../../task/failure.ts';
import type { FailureCause } from '../run-service.ts';

/** Causes kept apart; what comes beyond is counted together, so that memory does not grow with the file. */
const MAX_CAUSES = 200;
const OTHERS: Failure = { code: 'others', message: 'other causes' };

type MutableCause = { -readonly [K in keyof FailureCause]: FailureCause[K] };

/** Counts why rows failed. */
export class FailureCauses {
  readonly #causes = new Map<string, MutableCause>();

  constructor(stored: readonly FailureCause[] = []) {
    for (const cause of stored) this.#causes.set(causeKey(cause), { ...cause });
  }

  add(failure: Failure, row: number): void {
    const key = causeKey(failure);
    const known = this.#causes.get(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const isFull = this.#causes.size >= MAX_CAUSES && failure !== OTHERS;
    if (isFull) {
      this.add(OTHERS, row);
      return;
    }
    const cause: MutableCause = {
      column: failure.column,
      code: failure.code,
      message: failure.message,
      count: 1,
      firstRow: row,
      exampleValue: failure.value,
    };
    // A value can be a slice of the text of its block, and would keep 120 KiB in memory.
    this.#causes.set(key, structuredClone(cause));
  }

  /** All of them, most frequent first. */
  list(): FailureCause[] {
    return structuredClone([...this.#causes.values()]).sort(
      (a, b) => b.count - a.count || a.firstRow - b.firstRow,
    );
  }
}

/** What makes failures of one cause. */
export function causeKey({
  column,
  code,
  message,
}: Pick<Failure, 'column' | 'code' | 'message'>): string {
  return `${column ?? ''}\n${code}\n${message}`;
}
