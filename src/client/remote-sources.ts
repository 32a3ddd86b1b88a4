import type { SourceDesk, ShownItem, ShownSource } from '../engine/automation/source-desk.ts';
import type { ApiClient } from './api-client.ts';
import { pagesOf } from './pages.ts';

/** The sources of a server, through its HTTP API. */
export class RemoteSources implements SourceDesk {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async list(): Promise<ShownSource[]> {
    const found: ShownSource[] = [];
    for await (const item of pagesOf(this.#client, '/v1/sources')) {
      found.push(item as ShownSource); // what the route says it gives
    }
    return found;
  }

  async set(name: string, source: unknown): Promise<ShownSource> {
    const request = { method: 'PUT', path: pathOf(name), json: { source } } as const;
    return (await this.#client.json(request)) as ShownSource; // what the route says it gives
  }

  async items(name: string, classes: string | undefined): Promise<readonly ShownItem[]> {
    const path = `${pathOf(name)}/items`;
    const request = { method: 'GET', path, query: { class: classes } } as const;
    // What the route says it gives.
    return ((await this.#client.json(request)) as { readonly data: readonly ShownItem[] }).data;
  }

  async remove(name: string): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: pathOf(name) });
  }
}

function pathOf(name: string): string {
  return `/v1/sources/${encodeURIComponent(name)}`;
}
