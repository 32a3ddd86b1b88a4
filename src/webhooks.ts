import { randomBytes } from 'node:crypto';
import type { ApiPorts } from './api/api-ports.ts';
import { messageOf } from './engine/errors.ts';
import type { NoteDeed } from './engine/hosting/own-deeds.ts';
import { WebhookDispatcher } from './engine/hosting/webhook-dispatcher.ts';
import type { Clock } from './engine/ports/clock.ts';
import type { WebhookAttempt, WebhookStore } from './engine/ports/webhook-store.ts';
import { AddressRules } from './system/public-address.ts';
import { mailSender, type MailServer } from './system/send-mail.ts';
import { webhookSender } from './system/send-webhook.ts';

interface WebhookOptions {
  readonly version: string;
  /** What may be called beside the public internet. */
  readonly allowAddresses: readonly string[];
  /** Undefined where no mail is sent. */
  readonly mail: MailServer | undefined;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  readonly note: NoteDeed;
  readonly onAttempt: (attempt: WebhookAttempt) => void;
  readonly onError: (error: unknown, about: string | undefined) => void;
}

/** The webhooks of a server: their store, what delivers, and which addresses are called at all. */
export function openWebhooks(
  store: WebhookStore,
  { version, allowAddresses, mail, note, ...ports }: WebhookOptions,
): ApiPorts['webhooks'] & { open(): void; close(): Promise<void> } {
  const rules = new AddressRules(allowAddresses);
  const sender = webhookSender({ version, rules });
  const mailer = mail === undefined ? undefined : mailSender(mail);
  const dispatcher = new WebhookDispatcher({
    ...ports,
    store,
    send: (message) => {
      if (!message.url.startsWith('mailto:')) return sender.send(message);
      if (mailer !== undefined) return mailer.send(message);
      return Promise.reject(new Error('no SMTP server is set (setting smtpUrl)'));
    },
    onDisabled: async ({ webhook: { id, accountId } }, reason) => {
      ports.onError(new Error(`webhook ${id} is disabled: ${reason}`), id);
      await note({ action: 'disableWebhook', accountId, subject: id });
    },
  });
  return {
    store,
    open: () => dispatcher.open(),
    wake: () => dispatcher.wake(),
    makeSecret: () => `whsec_${randomBytes(32).toString('base64')}`,
    whyNot(url) {
      try {
        rules.refuseAddress(new URL(url).hostname);
        return undefined;
      } catch (error) {
        return messageOf(error);
      }
    },
    async close() {
      await dispatcher.close();
      await sender.close();
      await mailer?.close();
    },
  };
}
