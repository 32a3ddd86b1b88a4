import type { EventNews, EventNewsSource, RunEvent, RunEventStore } from '../ports/run-events.ts';

type Listener = (event: RunEvent) => void;

const REPLAY_PAGE = 500;
/** Events of progress that are kept: of a run at work, the last minutes at least. */
const PROGRESS_KEPT = 1_000;
const PROGRESS_KEPT_AT_END = 100;
const PRUNED_EVERY = 500;

/** Who watches a run. */
interface Watched {
  readonly listeners: Set<Listener>;
  /** Number up to which each of them was told, or knew before. Undefined until one knows what is kept. */
  told: number | undefined;
  /** What others have kept is being read. */
  isReading: boolean;
  /** There may be more of it. */
  isBehind: boolean;
}

/**
 * Events of runs, kept and handed to who watches: in order, none twice, none missing, whichever server of
 * the database keeps them.
 */
export class RunEventFeed {
  readonly #store: RunEventStore;
  readonly #news: EventNewsSource | undefined;
  readonly #watched = new Map<string, Watched>();
  readonly #listenersOfAll = new Set<Listener>();
  readonly #onClose = new Set<() => void>();
  /** The last append of each run that is not done: events of one run are kept one after the other. */
  readonly #tails = new Map<string, Promise<unknown>>();

  constructor(store: RunEventStore, news?: EventNewsSource) {
    this.#store = store;
    this.#news = news;
    news?.open((heard) => void this.#hear(heard));
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
    await this.#handOut(await this.#store.append(event));
  }

  /** Tells an event that was kept in the commit of what it tells. */
  async announce(kept: RunEvent): Promise<void> {
    await this.#store.spread(kept);
    await this.#handOut(kept);
  }

  async #handOut(kept: RunEvent): Promise<void> {
    const watched = this.#watched.get(kept.runId);
    // Where another server has kept something in between, that comes first.
    if (watched?.told !== undefined && kept.number > watched.told + 1) {
      await this.#catchUp(kept.runId);
    } else {
      handOut(kept, watched);
    }
    for (const listener of this.#listenersOfAll) listener(kept);
    await this.#prune(kept);
  }

  /** Another server has kept an event, or may have. */
  async #hear(news: EventNews | undefined): Promise<void> {
    if (news === undefined) {
      await Promise.all([...this.#watched.keys()].map((runId) => this.#catchUp(runId)));
      return;
    }
    const { runId, number, type } = news;
    const told = this.#watched.get(runId)?.told;
    if (told !== undefined && number > told) await this.#catchUp(runId);
    if (this.#listenersOfAll.size === 0 || type === 'progress') return;
    const page = this.#store.since(runId, { number: number - 1, limit: 1 });
    for (const event of await page.catch(() => [])) {
      for (const listener of this.#listenersOfAll) listener(event);
    }
  }

  /** Hands out what is kept of a run and was not told. A store that is gone is asked at the next news. */
  async #catchUp(runId: string): Promise<void> {
    const watched = this.#watched.get(runId);
    if (watched?.told === undefined) return;
    watched.isBehind = true;
    if (watched.isReading) return;
    watched.isReading = true;
    try {
      while (watched.isBehind) {
        watched.isBehind = false;
        const from = { number: watched.told, limit: REPLAY_PAGE };
        const page = await this.#store.since(runId, from);
        for (const event of page) handOut(event, watched);
        if (page.length === REPLAY_PAGE) watched.isBehind = true;
      }
    } catch {
      // The news that come every few seconds ask again.
    } finally {
      watched.isReading = false;
    }
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
    const watched = this.#watched.get(runId) ?? unwatched();
    this.#watched.set(runId, watched);
    const { listeners } = watched;
    listeners.add(hear);
    const end = (): void => {
      listeners.delete(hear);
      if (listeners.size === 0 && this.#watched.get(runId) === watched) {
        this.#watched.delete(runId);
      }
    };
    const replay = async (): Promise<void> => {
      for (;;) {
        const page = await this.#store.since(runId, { number: last, limit: REPLAY_PAGE });
        for (const event of page) tell(event);
        if (page.length < REPLAY_PAGE) return;
      }
    };
    try {
      await replay();
      // Another server has kept something before what came meanwhile.
      if (waiting.some(({ number }) => number > last + 1)) await replay();
    } catch (error) {
      end();
      throw error;
    }
    for (const event of waiting) tell(event);
    waiting = undefined;
    watched.told = Math.min(watched.told ?? last, last);
    // What another server has kept since it was read above.
    if (this.#news !== undefined) void this.#catchUp(runId);
    return end;
  }
}

function unwatched(): Watched {
  return { listeners: new Set(), told: undefined, isReading: false, isBehind: false };
}

/** Who has heard it already does not hear it again. */
function handOut(event: RunEvent, watched: Watched | undefined): void {
  if (watched === undefined) return;
  if (watched.told !== undefined) watched.told = Math.max(watched.told, event.number);
  for (const listener of watched.listeners) listener(event);
}
