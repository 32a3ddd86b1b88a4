import { didYouMean } from '../nearest-names.ts';
import type { EventKind, EventKindStore, EventName } from '../ports/told-event-store.ts';

const RUN = {
  run_id: 'run_7kq2m4xw9abc',
  task: 'contacts/clean',
  job: 'nightly',
  job_id: 'job_7kq2m4xw9abc',
} as const;

/** What the server tells by itself, to whoever waits for it. */
const ENGINE_EVENTS: readonly EventKind[] = [
  {
    object: 'run',
    event: 'created',
    description: 'A run was made. `job` and `job_id` are null for one of a task',
    example: { ...RUN, status: 'pending' },
  },
  {
    object: 'run',
    event: 'started',
    description: 'A run is carried out, for the first time or again',
    example: { ...RUN, status: 'executing' },
  },
  {
    object: 'run',
    event: 'finished',
    description: 'A run has ended, in whatever status',
    example: { ...RUN, status: 'partial', succeeded: 97, failed: 3, message: null },
  },
  {
    object: 'file',
    event: 'arrived',
    description:
      'A file has arrived in a folder that a schedule watches, and was claimed for a run',
    example: {
      name: 'orders.csv',
      bytes: 51_200,
      modified_at: '2026-11-20T08:30:00.000Z',
      folder: '/srv/in/orders',
      schedule_id: 'sch_7kq2m4xw9abc',
    },
  },
];

/** An event of the catalogue. */
export interface KnownEvent extends EventKind {
  readonly isOfServer: boolean;
}

/** The events of the server, and what an account says of its own. */
export class EventCatalogue {
  readonly #kinds: EventKindStore;

  constructor(kinds: EventKindStore) {
    this.#kinds = kinds;
  }

  /** All that are known, the account's own behind those of the server. */
  async list(accountId: string): Promise<readonly KnownEvent[]> {
    const own = await this.#kinds.list(accountId);
    return [
      ...ENGINE_EVENTS.map((kind) => known(kind, true)),
      ...own.map((kind) => known(kind, false)),
    ];
  }

  /** Gives whether something was said of it before. */
  set(accountId: string, kind: EventKind): Promise<boolean> {
    return this.#kinds.set(accountId, kind);
  }

  remove(accountId: string, name: EventName): Promise<boolean> {
    return this.#kinds.remove(accountId, name);
  }

  /** Whether only the server tells it. */
  isOfServer(name: EventName): boolean {
    return ENGINE_EVENTS.some((kind) => wordOf(kind) === wordOf(name));
  }

  /** What is to be said of an event that nobody has said anything of: that, and which names are near. */
  async noticeOf(accountId: string, name: EventName): Promise<string | undefined> {
    const known = (await this.list(accountId)).map(wordOf);
    const word = wordOf(name);
    if (known.includes(word)) return undefined;
    return `${word} is not in the catalogue of events.${didYouMean(word, known)}`;
  }
}

function known(kind: EventKind, isOfServer: boolean): KnownEvent {
  return { ...kind, isOfServer };
}

/** `appointment.create`. */
function wordOf({ object, event }: EventName): string {
  return `${object}.${event}`;
}
