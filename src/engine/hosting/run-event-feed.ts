import type { RunEvent, RunEventStore } from '../ports/run-events.ts';

type Listener = (event: RunEvent) => void;

const REPLAY_PAGE = 500;

/** Events of runs, kept and handed to who watches: in order, none twice, none missing. */
export class RunEventFeed {
  readonly #store: RunEventStore;
  readonly #listeners = new Map<string, Set<Listener>>();
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
