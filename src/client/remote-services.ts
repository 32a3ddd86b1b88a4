import { RowmillError } from '../engine/errors.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';
import { didYouMean } from '../engine/nearest-names.ts';
import type { ServiceDesk, ShownService } from '../engine/services/service-desk.ts';
import type { ApiClient } from './api-client.ts';
import { pagesOf } from './pages.ts';

const PATH = '/v1/services';

interface ServiceWire extends JsonObject {
  readonly id: string;
  readonly name: string;
  readonly endpoint: string;
  readonly execution_plan: JsonObject | null;
  readonly paused: boolean;
  readonly next_due_at: string | null;
  readonly last_call: {
    readonly created_at: string;
    readonly result_code: string | null;
  } | null;
}

/** The services of a server, through its HTTP API. */
export class RemoteServices implements ServiceDesk {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async list(): Promise<ShownService[]> {
    const services: ShownService[] = [];
    for await (const service of this.#all()) services.push(shownService(service));
    return services;
  }

  async show(name: string): Promise<ShownService> {
    return shownService(await this.#find(name));
  }

  async add(service: JsonObject): Promise<ShownService> {
    return shownService(
      // What this route says that it gives, as the one below.
      (await this.#client.json({ method: 'POST', path: PATH, json: service })) as ServiceWire,
    );
  }

  async change(name: string, patch: JsonObject): Promise<ShownService> {
    const path = await this.#path(name);
    return shownService(
      (await this.#client.json({ method: 'PATCH', path, json: patch })) as ServiceWire,
    );
  }

  async remove(name: string): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: await this.#path(name) });
  }

  async #find(name: string): Promise<ServiceWire> {
    const names: string[] = [];
    for await (const service of this.#all()) {
      if (service.name === name || service.id === name) return service;
      names.push(service.name);
    }
    const there = names.length === 0 ? ' There are none.' : '';
    throw new RowmillError(
      'usage',
      `there is no service ${name}.${didYouMean(name, names)}${there}`,
    );
  }

  #all(): AsyncIterable<ServiceWire> {
    return pagesOf(this.#client, PATH) as AsyncIterable<ServiceWire>;
  }

  async #path(name: string): Promise<string> {
    return `${PATH}/${encodeURIComponent((await this.#find(name)).id)}`;
  }
}

function shownService(service: ServiceWire): ShownService {
  const { next_due_at: nextDueAt, last_call: last } = service;
  return {
    id: service.id,
    name: service.name,
    endpoint: service.endpoint,
    executionPlan: service.execution_plan ?? undefined,
    isPaused: service.paused,
    nextDueAt: nextDueAt === null ? undefined : new Date(nextDueAt),
    lastCall:
      last === null
        ? undefined
        : { at: new Date(last.created_at), resultCode: last.result_code ?? undefined },
    json: service,
  };
}
