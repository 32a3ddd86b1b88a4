import type { ScriptAccess, ScriptLimits } from './script-executor.ts';

/** A named environment that scripts are executed in: plain data, to be stored. */
export interface ExecutorDefinition {
  /** Unique in its account. */
  readonly name: string;
  /** How scripts are executed: `process`, or what else the server has. */
  readonly kind: string;
  /** Of the kinds that execute scripts in containers. */
  readonly image?: string | undefined;
  /** `$STABLE`, `$LATEST`, or a version such as `3.11`. */
  readonly runtimeVersion: string;
  readonly limits: ScriptLimits;
  readonly access: ScriptAccess;
}

/** An executor of an account. */
export interface StoredExecutor {
  readonly accountId: string;
  readonly definition: ExecutorDefinition;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Where the executors of accounts live: all but the default one, which every account has. */
export interface ExecutorStore {
  /** Undefined where the account has one of this name. */
  create(accountId: string, definition: ExecutorDefinition): Promise<StoredExecutor | undefined>;
  find(accountId: string, name: string): Promise<StoredExecutor | undefined>;
  /** All of an account, in order of their names. */
  all(accountId: string): Promise<readonly StoredExecutor[]>;
  /** In the place of the one of the same name; undefined where there is none. */
  update(accountId: string, definition: ExecutorDefinition): Promise<StoredExecutor | undefined>;
  /** Whether it is gone: never while a job is executed by it. */
  delete(accountId: string, name: string): Promise<boolean>;
  /** Names of the jobs whose last version is executed by it, archived ones too. */
  jobsOf(accountId: string, name: string): Promise<readonly string[]>;
}
