import type { RunContext, RunFacts } from '../../task/run-context.ts';

/** What a row function is given of its run: the facts, and which row it is. */
export class RowContext implements RunContext {
  readonly rowNumber: number;
  readonly #facts: RunFacts;
  readonly #rowKeyPrefix: string;

  /** `rowKeyPrefix` is the same at every restart and retry of a run. */
  constructor(facts: RunFacts, rowKeyPrefix: string, rowNumber: number) {
    this.#facts = facts;
    this.#rowKeyPrefix = rowKeyPrefix;
    this.rowNumber = rowNumber;
  }

  get rowKey(): string {
    return `${this.#rowKeyPrefix}-${this.rowNumber}`;
  }

  get runId(): string {
    return this.#facts.runId;
  }

  get accountId(): string {
    return this.#facts.accountId;
  }

  get authAccountId(): string {
    return this.#facts.authAccountId;
  }

  get header(): readonly string[] {
    return this.#facts.header;
  }

  get arguments(): unknown {
    return this.#facts.arguments;
  }

  get signal(): AbortSignal {
    return this.#facts.signal;
  }

  get log(): RunFacts['log'] {
    return this.#facts.log;
  }

  get secrets(): RunFacts['secrets'] {
    return this.#facts.secrets;
  }

  get storage(): RunFacts['storage'] {
    return this.#facts.storage;
  }

  get sftp(): RunFacts['sftp'] {
    return this.#facts.sftp;
  }

  get fetch(): typeof globalThis.fetch {
    return this.#facts.fetch;
  }

  get opened(): unknown {
    return this.#facts.opened;
  }
}
