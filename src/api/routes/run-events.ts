import { z } from 'zod';
import type { RunEvent } from '../../engine/ports/run-events.ts';
import { EVENT_STREAM_HEADERS, EventStream } from '../event-stream.ts';
import { ownRun } from '../own-run.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute } from '../route.ts';
import { streamedEvent, streamRunEvents } from '../stream-run-events.ts';
import { OneRun } from '../wire/run-wire.ts';

const tag = 'Runs';
const STREAM = {
  description: 'Events until one side ends them',
  content: 'text/event-stream',
  headers: EVENT_STREAM_HEADERS,
};
/** Of the stream of all runs: what changes how a run stands, not how far it is. */
const CHANGES = new Set(['queued', 'withdrawn', 'started', 'paused', 'interrupted', 'ended']);

export const runEventRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/runs/{run_id}/events',
    operationId: 'watchRun',
    tag,
    summary: 'What happens to a run, as it happens (server-sent events)',
    description: [
      'First what has happened, then what happens: `queued`, `withdrawn`, `started`, `progress` (at most four a second), `paused`, `interrupted`, `ended`. Ids are numbers from 1 without gaps: a client that comes back with the last it has seen, as `Last-Event-ID` or `after`, misses none and gets none twice, through a restart of the server too.',
      'Old events of progress are not kept for ever; `pruned` stands for those of the numbers `from` to `to`.',
      'The stream ends behind `ended`, unless `follow` is true; a browser that comes back after that is answered 204 and stays away.',
    ].join('\n\n'),
    scope: 'runs:read',
    params: OneRun,
    query: z.object({
      after: z.coerce.number().int().min(0).default(0),
      follow: z.enum(['true', 'false']).default('false'),
    }),
    responses: {
      200: STREAM,
      204: { description: 'The run has ended and there is nothing behind the number' },
    },
    handle: async (call) => {
      const run = await ownRun(call);
      const { context, ports, query } = call;
      const { runId } = run.record;
      const after = lastSeen(context.get('last-event-id')) ?? query.after;
      const follow = query.follow === 'true';
      await ports.host.tellMissed(run);
      if (!follow && after > 0) {
        const last = await ports.feed.last(runId);
        if (last?.type === 'ended' && last.number <= after) return { status: 204 };
      }
      if (context.method === 'HEAD') return emptyStream(context);
      await streamRunEvents(new EventStream(context), ports.feed, { runId, after, follow });
      return 'sent';
    },
  }),
  route({
    method: 'GET',
    path: '/v1/events/runs',
    operationId: 'watchRuns',
    tag,
    summary: 'What happens to all runs of the account, from now on (server-sent events)',
    description:
      'That a run was queued, started, paused, ended: not how far it is. These events have no ids, and what happens while nobody listens is not told again: list the runs after connecting.',
    scope: 'runs:read',
    responses: { 200: STREAM },
    handle: async ({ context, ports, actor }) => {
      if (context.method === 'HEAD') return emptyStream(context);
      const stream = new EventStream(context);
      const tell = async (event: RunEvent): Promise<void> => {
        const { accountId } = await ports.store.get(event.runId);
        const { type, data } = streamedEvent(event);
        if (accountId === actor.accountId) stream.send({ type, data });
      };
      let told = Promise.resolve();
      const unclose = ports.feed.onClose(() => stream.end());
      const unwatch = ports.feed.watchAll((event) => {
        // One after the other; of a run that was deleted meanwhile nothing is told.
        if (CHANGES.has(event.type)) told = told.then(() => tell(event)).catch(() => undefined);
      });
      await stream.closed;
      unwatch();
      unclose();
      return 'sent';
    },
  }),
];

/** A client that comes back says what it has seen last. */
function lastSeen(header: string): number | undefined {
  if (header === '') return undefined;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw new ApiProblem('bad_request', 'header.last-event-id is not the id of an event of ours');
}

function emptyStream(context: EventStreamContext): 'sent' {
  context.status = 200;
  context.type = 'text/event-stream';
  context.set({ 'X-Accel-Buffering': 'no' });
  return 'sent';
}

type EventStreamContext = ConstructorParameters<typeof EventStream>[0];
