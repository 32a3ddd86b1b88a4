import type { RunEvent, RunEventStore } from '../ports/run-events.ts';

type Listener = (event: RunEvent) => void;

const REPLAY_PAGE = 500;
/** Events of progress that are kept: of a run at work, the last minutes at least. */
const PROGRESS_KEPT = 1_000;
const PROGRESS_KEPT_AT_END = 100;
const PRUNED_EVERY = 500;

/** Events of runs, kept and handed to who watches: in order, none twice, none missing. */
export class RunEventFeed {
  readonly #store: RunEventStore;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #listenersOfAll = new Set<Listener>();
  readonly #onClose = new Set<() => void>();
  /** The last append of each run that is not done: events of one run are kept one after the other. */
  readonly #tails = new Map<string, Promise<unknown>>();

  constructor(store: RunEventStore) {
    this.#store = store;
  }

  /** Keeps an event and tells it. An event that cannot be kept is not told, and throws. */
  tell(event: Omit<RunEvent, 'number' | 'atMs'>): Promise<void> {
    const { runId } = event;
    const told = this.#keep(event, this.#tails.get(runId));
    this.#tails.set(runId, told);
    const forget = (): void => {
      if (this.#tails.get(runId) === told) this.#tails.delete(runId);
    };
    told.then(forget, forget);
    return told;
  }

  async #keep(
    event: Omit<RunEvent, 'number' | 'atMs'>,
    before: Promise<unknown> | undefined,
  ): Promise<void> {
    await before?.catch(() => undefined);
    const kept = await this.#store.append(event);
    for (const listener of this.#listeners.get(event.runId) ?? []) listener(kept);
    for (const listener of this.#listenersOfAll) listener(kept);
    await this.#prune(kept);
  }

  /** A run of days would fill the disk with how far it was. */
  async #prune({ runId, number, type }: RunEvent): Promise<void> {
    const isDue = type === 'ended' || number % PRUNED_EVERY === 0;
    const keep = type === 'ended' ? PROGRESS_KEPT_AT_END : PROGRESS_KEPT;
    if (isDue && number > keep) await this.#store.pruneProgress(runId, { before: number - keep });
  }

  /** Events that are kept, behind a number, oldest first. */
  kept(
    runId: string,
    page: { readonly number: number; readonly limit: number },
  ): Promise<readonly RunEvent[]> {
    return this.#store.since(runId, page);
  }

  /** The last event of a run; undefined before the first. */
  last(runId: string): Promise<RunEvent | undefined> {
    return this.#store.last(runId);
  }

  /** Calls `listener` when nothing more comes, for the server ends. Gives the function that ends that. */
  onClose(listener: () => void): () => void {
    this.#onClose.add(listener);
    return () => void this.#onClose.delete(listener);
  }

  /** Nothing more comes. */
  close(): void {
    for (const listener of this.#onClose) listener();
  }

  /** Tells what happens to all runs from now on. Gives the function that ends it. */
  watchAll(listener: Listener): () => void {
    this.#listenersOfAll.add(listener);
    return () => void this.#listenersOfAll.delete(listener);
  }

  /**
   * Tells `listener` every event behind `number`: first what is kept, then what comes. Gives the function
   * that ends it.
   */
  async watch(
    runId: string,
    { after, listener }: { readonly after: number; readonly listener: Listener },
  ): Promise<() => void> {
    let last = after;
    let waiting: RunEvent[] | undefined = [];
    const tell: Listener = (event) => {
      if (event.number <= last) return;
      last = event.number;
      listener(event);
    };
    const hear: Listener = (event) => {
      if (waiting === undefined) tell(event);
      else waiting.push(event);
    };
    const listeners = this.#listeners.get(runId) ?? new Set();
    this.#listeners.set(runId, listeners.add(hear));
    const end = (): void => {
      listeners.delete(hear);
      if (listeners.size === 0 && this.#listeners.get(runId) === listeners) {
        this.#listeners.delete(runId);
      }
    };
    try {
      for (;;) {
        const page = await this.#store.since(runId, { number: last, limit: REPLAY_PAGE });
        for (const event of page) tell(event);
        if (page.length < REPLAY_PAGE) break;
      }
    } catch (error) {
      end();
      throw error;
    }
    for (const event of waiting) tell(event);
    waiting = undefined;
    return end;
  }
}
