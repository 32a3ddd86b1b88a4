import type {
  JobStorageDesk,
  ShownStorageFacts,
  ShownStorageValue,
} from '../engine/jobs/job-storage-desk.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';
import { checkStorageKey } from '../engine/jobs/storage-limits.ts';
import type { ApiClient } from './api-client.ts';
import { pagesOf } from './pages.ts';

interface FactsWire extends JsonObject {
  readonly key: string;
  readonly revision: number;
  readonly bytes: number;
  readonly updated_at: string;
  readonly expires_at: string | null;
}

/** What a job keeps between its runs, through the HTTP API. */
export class RemoteJobStorage implements JobStorageDesk {
  readonly #client: ApiClient;
  readonly #path: string;

  /** `path`: that of the job's storage. */
  constructor(client: ApiClient, path: string) {
    this.#client = client;
    this.#path = path;
  }

  async list(prefix: string): Promise<ShownStorageFacts[]> {
    const found: ShownStorageFacts[] = [];
    for await (const item of pagesOf(this.#client, this.#path, { prefix })) {
      found.push(shownFacts(item as FactsWire)); // what the route says it gives
    }
    return found;
  }

  async get(key: string): Promise<ShownStorageValue> {
    return shownValue(await this.#client.json({ method: 'GET', path: this.#of(key) }));
  }

  async set(
    key: string,
    value: unknown,
    { ttl, revision }: { readonly ttl: number | undefined; readonly revision: number | undefined },
  ): Promise<ShownStorageValue> {
    const json = { value, ttl, expected_revision: revision };
    return shownValue(await this.#client.json({ method: 'PUT', path: this.#of(key), json }));
  }

  async delete(key: string, revision: number | undefined): Promise<void> {
    const headers = revision === undefined ? undefined : { 'if-match': `"${revision}"` };
    const request = { method: 'DELETE', path: this.#of(key) } as const;
    await this.#client.text(headers === undefined ? request : { ...request, headers });
  }

  #of(key: string): string {
    // A server would take it for another address.
    checkStorageKey(key);
    return `${this.#path}/${encodeURIComponent(key)}`;
  }
}

function shownFacts(facts: FactsWire): ShownStorageFacts {
  return {
    key: facts.key,
    revision: facts.revision,
    bytes: facts.bytes,
    updatedAt: new Date(facts.updated_at),
    expiresAt: facts.expires_at === null ? undefined : new Date(facts.expires_at),
    json: facts,
  };
}

function shownValue(answer: unknown): ShownStorageValue {
  const stored = answer as FactsWire; // what these routes say they give
  return { ...shownFacts(stored), value: stored['value'] };
}
