import type { TaskSecrets } from '../task/run-context.ts';
import type { Task } from '../task/task.ts';

/** Whose secrets are looked up, and for what. */
export interface SecretUse {
  readonly runId: string;
  readonly accountId: string;
  readonly authAccountId: string;
  readonly task: Task;
  /** Of the run, as given. */
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The secrets that a run may use while it is carried out. */
export interface RunSecretSource extends TaskSecrets {
  /** All of them by their names, for threads that cannot ask here; undefined where they find them themselves. */
  carried(): Readonly<Record<string, string>> | undefined;
  /** Every use is written down when this is done. */
  close(): Promise<void>;
}
