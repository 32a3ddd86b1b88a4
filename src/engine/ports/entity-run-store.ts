import type { JobStatus } from '../handlers/define-handler.ts';

/** How far a run of a handler is. `starting`: its start was begun, and it is not known what became of it. */
export type EntityPhase = 'waiting' | 'starting' | 'started' | 'ended';

/** What is known of a run of a handler beside the run. */
export interface EntityRun {
  readonly runId: string;
  readonly phase: EntityPhase;
  readonly status: JobStatus;
  /** What the handler has said last. */
  readonly text: string;
  /** What the handler keeps: JSON. */
  readonly kept: unknown;
  /** Sealed. Gone when the run has ended. */
  readonly token: string | undefined;
  readonly startedAtMs: number | undefined;
  readonly resultText: string | undefined;
  readonly resultBytes: number | undefined;
}

export type EntityRunChange = Partial<
  Pick<EntityRun, 'phase' | 'status' | 'text' | 'kept' | 'token' | 'startedAtMs' | 'resultText'>
> & { readonly content?: Uint8Array };

/** Where runs of handlers live. */
export interface EntityRunStore {
  /** One that is there stays as it is. */
  create(run: Pick<EntityRun, 'runId' | 'token'>): Promise<void>;
  find(runId: string): Promise<EntityRun | undefined>;
  save(runId: string, change: EntityRunChange): Promise<void>;
  /** Undefined where there is no result. */
  content(runId: string): Promise<Uint8Array | undefined>;
}
