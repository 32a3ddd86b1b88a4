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
  readonly #stopSignal: AbortSignal;
  readonly #abortSignal: AbortSignal;
  /**
   * What waits and is to wait no longer: a few at most. A listener of a signal would cost 2 µs a row, and
   * a Set makes itself a table for each, the one before holding the next: none of them dies young.
   */
  readonly #onStop: (() => void)[] = [];
  readonly #onAbort: (() => void)[] = [];

  constructor({ stopSignal, abortSignal }: { stopSignal: AbortSignal; abortSignal: AbortSignal }) {
    this.#stopSignal = stopSignal;
    this.#abortSignal = abortSignal;
    const onStop = () => {
      this.close('stop_requested');
      for (const listener of this.#onStop) listener();
    };
    if (stopSignal.aborted) onStop();
    else stopSignal.addEventListener('abort', onStop, { once: true });
    const onAbort = () => {
      for (const listener of this.#onAbort) listener();
    };
    abortSignal.addEventListener('abort', onAbort, { once: true });
  }

  close(reason: EndReason): void {
    this.reason ??= reason;
  }

  /**
   * Whether the run has reached an end that a resume would not find again: what the task or the
   * failures decided is in no checkpoint, so none is committed behind it but the one with the status.
   */
  get isDecided(): boolean {
    return this.reason === 'task_stopped' || this.reason === 'too_many_failures';
  }

  /** Waits for work that may hang, but throws RunAborted as soon as the run must end now. */
  orAbort<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new RunAborted());
      settleUnless(work, this.#onAbort, { resolve, reject, giveUp });
      if (this.#abortSignal.aborted) giveUp();
    });
  }

  /** The same, and gives undefined as soon as a stop is asked for. */
  orStop<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const giveUp = () => resolve(undefined);
      settleUnless(this.orAbort(work), this.#onStop, { resolve, reject, giveUp });
      if (this.#stopSignal.aborted) giveUp();
    });
  }

  /** Throws RunAborted when the run must end now. */
  throwIfAborted(): void {
    if (this.#abortSignal.aborted) throw new RunAborted();
  }
}

/** Waits for what a task's own hook does, but throws RunAborted as soon as the signal says so. */
export async function unlessAborted<T>(signal: AbortSignal, work: T | Promise<T>): Promise<T> {
  if (!(work instanceof Promise)) return work;
  const gate = new RunGate({ stopSignal: signal, abortSignal: signal });
  return gate.orAbort(work);
}

function settleUnless<T>(
  work: Promise<T>,
  listeners: (() => void)[],
  promise: {
    readonly resolve: (value: T) => void;
    readonly reject: (error: unknown) => void;
    readonly giveUp: () => void;
  },
): void {
  const { resolve, reject, giveUp } = promise;
  listeners.push(giveUp);
  void work.then(resolve, reject).finally(() => listeners.splice(listeners.indexOf(giveUp), 1));
}

/** The run was aborted: what came after its last checkpoint is done again at a resume. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  readonly code = 'aborted';

  constructor() {
    super('aborted: what came after the last checkpoint is done again at a resume');
  }
}
