/** What a webhook can be told. `alert`: nothing but what alerts tell that name it. */
export const WEBHOOK_EVENTS = ['run.started', 'run.paused', 'run.ended', 'alert'] as const;

type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** Where an account wants to be called. */
export interface Webhook {
  readonly id: string;
  readonly accountId: string;
  /** Of one run only; undefined for all of the account. */
  readonly runId: string | undefined;
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  readonly description: string | undefined;
  readonly isEnabled: boolean;
  /** Why it is not, where nobody said so. */
  readonly disabledReason: string | undefined;
  /** Attempts that failed since the last one that did not. */
  readonly failures: number;
  readonly createdAtMs: number;
}

/** `whsec_…`, and those that were replaced a short while ago: what is signed is signed with each. */
export type WebhookSecrets = readonly [string, ...string[]];

export type NewWebhook = Pick<
  Webhook,
  'id' | 'accountId' | 'runId' | 'url' | 'events' | 'description'
> & { readonly secret: string };

/** One attempt to deliver. */
export interface WebhookAttempt {
  readonly atMs: number;
  readonly durationMs: number;
  /** HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** The first bytes of the answer. */
  readonly body: string | undefined;
  readonly error: string | undefined;
}

/** One message to one webhook. */
export interface WebhookDelivery {
  /** The `webhook-id` of the message: the same at every attempt. */
  readonly id: string;
  readonly webhookId: string;
  readonly runId: string | undefined;
  readonly type: string;
  /** The body, as it is sent. */
  readonly payload: string;
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly createdAtMs: number;
  /** Of the next attempt; undefined when there is none. */
  readonly dueAtMs: number | undefined;
  /** Oldest first. */
  readonly attempts: readonly WebhookAttempt[];
}

/** A delivery whose turn has come, claimed by this server for a while. */
export interface DueDelivery extends WebhookDelivery {
  readonly webhook: Webhook;
  readonly secrets: WebhookSecrets;
}

/** What becomes of a delivery after an attempt. */
export interface DeliveryOutcome {
  readonly attempt: WebhookAttempt;
  readonly status: WebhookDelivery['status'];
  /** How long to wait for the next attempt of a pending one. */
  readonly retryAfterMs: number | undefined;
}

interface Page {
  readonly limit: number;
  readonly after?: { readonly createdAtMs: number; readonly id: string } | undefined;
}

/** Where webhooks and what is delivered to them live. Deliveries are made with the events of runs. */
export interface WebhookStore {
  /** Does nothing where there is one of this id. */
  create(webhook: NewWebhook): Promise<Webhook>;
  /** Undefined where the account has none of this id. */
  get(accountId: string, webhookId: string): Promise<Webhook | undefined>;
  /** Newest first: those of a run, or those of the account. */
  page(
    accountId: string,
    page: Page & { readonly runId?: string | undefined },
  ): Promise<readonly Webhook[]>;
  update(
    webhookId: string,
    change: Partial<Pick<Webhook, 'url' | 'events' | 'description' | 'isEnabled'>> & {
      readonly disabledReason?: string | undefined;
    },
  ): Promise<void>;
  /** The secret of before still signs for a day. */
  rotate(webhookId: string, secret: string): Promise<void>;
  delete(webhookId: string): Promise<void>;
  /** A message that no event made. */
  addDelivery(
    delivery: Pick<WebhookDelivery, 'id' | 'webhookId' | 'type' | 'payload'>,
  ): Promise<void>;
  getDelivery(webhookId: string, deliveryId: string): Promise<WebhookDelivery | undefined>;
  /** Newest first. */
  deliveries(webhookId: string, page: Page): Promise<readonly WebhookDelivery[]>;
  /** Makes a delivery due now, whatever became of it before. */
  resend(deliveryId: string): Promise<void>;
  /** Claims due deliveries of webhooks that are enabled: nobody else has them for a minute. */
  claimDue(limit: number): Promise<readonly DueDelivery[]>;
  /** Keeps an attempt; gives how many have failed in a row. */
  settle(delivery: WebhookDelivery, outcome: DeliveryOutcome): Promise<number>;
  /** Forgets deliveries that were made so long ago, by the clock of the store; gives how many. */
  prune(olderThanMs: number): Promise<number>;
}
