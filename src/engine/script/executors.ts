import { RowmillError } from '../errors.ts';
import { didYouMean } from '../nearest-names.ts';
import type { ExecutorDefinition, ExecutorStore } from '../ports/executor-store.ts';
import type { ScriptExecutor } from '../ports/script-executor.ts';
import { DEFAULT_EXECUTOR } from './executor-definition.ts';

/** The executors of accounts, and what executes scripts for each kind of them. */
export class Executors {
  readonly #store: Pick<ExecutorStore, 'find' | 'all'>;
  readonly #byKind: ReadonlyMap<string, ScriptExecutor>;
  readonly #lacking: ReadonlyMap<string, string>;

  /** `lacking`: what this server lacks for other kinds, for people. */
  constructor(
    store: Pick<ExecutorStore, 'find' | 'all'>,
    byKind: ReadonlyMap<string, ScriptExecutor>,
    lacking: ReadonlyMap<string, string>,
  ) {
    this.#store = store;
    this.#byKind = byKind;
    this.#lacking = lacking;
  }

  /** Those that this server has. */
  get kinds(): readonly string[] {
    return [...this.#byKind.keys()];
  }

  /** Throws `executor_unavailable` for a kind that this server has not. */
  ofKind(kind: string): ScriptExecutor {
    const executor = this.#byKind.get(kind);
    if (executor !== undefined) return executor;
    const needed = this.#lacking.get(kind);
    const hint = needed === undefined ? didYouMean(kind, this.kinds) : ` It takes ${needed}.`;
    throw new RowmillError(
      'executor_unavailable',
      `this server executes nothing in the kind ${kind}.${hint} It has ${this.kinds.join(', ')}`,
    );
  }

  /** Throws `executor_unavailable` where the account has none of this name. */
  async find(accountId: string, name: string): Promise<ExecutorDefinition> {
    if (name === DEFAULT_EXECUTOR.name) return DEFAULT_EXECUTOR;
    const found = await this.#store.find(accountId, name);
    if (found !== undefined) return found.definition;
    const names = (await this.#store.all(accountId)).map(({ definition }) => definition.name);
    throw new RowmillError(
      'executor_unavailable',
      `the account ${accountId} has no executor ${name}.${didYouMean(name, [DEFAULT_EXECUTOR.name, ...names])}`,
    );
  }
}
