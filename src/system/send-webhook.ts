import { Webhook } from 'standardwebhooks';
import type { SendWebhook } from '../engine/hosting/webhook-dispatcher.ts';
import { guardedConnect } from './guarded-connect.ts';
import type { AddressRules } from './public-address.ts';

/** What is read of an answer. */
const BODY_BYTES = 2_048;

/**
 * Sends messages signed as Standard Webhooks has it, where the rules allow. No redirect is followed.
 */
export function webhookSender({
  version,
  rules,
}: {
  readonly version: string;
  readonly rules: AddressRules;
}): { readonly send: SendWebhook; close(): Promise<void> } {
  let opened: Promise<Sender> | undefined;
  return {
    async send({ id, payload, secrets, url, signal }) {
      const at = new Date();
      const signatures = secrets.map((secret) => new Webhook(secret).sign(id, at, payload));
      opened ??= openSender(rules);
      const { request, agent } = await opened;
      const answer = await request(url, {
        method: 'POST',
        dispatcher: agent,
        signal,
        headers: {
          'content-type': 'application/json',
          'user-agent': `rowmill/${version}`,
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
          'webhook-signature': signatures.join(' '),
        },
        body: payload,
      });
      const chunks: Buffer[] = [];
      let length = 0;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        length += chunk.length;
        if (length >= BODY_BYTES) break;
      }
      const body = Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8');
      return { status: answer.statusCode, body };
    },
    close: async () => (await opened)?.agent.close(),
  };
}

interface Sender {
  readonly request: typeof import('undici').request;
  readonly agent: import('undici').Agent;
}

/** undici is loaded by the first message: most servers send none. */
async function openSender(rules: AddressRules): Promise<Sender> {
  const { Agent, buildConnector, request } = await import('undici');
  const connect = guardedConnect(buildConnector, rules);
  return { request, agent: new Agent({ connect, connections: 8, keepAliveTimeout: 4_000 }) };
}
