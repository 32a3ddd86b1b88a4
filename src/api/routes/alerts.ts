import { z } from 'zod';
import type { AlertRule } from '../../engine/automation/alerts/alert-rule.ts';
import type { AlertDelivery, AlertIncident } from '../../engine/ports/alert-store.ts';
import { channelsOf, channelUrls, ownAlert, refuseScope } from '../alert-rules.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import {
  AlertBody,
  AlertDeliveryBody,
  alertDeliveryWire,
  AlertPatch,
  alertWire,
  emailOf,
  IncidentBody,
  incidentWire,
  NewAlert,
  OneAlert,
} from '../wire/alert-wire.ts';

const tag = 'Alerts';
const scope = 'alerts:write';
const ALERT = { description: 'The alert', schema: AlertBody };

export const alertRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/alerts',
    operationId: 'createAlert',
    tag,
    summary: 'Tell somebody when runs fail, do not happen, or have no rows',
    description:
      'What is wrong is told once for as long as it lasts, and once when it is over: by webhooks (messages `alert.opened` and `alert.resolved`) and by mail.',
    scope,
    body: NewAlert,
    responses: { 201: { ...ALERT, headers: { Location: 'Where the alert is' } } },
    problems: ['task_not_found', 'conflict'],
    handle: async (call) => {
      const { body, actor, ports } = call;
      await refuseScope(body.scope, body.condition, call);
      const id = call.reservedId?.('alr') ?? ports.makeId('alr');
      const rule = await ports.alerts.store.create({
        id,
        accountId: actor.accountId,
        name: body.name,
        scope: body.scope,
        condition: body.condition,
        tellsRecovery: body.recovery,
        quietMs: body.quiet * 1_000,
        quietHours: body.quiet_hours ?? undefined,
        channels: await channelsOf(body, call),
        isPaused: body.paused,
      });
      if (rule === undefined) throw nameTaken(body.name);
      return {
        status: 201,
        json: alertWire(rule, await channelUrls([rule], call)),
        headers: { Location: `/v1/alerts/${id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/alerts',
    operationId: 'listAlerts',
    tag,
    summary: 'Alerts of the account, newest first',
    scope,
    query: PageQuery.extend({ name: z.string().max(200).optional() }),
    responses: { 200: pageResponse('A page', AlertBody) },
    handle: async (call) => {
      const { query, actor, ports, context } = call;
      let urls: ReadonlyMap<string, string> = new Map();
      return pageReply<AlertRule>(query, {
        context,
        wire: (rule) => alertWire(rule, urls),
        list: async (page) => {
          const request = { ...page, name: query.name };
          const rules = await ports.alerts.store.page(actor.accountId, request);
          urls = await channelUrls(rules, call);
          return rules;
        },
      });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/alerts/incidents',
    operationId: 'listAlertIncidents',
    tag,
    summary: 'What alerts have found, and whether it lasts, newest first',
    scope,
    query: PageQuery.extend({
      alert: z.string().max(100).optional().meta({ description: 'Of this alert only' }),
      open: z
        .enum(['true', 'false'])
        .optional()
        .meta({ description: 'Only what lasts, or is over' }),
    }),
    responses: { 200: pageResponse('A page', IncidentBody) },
    handle: ({ query, actor, ports, context }) =>
      pageReply<AlertIncident & { readonly createdAtMs: number }>(query, {
        context,
        wire: incidentWire,
        list: async (page) => {
          const incidents = await ports.alerts.store.incidents(actor.accountId, {
            ...page,
            ruleId: query.alert,
            isOpen: query.open === undefined ? undefined : query.open === 'true',
          });
          return incidents.map((each) => Object.assign(each, { createdAtMs: each.openedAtMs }));
        },
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/alerts/deliveries',
    operationId: 'listAlertDeliveries',
    tag,
    summary: 'What was told to whom, and whether it came there, newest first; kept for a month',
    scope,
    query: PageQuery,
    responses: { 200: pageResponse('A page', AlertDeliveryBody) },
    handle: ({ query, actor, ports, context }) =>
      pageReply<AlertDelivery>(query, {
        context,
        wire: alertDeliveryWire,
        list: (page) => ports.alerts.store.deliveries(actor.accountId, page),
      }),
  }),
  route({
    method: 'GET',
    path: '/v1/alerts/{alert_id}',
    operationId: 'getAlert',
    tag,
    summary: 'One alert',
    scope,
    params: OneAlert,
    responses: { 200: ALERT },
    handle: async (call) => ({ status: 200, json: await shown(call) }),
  }),
  route({
    method: 'PATCH',
    path: '/v1/alerts/{alert_id}',
    operationId: 'changeAlert',
    tag,
    summary: 'Change, pause or resume an alert',
    description: 'What is not named stays. A paused one looks at nothing.',
    scope,
    params: OneAlert,
    body: AlertPatch,
    responses: { 200: ALERT },
    problems: ['conflict'],
    handle: async (call) => {
      const { body, ports } = call;
      const rule = await ownAlert(call);
      const { name, condition, recovery, quiet, paused } = body;
      if (condition !== undefined) await refuseScope(rule.scope, condition, call);
      const before = alertWire(rule, await channelUrls([rule], call));
      const { webhooks = before.webhooks, emails = before.emails } = body;
      const isOther = body.webhooks !== undefined || body.emails !== undefined;
      const isNamed = await ports.alerts.store.update(rule.id, {
        ...(name === undefined ? {} : { name }),
        ...(condition === undefined ? {} : { condition }),
        ...(recovery === undefined ? {} : { tellsRecovery: recovery }),
        ...(quiet === undefined ? {} : { quietMs: quiet * 1_000 }),
        ...(body.quiet_hours === undefined ? {} : { quietHours: body.quiet_hours ?? undefined }),
        ...(paused === undefined ? {} : { isPaused: paused }),
        ...(isOther ? { channels: await channelsOf({ webhooks, emails }, call) } : {}),
      });
      if (!isNamed) throw nameTaken(name ?? rule.name);
      return { status: 200, json: await shown(call) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/alerts/{alert_id}',
    operationId: 'deleteAlert',
    tag,
    summary: 'Remove an alert with what it has found; what was sent stays in the log',
    scope,
    params: OneAlert,
    responses: { 204: { description: 'It is gone' } },
    handle: async (call) => {
      const { id } = await ownAlert(call);
      await call.ports.alerts.store.delete(id);
      return { status: 204 };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/alerts/{alert_id}/test',
    operationId: 'testAlert',
    tag,
    summary: 'Send a message of type alert.test to all who are told by an alert',
    scope,
    params: OneAlert,
    responses: {
      202: {
        description: 'Who is told: ask for the deliveries to see whether it came there',
        schema: z.object({ told: z.array(z.string()) }),
      },
    },
    handle: async (call) => {
      const rule = await ownAlert(call);
      const urls = await channelUrls([rule], call);
      await call.ports.alerts.test(rule);
      const told = [...urls.values()].map((url) => emailOf(url) ?? url);
      return { status: 202, json: { told } };
    },
  }),
];

async function shown(call: Call<z.output<typeof OneAlert>>) {
  const rule = await ownAlert(call);
  return alertWire(rule, await channelUrls([rule], call));
}

function nameTaken(name: string): ApiProblem {
  return new ApiProblem('conflict', `there is an alert ${name} already`);
}
