import type { Clock } from '../ports/clock.ts';
import type { BeginSha256, Sha256 } from '../ports/hash.ts';
import type { RowExecutor } from '../ports/row-executor.ts';
import type { MakeId } from '../ports/ids.ts';
import type { RunFiles } from '../ports/run-files.ts';
import type { RunSecretSource, RunUse } from '../ports/run-secrets.ts';
import type { RunStore } from '../ports/run-store.ts';
import type { StateCodec } from '../ports/state-codec.ts';
import type { TaskLog } from '../task/run-context.ts';
import type { RunResources } from '../task/run-resources.ts';

/** The world as runs see it. */
export interface ServicePorts {
  readonly store: RunStore;
  readonly files: RunFiles;
  readonly clock: Clock;
  readonly codec: StateCodec;
  readonly sha256: Sha256;
  readonly beginSha256: BeginSha256;
  readonly makeId: MakeId;
  /** A signal that any number of rows may listen to. */
  readonly makeStop: () => AbortController;
  /** The log of a run, kept in its folder. */
  openLog(folder: string): TaskLog & { close(): Promise<void> };
  /** The secrets that a run may use, as they are now. */
  secretsOf(use: RunUse): Promise<RunSecretSource>;
  /** What else it may use. Nothing is looked up before it is used. */
  resourcesOf(use: RunUse): RunResources;
  readonly fetch: typeof globalThis.fetch;
  /** A run keeps its input in its folder, so that it has it whatever becomes of the file it was made of. */
  readonly keepsInputs?: boolean | undefined;
  /** Undefined where rows are done in one thread, whatever is asked for. */
  readonly rowExecutor?: RowExecutor | undefined;
}
