/** Why no further row starts. */
export type EndReason =
  | 'input_ended'
  | 'task_stopped'
  | 'too_many_failures'
  | 'limit_reached'
  | 'stop_requested';

/** Says whether a next row may start. Looked at before each row, so it is fields and nothing more. */
export class RunGate {
  /** Undefined while rows may start. The first reason stays. */
  reason: EndReason | undefined;
  readonly #abortSignal: AbortSignal;

  constructor({ stopSignal, abortSignal }: { stopSignal: AbortSignal; abortSignal: AbortSignal }) {
    this.#abortSignal = abortSignal;
    if (stopSignal.aborted) this.close('stop_requested');
    else stopSignal.addEventListener('abort', () => this.close('stop_requested'), { once: true });
  }

  close(reason: EndReason): void {
    this.reason ??= reason;
  }

  /** Throws RunAborted when the run must end now. */
  throwIfAborted(): void {
    if (this.#abortSignal.aborted) throw new RunAborted();
  }
}

/** The run was aborted: what came after its last checkpoint is done again at a resume. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  readonly code = 'aborted';

  constructor() {
    super('aborted: what came after the last checkpoint is done again at a resume');
  }
}
