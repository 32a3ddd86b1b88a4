import { z } from 'zod';
import { newFiring } from '../../engine/automation/new-firing.ts';
import { VERDICTS, type Firing } from '../../engine/ports/firing-store.ts';
import { ownSchedule } from '../own-schedule.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { route, type AnyRoute } from '../route.ts';
import { FiringBody, firingWire, OneSchedule } from '../wire/schedule-wire.ts';

const tag = 'Schedules';

export const firingRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/schedules/{schedule_id}/firings',
    operationId: 'listFirings',
    tag,
    summary: 'Every due time and what became of it, the last one first; kept for 90 days',
    scope: 'runs:read',
    params: OneSchedule,
    query: PageQuery.extend({
      verdict: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(z.enum(VERDICTS)))
        .optional(),
    }),
    responses: { 200: pageResponse('A page', FiringBody) },
    handle: async (call) => {
      const { query, ports, context } = call;
      const { id: scheduleId } = await ownSchedule(call);
      return pageReply<Firing>(query, {
        context,
        wire: firingWire,
        // The place in this list is the due time, not when the firing was written down.
        list: async ({ limit, after }) => {
          const firings = await ports.schedules.firings.page(scheduleId, {
            limit,
            after: after && { dueMs: after.createdAtMs, id: after.id },
            verdict: query.verdict,
          });
          return firings.map((firing) => Object.assign(firing, { createdAtMs: firing.dueMs }));
        },
      });
    },
  }),
  route({
    method: 'POST',
    path: '/v1/schedules/{schedule_id}/fire',
    operationId: 'fireSchedule',
    tag,
    summary: 'Let a schedule fire now, also while it is paused',
    description: 'Its `overlap` holds for this too. Ask for the firings to see what became of it.',
    scope: 'runs:write',
    params: OneSchedule,
    responses: { 202: { description: 'The firing, which waits', schema: FiringBody } },
    handle: async (call) => {
      const { ports } = call;
      const { trigger } = await ownSchedule(call);
      const { firings, makeFiringId, wake } = ports.schedules;
      const id = call.reservedId?.('fir') ?? makeFiringId();
      const dueMs = Math.floor(ports.clock.now());
      const firing = newFiring(trigger, () => id, { dueMs, item: `manual:${id}` });
      await firings.add([firing]);
      wake();
      const kept = await firings.get(id);
      if (kept === undefined) throw new Error(`the firing ${id} was not kept`);
      return { status: 202, json: firingWire(kept) };
    },
  }),
];
