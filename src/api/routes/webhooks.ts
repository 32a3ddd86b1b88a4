import { z } from 'zod';
import type { Webhook } from '../../engine/ports/webhook-store.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { ApiProblem } from '../problem.ts';
import { refuseUrl } from '../refuse-url.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import {
  Delivery,
  deliveryWire,
  WebhookEvents,
  WebhookUrl,
  webhookWire,
  WebhookWire,
  WebhookWithSecret,
} from '../wire/webhook-wire.ts';

const tag = 'Webhooks';
const scope = 'webhooks:write';
const OneWebhook = z.object({ webhook_id: z.string() });
const OneDelivery = OneWebhook.extend({ delivery_id: z.string() });
const Description = z.string().max(200);

export const webhookRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/webhooks',
    operationId: 'createWebhook',
    tag,
    summary: 'Be called when runs begin, pause or end',
    description:
      'Messages are signed as Standard Webhooks has it. The secret is shown here and never again.\n\nA message that is not answered with 2xx is sent again after 5 s, 30 s, 2 min, 10 min, 30 min, 1 h, 3 h, 6 h, 12 h and 24 h. A webhook that fails too often is disabled. Messages may come twice and in any order: `webhook-id` and `event` tell.',
    scope,
    body: z.strictObject({
      url: WebhookUrl,
      events: WebhookEvents.default(['run.ended']),
      description: Description.optional(),
    }),
    responses: {
      201: {
        description: 'The webhook, with its secret',
        schema: WebhookWithSecret,
        headers: { Location: 'Where the webhook is' },
      },
    },
    handle: async ({ body: { url, events, description }, actor, ports, reservedId }) => {
      refuseUrl(url, { at: 'body.url', ports });
      const secret = ports.webhooks.makeSecret();
      const id = reservedId?.('whk') ?? ports.makeId('whk');
      const { accountId } = actor;
      const { store } = ports.webhooks;
      const webhook = await store.create({
        id,
        accountId,
        runId: undefined,
        url,
        events,
        description,
        secret,
      });
      return {
        status: 201,
        json: { ...webhookWire(webhook), secret },
        headers: { Location: `/v1/webhooks/${id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/webhooks',
    operationId: 'listWebhooks',
    tag,
    summary: 'Webhooks of the account, or of one run',
    scope,
    query: PageQuery.extend({
      run_id: z.string().optional().meta({ description: 'Those of this run only' }),
    }),
    responses: { 200: pageResponse('A page, newest first', WebhookWire) },
    handle: ({ query, actor, ports, context }) =>
      pageReply(query, {
        context,
        wire: webhookWire,
        list: (page) =>
          ports.webhooks.store.page(actor.accountId, { ...page, runId: query.run_id }),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/webhooks/{webhook_id}',
    operationId: 'getWebhook',
    tag,
    summary: 'One webhook',
    scope,
    params: OneWebhook,
    responses: { 200: { description: 'The webhook', schema: WebhookWire } },
    handle: async (call) => ({ status: 200, json: webhookWire(await ownWebhook(call)) }),
  }),
  route({
    method: 'PATCH',
    path: '/v1/webhooks/{webhook_id}',
    operationId: 'changeWebhook',
    tag,
    summary: 'Change, disable or enable a webhook',
    description: 'What waited while it was disabled is delivered once it is enabled.',
    scope,
    params: OneWebhook,
    body: z.strictObject({
      url: WebhookUrl.optional(),
      events: WebhookEvents.optional(),
      description: Description.nullable().optional(),
      is_enabled: z.boolean().optional(),
    }),
    responses: { 200: { description: 'The webhook', schema: WebhookWire } },
    handle: async (call) => {
      const { body, ports } = call;
      const { id } = await ownWebhook(call);
      if (body.url !== undefined) refuseUrl(body.url, { at: 'body.url', ports });
      await ports.webhooks.store.update(id, {
        ...(body.url === undefined ? {} : { url: body.url }),
        ...(body.events === undefined ? {} : { events: body.events }),
        ...('description' in body ? { description: body.description ?? undefined } : {}),
        ...(body.is_enabled === undefined ? {} : { isEnabled: body.is_enabled }),
      });
      ports.webhooks.wake();
      return { status: 200, json: webhookWire(await ownWebhook(call)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/webhooks/{webhook_id}',
    operationId: 'deleteWebhook',
    tag,
    summary: 'Remove a webhook with its deliveries',
    scope,
    params: OneWebhook,
    responses: { 204: { description: 'It is gone' } },
    handle: async (call) => {
      const { id } = await ownWebhook(call);
      await call.ports.webhooks.store.delete(id);
      return { status: 204 };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/webhooks/{webhook_id}/rotate-secret',
    operationId: 'rotateWebhookSecret',
    tag,
    summary: 'A new secret; the old one still signs for a day',
    scope,
    params: OneWebhook,
    responses: { 200: { description: 'The webhook, with its secret', schema: WebhookWithSecret } },
    handle: async (call) => {
      const webhook = await ownWebhook(call);
      const secret = call.ports.webhooks.makeSecret();
      await call.ports.webhooks.store.rotate(webhook.id, secret);
      return { status: 200, json: { ...webhookWire(webhook), secret } };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/webhooks/{webhook_id}/test',
    operationId: 'testWebhook',
    tag,
    summary: 'Send a message of type webhook.test',
    scope,
    params: OneWebhook,
    responses: {
      202: { description: 'The delivery: ask for it to see the answer', schema: Delivery },
    },
    handle: async (call) => {
      const { ports } = call;
      const webhook = await ownWebhook(call);
      if (!webhook.isEnabled) {
        throw new ApiProblem('conflict', `webhook ${webhook.id} is disabled: enable it first`);
      }
      const { webhooks } = ports;
      const id = ports.makeId('msg');
      const timestamp = new Date(ports.clock.now()).toISOString();
      const payload = JSON.stringify({
        type: 'webhook.test',
        timestamp,
        data: { webhook_id: webhook.id },
      });
      await webhooks.store.addDelivery({
        id,
        webhookId: webhook.id,
        type: 'webhook.test',
        payload,
      });
      webhooks.wake();
      return { status: 202, json: await deliveryJson(call, { webhook, deliveryId: id }) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/webhooks/{webhook_id}/deliveries',
    operationId: 'listDeliveries',
    tag,
    summary: 'What was sent, and what came back',
    scope,
    params: OneWebhook,
    query: PageQuery,
    responses: { 200: pageResponse('A page, newest first', Delivery) },
    handle: async (call) => {
      const { id } = await ownWebhook(call);
      const { query, context, ports } = call;
      return pageReply(query, {
        context,
        wire: deliveryWire,
        list: (page) => ports.webhooks.store.deliveries(id, page),
      });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/webhooks/{webhook_id}/deliveries/{delivery_id}',
    operationId: 'getDelivery',
    tag,
    summary: 'One message, with all attempts',
    scope,
    params: OneDelivery,
    responses: { 200: { description: 'The delivery', schema: Delivery } },
    handle: async (call) => ({
      status: 200,
      json: await deliveryJson(call, {
        webhook: await ownWebhook(call),
        deliveryId: call.params.delivery_id,
      }),
    }),
  }),
  route({
    method: 'POST',
    path: '/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/resend',
    operationId: 'resendDelivery',
    tag,
    summary: 'Send a message again, now',
    scope,
    params: OneDelivery,
    responses: { 202: { description: 'The delivery', schema: Delivery } },
    handle: async (call) => {
      const { ports, params } = call;
      const found = { webhook: await ownWebhook(call), deliveryId: params.delivery_id };
      await deliveryJson(call, found);
      await ports.webhooks.store.resend(found.deliveryId);
      ports.webhooks.wake();
      return { status: 202, json: await deliveryJson(call, found) };
    },
  }),
];

type OfWebhook = Pick<Call<z.output<typeof OneWebhook>>, 'params' | 'actor' | 'ports'>;

async function ownWebhook({ params, actor, ports }: OfWebhook): Promise<Webhook> {
  const { webhook_id: id } = params;
  const webhook = await ports.webhooks.store.get(actor.accountId, id);
  if (webhook === undefined) throw new ApiProblem('not_found', `there is no webhook ${id}`);
  return webhook;
}

async function deliveryJson(
  { ports }: OfWebhook,
  { webhook, deliveryId }: { readonly webhook: Webhook; readonly deliveryId: string },
) {
  const delivery = await ports.webhooks.store.getDelivery(webhook.id, deliveryId);
  if (delivery !== undefined) return deliveryWire(delivery);
  throw new ApiProblem('not_found', `webhook ${webhook.id} has no delivery ${deliveryId}`);
}
