import type {
  AlertDesk,
  ShownAlert,
  ShownAlertDelivery,
  ShownIncident,
} from '../engine/automation/alerts/alert-desk.ts';
import { RowmillError } from '../engine/errors.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';
import { didYouMean } from '../engine/nearest-names.ts';
import type { ApiClient } from './api-client.ts';
import { pagesOf } from './pages.ts';

const PATH = '/v1/alerts';

interface AlertWire extends JsonObject {
  readonly id: string;
  readonly name: string;
  readonly scope: JsonObject & { readonly kind: string };
  readonly condition: JsonObject & { readonly kind: string };
  readonly webhooks: readonly string[];
  readonly emails: readonly string[];
  readonly paused: boolean;
}

interface IncidentWire extends JsonObject {
  readonly id: string;
  readonly opened_at: string;
  readonly resolved_at: string | null;
  readonly is_muted: boolean;
  readonly summary: string;
}

interface DeliveryWire extends JsonObject {
  readonly created_at: string;
  readonly type: string;
  readonly alert: string | null;
  readonly summary: string | null;
  readonly to: string;
  readonly status: string;
  readonly held_until: string | null;
  readonly attempts: number;
  readonly last_error: string | null;
}

/** The alerts of a server, through its HTTP API. What each answer is, its route says. */
export class RemoteAlerts implements AlertDesk {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async list(): Promise<readonly ShownAlert[]> {
    const alerts: ShownAlert[] = [];
    for await (const alert of this.#all()) alerts.push(shownAlert(alert));
    return alerts;
  }

  async show(name: string): Promise<ShownAlert & { readonly open: readonly ShownIncident[] }> {
    const alert = await this.#find(name);
    const open: ShownIncident[] = [];
    const query = { alert: alert.id, open: 'true' };
    for await (const each of pagesOf(this.#client, `${PATH}/incidents`, query)) {
      open.push(shownIncident(each as IncidentWire));
    }
    return { ...shownAlert(alert), open };
  }

  async add(alert: JsonObject): Promise<ShownAlert> {
    return shownAlert(
      (await this.#client.json({ method: 'POST', path: PATH, json: alert })) as AlertWire,
    );
  }

  async addWebhook(url: string): Promise<{ readonly id: string; readonly secret: string }> {
    const json = { url, events: ['alert'], description: 'told by alerts' };
    return (await this.#client.json({ method: 'POST', path: '/v1/webhooks', json })) as {
      readonly id: string;
      readonly secret: string;
    };
  }

  async change(name: string, patch: JsonObject): Promise<ShownAlert> {
    const path = await this.#path(name);
    return shownAlert(
      (await this.#client.json({ method: 'PATCH', path, json: patch })) as AlertWire,
    );
  }

  async remove(name: string): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: await this.#path(name) });
  }

  async test(name: string): Promise<readonly string[]> {
    const path = `${await this.#path(name)}/test`;
    const { told } = (await this.#client.json({ method: 'POST', path })) as {
      readonly told: readonly string[];
    };
    return told;
  }

  async log(limit: number): Promise<readonly ShownAlertDelivery[]> {
    const deliveries: ShownAlertDelivery[] = [];
    for await (const each of pagesOf(this.#client, `${PATH}/deliveries`, { limit })) {
      deliveries.push(shownDelivery(each as DeliveryWire));
    }
    return deliveries;
  }

  async incidents(name: string | undefined, limit: number): Promise<readonly ShownIncident[]> {
    const alert = name === undefined ? undefined : (await this.#find(name)).id;
    const incidents: ShownIncident[] = [];
    for await (const each of pagesOf(this.#client, `${PATH}/incidents`, { alert, limit })) {
      incidents.push(shownIncident(each as IncidentWire));
    }
    return incidents;
  }

  /** By its name, or by its id. */
  async #find(name: string): Promise<AlertWire> {
    const names: string[] = [];
    for await (const alert of this.#all()) {
      if (alert.name === name || alert.id === name) return alert;
      names.push(alert.name);
    }
    const there = names.length === 0 ? ' There are none.' : '';
    throw new RowmillError('usage', `there is no alert ${name}.${didYouMean(name, names)}${there}`);
  }

  #all(): AsyncIterable<AlertWire> {
    return pagesOf(this.#client, PATH) as AsyncIterable<AlertWire>;
  }

  async #path(name: string): Promise<string> {
    return `${PATH}/${encodeURIComponent((await this.#find(name)).id)}`;
  }
}

function shownAlert(alert: AlertWire): ShownAlert {
  return {
    id: alert.id,
    name: alert.name,
    scope: Object.values(alert.scope).map(String).join(' '),
    condition: wordsOf(alert.condition),
    tells: [...alert.emails, ...alert.webhooks],
    isPaused: alert.paused,
    json: alert,
  };
}

/** `failures count=3`. */
function wordsOf({ kind, ...fields }: JsonObject): string {
  const words = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
  return [String(kind), ...words].join(' ');
}

function shownIncident(incident: IncidentWire): ShownIncident {
  const { resolved_at: resolvedAt } = incident;
  return {
    id: incident.id,
    openedAt: new Date(incident.opened_at),
    resolvedAt: resolvedAt === null ? undefined : new Date(resolvedAt),
    isMuted: incident.is_muted,
    summary: incident.summary,
    json: incident,
  };
}

function shownDelivery(delivery: DeliveryWire): ShownAlertDelivery {
  const { held_until: heldUntil } = delivery;
  return {
    createdAt: new Date(delivery.created_at),
    type: delivery.type,
    alert: delivery.alert ?? '',
    to: delivery.to,
    status: delivery.status,
    heldUntil: heldUntil === null ? undefined : new Date(heldUntil),
    attempts: delivery.attempts,
    words: delivery.last_error ?? delivery.summary ?? '',
    json: delivery,
  };
}
