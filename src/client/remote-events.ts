import type {
  EventDesk,
  ShownDelivery,
  ShownEvent,
  ShownEventKind,
} from '../engine/automation/event-desk.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';
import type { ApiClient, ApiRequest } from './api-client.ts';
import { pagesOf } from './pages.ts';

const PATH = '/v1/events';

interface EventName {
  readonly object: string;
  readonly event: string;
}

interface DeliveryWire {
  readonly name: string;
  readonly verdict: string;
  readonly run_id: string | null;
  readonly message: string | null;
  readonly unmet: readonly JsonObject[];
  readonly steps: { readonly run: string | null };
}

interface EventWire extends JsonObject, EventName {
  readonly id: string;
  readonly created_at: string;
  readonly deliveries: readonly DeliveryWire[];
  readonly notice: string | null;
}

interface EventKindWire extends JsonObject, EventName {
  readonly description: string;
  readonly of_server: boolean;
}

interface TestWire extends JsonObject {
  readonly matches: boolean;
  readonly clauses: readonly {
    readonly at: string;
    readonly clause: JsonObject;
    readonly met: boolean;
  }[];
}

/** The events of a server, through its HTTP API. */
export class RemoteEvents implements EventDesk {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async send(event: JsonObject): Promise<ShownEvent> {
    return shownEvent(await this.#ask<EventWire>({ method: 'POST', path: PATH, json: event }));
  }

  async list(filter: Parameters<EventDesk['list']>[0]): Promise<ShownEvent[]> {
    const events: ShownEvent[] = [];
    for await (const event of pagesOf(this.#client, PATH, filter)) {
      events.push(shownEvent(event as EventWire)); // what this route says that it gives
    }
    return events;
  }

  async show(eventId: string): Promise<ShownEvent> {
    const path = `${PATH}/${encodeURIComponent(eventId)}`;
    return shownEvent(await this.#ask<EventWire>({ method: 'GET', path }));
  }

  async catalogue(): Promise<ShownEventKind[]> {
    const { data } = await this.#ask<{ readonly data: readonly EventKindWire[] }>({
      method: 'GET',
      path: `${PATH}/catalogue`,
    });
    return data.map((kind) => ({
      name: nameOf(kind),
      description: kind.description,
      isOfServer: kind.of_server,
      json: kind,
    }));
  }

  async describe(name: EventName, kind: JsonObject): Promise<void> {
    await this.#client.json({ method: 'PUT', path: kindPath(name), json: kind });
  }

  async forget(name: EventName): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: kindPath(name) });
  }

  async test(filter: JsonObject, payload: JsonObject) {
    const json = await this.#ask<TestWire>({
      method: 'POST',
      path: `${PATH}/test`,
      json: { filter, payload },
    });
    const clauses = json.clauses.map(({ at, clause, met }) => ({ at, clause, isMet: met }));
    return { matches: json.matches, clauses, json };
  }

  async #ask<Answer>(request: ApiRequest): Promise<Answer> {
    return (await this.#client.json(request)) as Answer; // what these routes say they give
  }
}

function kindPath({ object, event }: EventName): string {
  return `${PATH}/catalogue/${encodeURIComponent(object)}/${encodeURIComponent(event)}`;
}

function nameOf({ object, event }: EventName): string {
  return `${object}.${event}`;
}

function shownEvent(event: EventWire): ShownEvent {
  return {
    id: event.id,
    name: nameOf(event),
    createdAt: new Date(event.created_at),
    deliveries: event.deliveries.map(shownDelivery),
    notice: event.notice ?? undefined,
    json: event,
  };
}

function shownDelivery(delivery: DeliveryWire): ShownDelivery {
  return {
    name: delivery.name,
    verdict: delivery.verdict,
    runId: delivery.run_id ?? undefined,
    message: delivery.message ?? undefined,
    unmet: delivery.unmet,
    run: delivery.steps.run ?? undefined,
  };
}
