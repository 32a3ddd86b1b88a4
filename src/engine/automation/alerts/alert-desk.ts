type JsonObject = Readonly<Record<string, unknown>>;

/** An alert of a server, for a person. */
export interface ShownAlert {
  readonly id: string;
  readonly name: string;
  /** `job job_…`, `account`. */
  readonly scope: string;
  /** `failures count=3`. */
  readonly condition: string;
  /** Addresses, and ids of webhooks. */
  readonly tells: readonly string[];
  readonly isPaused: boolean;
  /** All of it, as the server says. */
  readonly json: JsonObject;
}

/** What an alert has found, for a person. */
export interface ShownIncident {
  readonly id: string;
  readonly openedAt: Date;
  readonly resolvedAt: Date | undefined;
  readonly isMuted: boolean;
  readonly summary: string;
  readonly json: JsonObject;
}

/** A message that an alert has sent, or will, for a person. */
export interface ShownAlertDelivery {
  readonly createdAt: Date;
  readonly type: string;
  readonly alert: string;
  readonly to: string;
  readonly status: string;
  readonly heldUntil: Date | undefined;
  readonly attempts: number;
  /** What went wrong with the last attempt; else what it says. */
  readonly words: string;
  readonly json: JsonObject;
}

/** The alerts of a server, by their names or ids. Throws `usage` for what none is called. */
export interface AlertDesk {
  list(): Promise<readonly ShownAlert[]>;
  show(name: string): Promise<ShownAlert & { readonly open: readonly ShownIncident[] }>;
  /** As `POST /v1/alerts` takes it. */
  add(alert: JsonObject): Promise<ShownAlert>;
  /** Makes a webhook for alerts; the secret, which signs its messages, is shown once. */
  addWebhook(url: string): Promise<{ readonly id: string; readonly secret: string }>;
  /** As `PATCH /v1/alerts/{alert_id}` takes it. */
  change(name: string, patch: JsonObject): Promise<ShownAlert>;
  remove(name: string): Promise<void>;
  /** Who is told. */
  test(name: string): Promise<readonly string[]>;
  /** The last message first. */
  log(limit: number): Promise<readonly ShownAlertDelivery[]>;
  /** The last incident first. */
  incidents(name: string | undefined, limit: number): Promise<readonly ShownIncident[]>;
}
