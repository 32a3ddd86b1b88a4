import { z } from 'zod';
import { explainFilter } from '../../engine/automation/event-filter.ts';
import type { Firing } from '../../engine/ports/firing-store.ts';
import type { KeptEvent } from '../../engine/ports/told-event-store.ts';
import type { ApiPorts } from '../api-ports.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import {
  ClauseBody,
  clauseWire,
  EventBody,
  EventKindBody,
  eventKindWire,
  eventWire,
  type Followed,
  Filter,
  NewEvent,
  NewEventKind,
  OneEvent,
  OneEventName,
  Payload,
} from '../wire/event-wire.ts';

const tag = 'Events';
const LOOK_EVERY_MS = 50;

export const eventRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/events',
    operationId: 'tellEvent',
    tag,
    summary: 'Tell an event: every job that waits for it and lets it through is started with it',
    description:
      'For each that waits: filter, then duplicates, then its turn and its rate, then a run. The answer says how far it came; ask for the event again to see more. An event that nobody waits for is kept too.',
    scope: 'jobs:trigger',
    body: NewEvent,
    responses: {
      201: {
        description: 'What became of it so far',
        schema: EventBody,
        headers: { Location: 'Where the event is' },
      },
    },
    handle: async (call) => {
      const { body, actor, ports } = call;
      const { catalogue, teller } = ports.events;
      if (catalogue.isOfServer(body)) {
        throw new ApiProblem(
          'bad_request',
          `body.event: ${body.object}.${body.event} is told by the server itself, by nobody else`,
        );
      }
      const { accountId } = actor;
      const { object, event, payload, wait = 0 } = body;
      const id = call.reservedId?.('evt') ?? ports.makeId('evt');
      const told = await teller.tell({ id, accountId, object, event, payload });
      const json = await decided(told, { seconds: wait, ...call });
      // Where somebody waits for it the name is right.
      const isHeard = told.deliveries.length > 0;
      const unknown = isHeard ? undefined : await catalogue.noticeOf(accountId, body);
      const notice = isHeard ? null : ['nobody waits for it.', unknown ?? []].flat().join(' ');
      return {
        status: 201,
        json: { ...json, notice },
        headers: { Location: `/v1/events/${id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/events',
    operationId: 'listEvents',
    tag,
    summary: 'Events that were told, the last one first; kept for 90 days',
    scope: 'jobs:read',
    query: PageQuery.extend(OneEventName.partial().shape),
    responses: { 200: pageResponse('A page', EventBody) },
    handle: async ({ query, actor, ports, context }) => {
      const firings = new Map<string, Firing>();
      const waiting = new Set<string>();
      return pageReply(query, {
        context,
        wire: (event: KeptEvent) => eventWire(event, { firings, waiting }),
        list: async (page) => {
          const { object, event } = query;
          const { accountId } = actor;
          const found = await ports.events.store.page({ ...page, accountId, object, event });
          const followed = await follow(found, ports);
          for (const [id, firing] of followed.firings) firings.set(id, firing);
          for (const runId of followed.waiting) waiting.add(runId);
          return found;
        },
      });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/events/catalogue',
    operationId: 'listEventKinds',
    tag,
    summary: 'Events that are known: those that the server tells, and those of the account',
    scope: 'jobs:read',
    responses: {
      200: { description: 'All of them', schema: z.object({ data: z.array(EventKindBody) }) },
    },
    handle: async ({ actor, ports }) => {
      const kinds = await ports.events.catalogue.list(actor.accountId);
      return { status: 200, json: { data: kinds.map(eventKindWire) } };
    },
  }),
  route({
    method: 'PUT',
    path: '/v1/events/catalogue/{object}/{event}',
    operationId: 'describeEvent',
    tag,
    summary: 'Say what an event of the account is',
    description:
      'It can be told without this. What is said stands in the catalogue, and names that are near it are pointed at.',
    scope: 'jobs:admin',
    params: OneEventName,
    body: NewEventKind,
    responses: {
      200: { description: 'It was there before', schema: EventKindBody },
      201: { description: 'It is new', schema: EventKindBody },
    },
    handle: async ({ params, body, actor, ports }) => {
      const { catalogue } = ports.events;
      if (catalogue.isOfServer(params)) {
        const message = `${params.object}.${params.event} is an event of the server`;
        throw new ApiProblem('bad_request', message);
      }
      const kind = { ...params, ...body };
      const wasThere = await catalogue.set(actor.accountId, kind);
      const json = eventKindWire({ ...kind, isOfServer: false });
      return { status: wasThere ? 200 : 201, json };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/events/catalogue/{object}/{event}',
    operationId: 'forgetEvent',
    tag,
    summary: 'Take an event out of the catalogue; jobs that wait for it still do',
    scope: 'jobs:admin',
    params: OneEventName,
    responses: { 204: { description: 'It is gone' } },
    handle: async ({ params, actor, ports }) => {
      if (await ports.events.catalogue.remove(actor.accountId, params)) return { status: 204 };
      const message = `the account says nothing of ${params.object}.${params.event}`;
      throw new ApiProblem('not_found', message);
    },
  }),
  route({
    method: 'POST',
    path: '/v1/events/test',
    operationId: 'testFilter',
    tag,
    summary: 'Whether a filter lets a payload through, and which of its conditions do not',
    scope: 'jobs:read',
    body: z.strictObject({ filter: Filter, payload: Payload }),
    responses: {
      200: {
        description: 'Each condition with what the payload makes of it',
        schema: z.object({ matches: z.boolean(), clauses: z.array(ClauseBody) }),
      },
    },
    handle: async ({ body: { filter, payload } }) => {
      const clauses = explainFilter(filter, payload);
      const matches = clauses.every(({ isMet }) => isMet);
      return { status: 200, json: { matches, clauses: clauses.map(clauseWire) } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/events/{event_id}',
    operationId: 'getEvent',
    tag,
    summary: 'One event, with what became of it at each that waits for it',
    scope: 'jobs:read',
    params: OneEvent,
    responses: { 200: { description: 'The event', schema: EventBody } },
    handle: async (call) => {
      const { params, actor, ports } = call;
      const found = await ports.events.store.find(params.event_id);
      if (found?.accountId !== actor.accountId) {
        throw new ApiProblem('not_found', `there is no event ${params.event_id}`);
      }
      return { status: 200, json: await decided(found, { seconds: 0, ...call }) };
    },
  }),
];

/** An event as it stands, when nobody has to decide about it any more, the time is up or nobody listens. */
async function decided(
  event: KeptEvent,
  { seconds, ports, context }: Pick<Call, 'ports' | 'context'> & { readonly seconds: number },
) {
  const untilMs = ports.clock.now() + seconds * 1_000;
  const stop = new AbortController();
  context.res.once('close', () => stop.abort());
  for (;;) {
    const followed = await follow([event], ports);
    const isOpen = [...followed.firings.values()].some(({ verdict }) => verdict === 'waiting');
    if (!isOpen || stop.signal.aborted || ports.clock.now() >= untilMs) {
      return eventWire(event, followed);
    }
    await ports.clock.sleep(LOOK_EVERY_MS, stop.signal);
  }
}

/** What became of events by now. */
async function follow(
  events: readonly KeptEvent[],
  { schedules, queues }: Pick<ApiPorts, 'schedules' | 'queues'>,
): Promise<Followed> {
  const ids = events.flatMap(({ deliveries }) => deliveries.map(({ firingId }) => firingId ?? []));
  const firings = await schedules.firings.getAll(ids.flat());
  const open = firings.filter(({ outcome }) => outcome === undefined);
  const entries = await queues.store.ofRuns(open.flatMap(({ runId }) => runId ?? []));
  const waiting = entries.filter(({ status }) => status === 'waiting' || status === 'starting');
  return {
    firings: new Map(firings.map((firing) => [firing.id, firing])),
    waiting: new Set(waiting.map(({ runId }) => runId)),
  };
}
