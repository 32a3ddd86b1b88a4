import type { EntityDesk, ShownEntity } from '../engine/handlers/entity-desk.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';
import { pause, type ApiClient, type ApiRequest } from './api-client.ts';

const PATH = '/v1/entities';
const ASK_EVERY_MS = 1_000;
/** A start is waited for so long at a time. */
const WAIT_SECONDS = 60;
const OVER = new Set(['completed', 'failed', 'removed']);

interface EntityWire extends JsonObject {
  readonly uid: string;
  readonly status: string;
  readonly message: string;
  readonly run_status: string;
  readonly entity: { readonly label?: string };
}

interface HandlersWire {
  readonly data: readonly {
    readonly supported_types: readonly string[];
    readonly description: string;
    readonly origin: string;
    readonly language: string;
  }[];
  readonly problems: readonly { readonly file: string; readonly message: string }[];
}

/** What the handlers of a server run, through its HTTP API. */
export class RemoteEntities implements EntityDesk {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async handlers(): ReturnType<EntityDesk['handlers']> {
    const { data, problems } = await this.#ask<HandlersWire>({
      method: 'GET',
      path: '/v1/handlers',
    });
    const handlers = data.map((json) => ({
      supportedTypes: json.supported_types,
      description: json.description,
      origin: json.origin,
      language: json.language,
      json,
    }));
    return { handlers, problems };
  }

  async start(
    { entity, token }: Parameters<EntityDesk['start']>[0],
    { waits, signal }: Parameters<EntityDesk['start']>[1],
  ): Promise<ShownEntity> {
    const json = {
      entity,
      ...(token === undefined ? {} : { token }),
      ...(waits ? { wait: WAIT_SECONDS } : {}),
    };
    let started = await this.#ask<EntityWire>({ method: 'POST', path: PATH, json, signal });
    if (!waits) return shownEntity(started);
    while (!isOver(started) && !signal.aborted) {
      await pause(ASK_EVERY_MS, signal).catch(() => undefined);
      started = await this.#ask<EntityWire>({ method: 'GET', path: pathOf(started.uid) });
    }
    return shownEntity(started);
  }

  async status(uid: string): Promise<ShownEntity> {
    return shownEntity(await this.#ask<EntityWire>({ method: 'GET', path: pathOf(uid) }));
  }

  async stop(uid: string): Promise<ShownEntity> {
    return shownEntity(await this.#ask<EntityWire>({ method: 'DELETE', path: pathOf(uid) }));
  }

  async result(uid: string): ReturnType<EntityDesk['result']> {
    const path = `${pathOf(uid)}/result`;
    const { message, result } = await this.#ask<{
      readonly message: string;
      readonly result: string;
    }>({ method: 'GET', path });
    return { message, content: Buffer.from(result, 'base64') };
  }

  async #ask<Answer>(request: ApiRequest): Promise<Answer> {
    return (await this.#client.json(request)) as Answer; // what these routes say they give
  }
}

function pathOf(uid: string): string {
  return `${PATH}/${encodeURIComponent(uid)}`;
}

/** A run that broke off is over too. */
function isOver({ status, run_status: run }: EntityWire): boolean {
  return OVER.has(status) || run === 'internal_error' || run === 'paused' || run === 'stopped';
}

function shownEntity(json: EntityWire): ShownEntity {
  const { uid, status, message, entity } = json;
  return { uid, label: entity.label, status, message, json };
}
