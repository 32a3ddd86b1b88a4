import type { HeldRun } from '../../ports/run-store.ts';
import type { AskedOfRun } from '../status.ts';
import type { RunHandles } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/**
 * What is asked of a run while it lasts: by its own process (the handles), and by others (the store). A
 * pause that others ask for closes the gate like a stop, so that a stretch of rows ends with a
 * checkpoint; then the process waits, and the next stretch goes on there as a resume would.
 */
export class LiveControl {
  readonly #handles: RunHandles;
  readonly #makeStop: () => AbortController;
  readonly #canPause: boolean;
  /** Of the stretch in hand. */
  #stop: AbortController | undefined;
  /** What others asked last. */
  #asked: AskedOfRun | undefined;
  #wake: (() => void) | undefined;

  constructor(
    {
      held,
      handles,
      canPause,
    }: { readonly held: HeldRun; readonly handles: RunHandles; readonly canPause: boolean },
    { makeStop }: Pick<ServicePorts, 'makeStop'>,
  ) {
    this.#handles = handles;
    this.#makeStop = makeStop;
    this.#canPause = canPause;
    held.onAsked((asked) => {
      this.#asked = asked;
      this.#tell();
    });
    const tell = () => this.#tell();
    for (const signal of [handles.stopSignal, handles.abortSignal])
      signal.addEventListener('abort', tell, { once: true });
  }

  /** The handles of the next stretch: its stop signal is the run's own, or what others ask for. */
  stretch(): RunHandles {
    this.#stop = this.#makeStop();
    this.#tell();
    return { ...this.#handles, stopSignal: this.#stop.signal };
  }

  /** Whether the stretch has ended because others asked for a pause: then the process waits. */
  get isPause(): boolean {
    return this.#stop?.signal.reason === 'pause' && this.#ofOwnProcess() === undefined;
  }

  /** Waits, paused, until there is something to do: to go on, to stop, or to end the process. */
  async untilAsked(): Promise<'resume' | 'stop' | 'end'> {
    for (;;) {
      if (this.#ofOwnProcess() !== undefined) return 'end';
      if (this.#asked === 'resume' || this.#asked === 'stop') return this.#asked;
      if (this.#handles.leavesWhenPaused === true) return 'end';
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #ofOwnProcess(): AbortSignal | undefined {
    const { stopSignal, abortSignal } = this.#handles;
    return [stopSignal, abortSignal].find(({ aborted }) => aborted);
  }

  #tell(): void {
    const { stopSignal } = this.#handles;
    if (stopSignal.aborted) this.#stop?.abort(stopSignal.reason);
    else if (this.#asked === 'stop') this.#stop?.abort('stop');
    else if (this.#asked === 'pause' && this.#canPause) this.#stop?.abort('pause');
    this.#wake?.();
  }
}
