import type { ExecutorDesk, ShownExecutor } from '../engine/script/executor-desk.ts';
import type { ApiClient, ApiRequest } from './api-client.ts';

type JsonObject = Readonly<Record<string, unknown>>;

interface ExecutorWire extends JsonObject {
  readonly name: string;
  readonly kind: string;
  readonly runtime_version: string;
  readonly memory_limit_mb: number;
  readonly timeout_seconds: number;
  readonly network: boolean;
}

/** The executors of an account on a server, through its HTTP API. */
export class RemoteExecutors implements ExecutorDesk {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async list(): Promise<readonly ShownExecutor[]> {
    const { data } = await this.#ask<{ readonly data: readonly ExecutorWire[] }>({
      method: 'GET',
      path: '/v1/executors',
    });
    return data.map(shownExecutor);
  }

  async show(name: string): Promise<ShownExecutor> {
    return shownExecutor(await this.#ask<ExecutorWire>({ method: 'GET', path: pathOf(name) }));
  }

  async add(executor: JsonObject): Promise<ShownExecutor> {
    const request = { method: 'POST', path: '/v1/executors', json: executor } as const;
    return shownExecutor(await this.#ask<ExecutorWire>(request));
  }

  async change(name: string, patch: JsonObject): Promise<ShownExecutor> {
    const request = { method: 'PATCH', path: pathOf(name), json: patch } as const;
    return shownExecutor(await this.#ask<ExecutorWire>(request));
  }

  async remove(name: string): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: pathOf(name) });
  }

  async #ask<Answer>(request: ApiRequest): Promise<Answer> {
    return (await this.#client.json(request)) as Answer; // what these routes say they give
  }
}

function pathOf(name: string): string {
  return `/v1/executors/${encodeURIComponent(name)}`;
}

function shownExecutor(executor: ExecutorWire): ShownExecutor {
  return {
    name: executor.name,
    kind: executor.kind,
    runtimeVersion: executor.runtime_version,
    memoryMb: executor.memory_limit_mb,
    timeoutSeconds: executor.timeout_seconds,
    hasNetwork: executor.network,
    json: executor,
  };
}
