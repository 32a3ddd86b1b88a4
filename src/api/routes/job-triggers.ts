import { z } from 'zod';
import type { Job } from '../../engine/ports/job-store.ts';
import type { Schedule } from '../../engine/ports/schedule-store.ts';
import { ownJob } from '../own-job.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { Filter, OneEventName } from '../wire/event-wire.ts';
import { OneJob } from '../wire/job-wire.ts';
import { OverlapPolicy, ScheduleBody, scheduleWire } from '../wire/schedule-wire.ts';

const tag = 'Jobs';
const OneSubscription = OneJob.extend(OneEventName.shape);
const MOST_NAME = 100;
const DAY_MS = 24 * 60 * 60 * 1_000;

type SubscriptionCall = Pick<
  Call<z.output<typeof OneSubscription>>,
  'params' | 'actor' | 'ports' | 'reservedId'
>;

export const jobTriggerRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/jobs/{job_id}/triggers',
    operationId: 'listJobTriggers',
    tag,
    summary: 'What starts a job by itself: events that it waits for, and its schedules',
    scope: 'jobs:read',
    params: OneJob,
    responses: {
      200: { description: 'All of them', schema: z.object({ data: z.array(ScheduleBody) }) },
    },
    handle: async (call) => {
      const found = await triggersOf(await ownJob(call), call);
      return { status: 200, json: { data: found.map(scheduleWire) } };
    },
  }),
  route({
    method: 'PUT',
    path: '/v1/jobs/{job_id}/events/{object}/{event}',
    operationId: 'subscribeJob',
    tag,
    summary: 'Start a job at each event of this name that its filter lets through',
    description:
      'It is a schedule with a trigger of the kind `event`, and can be paused and removed as such. Said again, it takes the place of what was said before.',
    scope: 'jobs:admin',
    params: OneSubscription,
    body: z.strictObject({
      filter: Filter.default({}),
      overlap: OverlapPolicy.default('queue'),
    }),
    responses: {
      200: { description: 'It is changed', schema: ScheduleBody },
      201: { description: 'It is new', schema: ScheduleBody },
    },
    problems: ['conflict'],
    handle: async (call) => {
      const { ports, body, params } = call;
      const job = await ownJob(call);
      const { object, event } = params;
      const definition = { kind: 'event', object, event, filter: body.filter } as const;
      const before = await subscriptionOf(job, call);
      if (before === undefined) {
        const made = await subscribe(job, { call, definition, overlap: body.overlap });
        return { status: 201, json: scheduleWire(made) };
      }
      await ports.schedules.triggers.update(before.id, { definition, overlap: body.overlap });
      const changed = await ports.schedules.store.find(before.id);
      return { status: 200, json: scheduleWire(changed ?? before) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/jobs/{job_id}/events/{object}/{event}',
    operationId: 'unsubscribeJob',
    tag,
    summary: 'Start a job at this event no more',
    scope: 'jobs:admin',
    params: OneSubscription,
    responses: { 204: { description: 'It is gone' } },
    handle: async (call) => {
      const { object, event } = call.params;
      const found = await subscriptionOf(await ownJob(call), call);
      if (found === undefined) {
        throw new ApiProblem('not_found', `the job does not wait for ${object}.${event}`);
      }
      await call.ports.schedules.triggers.delete(found.id);
      return { status: 204 };
    },
  }),
];

async function triggersOf(
  { id }: Job,
  { ports }: Pick<Call, 'ports'>,
): Promise<readonly Schedule[]> {
  const triggers = await ports.schedules.triggers.ofJob(id);
  const found = await Promise.all(triggers.map((each) => ports.schedules.store.find(each.id)));
  return found.filter((schedule) => schedule !== undefined);
}

async function subscriptionOf(job: Job, call: SubscriptionCall): Promise<Schedule | undefined> {
  const { object, event } = call.params;
  return (await triggersOf(job, call)).find(
    ({ trigger: { definition } }) =>
      definition.kind === 'event' && definition.object === object && definition.event === event,
  );
}

async function subscribe(
  job: Job,
  {
    call: { params, actor, ports },
    definition,
    overlap,
  }: {
    readonly call: SubscriptionCall;
    readonly definition: Schedule['trigger']['definition'];
    readonly overlap: Schedule['trigger']['overlap'];
  },
): Promise<Schedule> {
  const id = ports.makeId('sch');
  const plain = `${job.latest.definition.name}: ${params.object}.${params.event}`;
  // A name can be too long, or taken by another schedule; an id is neither.
  for (const name of plain.length > MOST_NAME ? [id] : [plain, id]) {
    const schedule = await ports.schedules.store.create({
      id,
      name,
      accountId: actor.accountId,
      authAccountId: actor.authAccountId,
      work: { kind: 'job', jobId: job.id },
      arguments: {},
      trigger: {
        jobId: job.id,
        definition,
        missed: 'once',
        missedWindowMs: DAY_MS,
        overlap,
        isPaused: false,
        nextDueMs: undefined,
      },
    });
    if (schedule !== undefined) return schedule;
  }
  throw new ApiProblem('conflict', `the account has a schedule of the name ${id} already`);
}
