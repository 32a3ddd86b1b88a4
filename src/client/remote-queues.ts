import type { QueueDesk, ShownEntry, ShownQueue } from '../engine/automation/queue-desk.ts';
import { RowmillError } from '../engine/errors.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';
import { didYouMean } from '../engine/nearest-names.ts';
import type { ApiClient, ApiRequest } from './api-client.ts';
import { pagesOf } from './pages.ts';

const PATH = '/v1/queues';

interface QueueWire extends JsonObject {
  readonly id: string;
  readonly name: string;
  readonly job: string | null;
  readonly worker_count: number;
  readonly order: string;
  readonly paused: boolean;
  readonly counts: Readonly<Record<string, number>>;
}

interface EntryWire extends JsonObject {
  readonly id: string;
  readonly position: number;
  readonly priority: number;
  readonly status: string;
  readonly outcome: string | null;
  readonly run_id: string | null;
  readonly message: string | null;
  readonly arguments: JsonObject;
}

/** The queues of a server, through its HTTP API. */
export class RemoteQueues implements QueueDesk {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async list(): Promise<ShownQueue[]> {
    const queues: ShownQueue[] = [];
    for await (const queue of this.#all()) queues.push(shownQueue(queue));
    return queues;
  }

  async show(name: string): Promise<ShownQueue> {
    return shownQueue(await this.#find(name));
  }

  async create(queue: JsonObject): Promise<ShownQueue> {
    return shownQueue(await this.#ask<QueueWire>({ method: 'POST', path: PATH, json: queue }));
  }

  async change(name: string, patch: JsonObject): Promise<ShownQueue> {
    const path = await this.#path(name);
    return shownQueue(await this.#ask<QueueWire>({ method: 'PATCH', path, json: patch }));
  }

  async remove(name: string): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: await this.#path(name) });
  }

  async add(name: string, entries: readonly JsonObject[]): Promise<number> {
    const path = `${await this.#path(name)}/entries`;
    const json = { entries };
    const { added } = await this.#ask<{ readonly added: number }>({ method: 'POST', path, json });
    return added;
  }

  async entries(
    name: string,
    { limit, status }: { readonly limit: number; readonly status: string | undefined },
  ): Promise<ShownEntry[]> {
    const path = `${await this.#path(name)}/entries`;
    const entries: ShownEntry[] = [];
    for await (const entry of pagesOf(this.#client, path, { status, limit })) {
      entries.push(shownEntry(entry as EntryWire)); // what this route says that it gives
    }
    return entries;
  }

  async changeEntry(name: string, entryId: string, patch: JsonObject): Promise<ShownEntry> {
    const path = await this.#entryPath(name, entryId);
    return shownEntry(await this.#ask<EntryWire>({ method: 'PATCH', path, json: patch }));
  }

  async removeEntry(name: string, entryId: string): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: await this.#entryPath(name, entryId) });
  }

  /** By its name, or by its id. */
  async #find(name: string): Promise<QueueWire> {
    const names: string[] = [];
    for await (const queue of this.#all()) {
      if (queue.name === name || queue.id === name) return queue;
      names.push(queue.name);
    }
    const there = names.length === 0 ? ' There are none.' : '';
    throw new RowmillError('usage', `there is no queue ${name}.${didYouMean(name, names)}${there}`);
  }

  #all(): AsyncIterable<QueueWire> {
    return pagesOf(this.#client, PATH) as AsyncIterable<QueueWire>;
  }

  async #path(name: string): Promise<string> {
    return `${PATH}/${encodeURIComponent((await this.#find(name)).id)}`;
  }

  async #entryPath(name: string, entryId: string): Promise<string> {
    return `${await this.#path(name)}/entries/${encodeURIComponent(entryId)}`;
  }

  async #ask<Answer>(request: ApiRequest): Promise<Answer> {
    return (await this.#client.json(request)) as Answer; // what these routes say they give
  }
}

function shownQueue(queue: QueueWire): ShownQueue {
  return {
    id: queue.id,
    name: queue.name,
    job: queue.job ?? undefined,
    workerCount: queue.worker_count,
    order: queue.order,
    isPaused: queue.paused,
    counts: queue.counts,
    json: queue,
  };
}

function shownEntry(entry: EntryWire): ShownEntry {
  return {
    id: entry.id,
    position: entry.position,
    priority: entry.priority,
    status: entry.status,
    outcome: entry.outcome ?? undefined,
    runId: entry.run_id ?? undefined,
    message: entry.message ?? undefined,
    arguments: entry.arguments,
    json: entry,
  };
}
