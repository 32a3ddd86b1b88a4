import { RowmillError, type ErrorCode } from '../errors.ts';

/** What of the folders of triggers is not looked at: told once of each, as long as it is so. */
export class LeftOut {
  readonly #told = new Map<ErrorCode, Set<string>>();
  readonly #onError: (error: unknown, triggerId: string) => void;

  constructor(onError: (error: unknown, triggerId: string) => void) {
    this.#onError = onError;
  }

  /** `why` is for a person; undefined where nothing of the kind is left out now. */
  tell(triggerId: string, code: ErrorCode, why: string | undefined): void {
    const told = this.#told.get(code) ?? new Set();
    this.#told.set(code, told);
    if (why === undefined) told.delete(triggerId);
    else if (!told.has(triggerId)) {
      told.add(triggerId);
      this.#onError(new RowmillError(code, why), triggerId);
    }
  }

  /** Forgets what was told of triggers that are gone. */
  keep(isKept: (triggerId: string) => boolean): void {
    for (const told of this.#told.values()) {
      for (const id of told) if (!isKept(id)) told.delete(id);
    }
  }
}
