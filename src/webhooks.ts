import type { ApiPorts } from './api/api-ports.ts';
import { messageOf } from './engine/errors.ts';
import { WebhookDispatcher } from './engine/hosting/webhook-dispatcher.ts';
import type { Clock } from './engine/ports/clock.ts';
import type { WebhookStore } from './engine/ports/webhook-store.ts';
import { refusePrivateHost } from './system/public-address.ts';
import { webhookSender } from './system/send-webhook.ts';

interface WebhookOptions {
  readonly version: string;
  readonly allowsPrivateAddresses: boolean;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  readonly onError: (error: unknown, about: string | undefined) => void;
}

/** The webhooks of a server: their store, what delivers, and which addresses are called at all. */
export function openWebhooks(
  store: WebhookStore,
  { version, allowsPrivateAddresses, ...ports }: WebhookOptions,
): ApiPorts['webhooks'] & { open(): void; close(): Promise<void> } {
  const sender = webhookSender({ version, allowsPrivateAddresses });
  const dispatcher = new WebhookDispatcher({
    ...ports,
    store,
    send: sender.send,
    onDisabled: async ({ webhook }, reason) =>
      ports.onError(new Error(`webhook ${webhook.id} is disabled: ${reason}`), webhook.id),
  });
  return {
    store,
    open: () => dispatcher.open(),
    wake: () => dispatcher.wake(),
    whyNot(url) {
      try {
        if (!allowsPrivateAddresses) refusePrivateHost(new URL(url));
        return undefined;
      } catch (error) {
        return messageOf(error);
      }
    },
    async close() {
      await dispatcher.close();
      await sender.close();
    },
  };
}
