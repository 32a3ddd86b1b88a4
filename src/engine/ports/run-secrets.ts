import type { TaskSecrets } from '../task/run-context.ts';
import type { Task } from '../task/task.ts';

/** The run that is to use something, and whose it is. */
export interface RunUse {
  readonly runId: string;
  readonly accountId: string;
  readonly authAccountId: string;
  readonly task: Task;
  /** Of the run, as given. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** Whose secrets are looked up, and for what. */
export interface SecretUse extends RunUse {
  /** The job whose run it is, if it is one. */
  readonly job?: JobSecretUse | undefined;
}

/** What a job says of the secrets of its runs. */
interface JobSecretUse {
  /** By injection key: the name of a secret of the account. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Who has started the run. */
  readonly startedBy: Starter;
  /** In whose name it is. */
  readonly runAs: string | undefined;
}

/** Who has started something. */
export interface Starter {
  readonly authAccountId: string;
  /** Undefined on localhost without keys, and for a schedule. */
  readonly keyId: string | undefined;
}

/** Which secrets there are, for who may not read them. */
export interface KnownSecrets {
  find(accountId: string, name: string): Promise<{ readonly isJson: boolean } | undefined>;
}

/** The secrets that a run may use while it is carried out. */
export interface RunSecretSource extends TaskSecrets {
  /** All of them by their names, for threads that cannot ask here; undefined where they find them themselves. */
  carried(): Readonly<Record<string, string>> | undefined;
  /** Every use is written down when this is done. */
  close(): Promise<void>;
}
