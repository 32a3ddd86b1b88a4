import { z } from 'zod';
import type { LeftFiles } from '../../engine/automation/claimed-files.ts';
import { nextOccurrences } from '../../engine/automation/occurrences.ts';
import {
  dueTimesOf,
  isArrival,
  isSamePlace,
  Trigger,
  zoneOf,
} from '../../engine/automation/read-trigger.ts';
import { noteLeft, releaseOrLeave } from '../leave-files.ts';
import { ownSchedule } from '../own-schedule.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute } from '../route.ts';
import {
  nameTaken,
  nextDueMs,
  overlapOf,
  refuseSftp,
  refuseTrigger,
  refuseWork,
  releaseFiles,
  workOf,
} from '../schedule-rules.ts';
import {
  LeftFilesBody,
  leftFilesWire,
  NewSchedule,
  OccurrenceBody,
  occurrenceWire,
  OneSchedule,
  ScheduleBody,
  SchedulePatch,
  scheduleWire,
} from '../wire/schedule-wire.ts';
import { JobName } from '../wire/job-definition-wire.ts';

const tag = 'Schedules';
const SCHEDULE_RESPONSE = { description: 'The schedule', schema: ScheduleBody };

export const scheduleRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/schedules',
    operationId: 'createSchedule',
    tag,
    summary: 'Start a task or a job at certain times, or when something happens',
    description:
      'A schedule fires once in the whole cluster, whichever server is there; every due time is kept with what became of it. To start a job the key needs `jobs:trigger` too, and to wait for files of an SFTP connection `jobs:admin`.',
    scope: 'runs:write',
    body: NewSchedule,
    responses: {
      201: { ...SCHEDULE_RESPONSE, headers: { Location: 'Where the schedule is' } },
    },
    problems: ['task_not_found', 'arguments_invalid', 'conflict'],
    handle: async (call) => {
      const { body, actor, ports } = call;
      const { accountId, authAccountId } = actor;
      refuseSftp(actor, body.trigger);
      const id = call.reservedId?.('sch') ?? ports.makeId('sch');
      const work = workOf(body);
      await refuseWork({ work, ...body }, call);
      await refuseTrigger(body.trigger, { id, ...call });
      const schedule = await ports.schedules.store.create({
        id,
        accountId,
        authAccountId,
        name: body.name,
        work,
        arguments: body.arguments,
        trigger: {
          jobId: work.kind === 'job' ? work.jobId : id,
          definition: body.trigger,
          missed: body.missed,
          missedWindowMs: body.missed_window * 1_000,
          overlap: overlapOf(body.trigger, body.overlap),
          isPaused: body.paused,
          nextDueMs: nextDueMs(body.trigger, { isPaused: body.paused, ports }),
        },
      });
      if (schedule === undefined) throw nameTaken(body.name);
      ports.schedules.wake();
      return {
        status: 201,
        json: scheduleWire(schedule),
        headers: { Location: `/v1/schedules/${id}` },
      };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/schedules',
    operationId: 'listSchedules',
    tag,
    summary: 'Schedules of the account, newest first',
    scope: 'runs:read',
    query: PageQuery.extend({ name: JobName.optional() }),
    responses: { 200: pageResponse('A page', ScheduleBody) },
    handle: ({ query, actor, ports, context }) =>
      pageReply(query, {
        context,
        wire: scheduleWire,
        list: (page) =>
          ports.schedules.store.page({ ...page, accountId: actor.accountId, name: query.name }),
      }),
  }),
  route({
    method: 'POST',
    path: '/v1/schedules/preview',
    operationId: 'previewSchedule',
    tag,
    summary: 'When a trigger would be due, and what summer time does to that',
    scope: 'runs:read',
    body: z.strictObject({
      trigger: Trigger,
      count: z.int().min(1).max(100).default(10),
      after: z.iso.datetime({ offset: true }).optional().meta({
        description: 'From when on; now if nothing is said',
      }),
    }),
    responses: {
      200: {
        description: 'The next due times; fewer where they end',
        schema: z.object({ zone: z.string(), data: z.array(OccurrenceBody) }),
      },
    },
    handle: async ({ body: { trigger, count, after }, ports }) => {
      const times = dueTimesOf(trigger);
      if (times === undefined) {
        throw new ApiProblem(
          'bad_request',
          `body.trigger.kind: ${trigger.kind} waits for something that happens: it has no times to show`,
        );
      }
      const zone = zoneOf(trigger);
      const afterMs = after === undefined ? ports.clock.now() : Date.parse(after);
      const data = nextOccurrences(times, { afterMs, zone, count }).map(occurrenceWire);
      return { status: 200, json: { zone, data } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/schedules/{schedule_id}',
    operationId: 'getSchedule',
    tag,
    summary: 'One schedule',
    scope: 'runs:read',
    params: OneSchedule,
    responses: { 200: SCHEDULE_RESPONSE },
    handle: async (call) => ({ status: 200, json: scheduleWire(await ownSchedule(call)) }),
  }),
  route({
    method: 'PATCH',
    path: '/v1/schedules/{schedule_id}',
    operationId: 'changeSchedule',
    tag,
    summary: 'Change, pause or resume a schedule',
    description:
      'What is not named stays. Times that passed while it was paused are not missed: it goes on with the next one. One that waits for files of an SFTP connection, before or after the change, takes `jobs:admin` too.',
    scope: 'runs:write',
    params: OneSchedule,
    body: SchedulePatch,
    responses: { 200: SCHEDULE_RESPONSE },
    problems: ['arguments_invalid', 'conflict', 'sftp_unreachable'],
    handle: async (call) => {
      const { body, actor, ports } = call;
      const before = await ownSchedule(call);
      const { id, trigger } = before;
      const definition = body.trigger ?? trigger.definition;
      refuseSftp(actor, trigger.definition, definition);
      if (body.arguments !== undefined || body.trigger !== undefined) {
        const args = body.arguments ?? before.arguments;
        await refuseWork({ work: before.work, arguments: args, trigger: definition }, call);
      }
      if (body.trigger !== undefined) await refuseTrigger(body.trigger, { id, ...call });
      const isNowArrival = isArrival(definition) && !isArrival(trigger.definition);
      const said = body.overlap ?? (isNowArrival ? undefined : trigger.overlap);
      const overlap = overlapOf(definition, said);
      const isPaused = body.paused ?? trigger.isPaused;
      const isNew = body.trigger !== undefined || isPaused !== trigger.isPaused;
      // It may be refused: before anything is changed, and before the files are let go of.
      const due = isNew ? { nextDueMs: nextDueMs(definition, { isPaused, ports }) } : {};
      const { name, arguments: args } = body;
      const isNamed = await ports.schedules.store.update(id, {
        ...(name === undefined ? {} : { name }),
        ...(args === undefined ? {} : { arguments: args }),
      });
      if (!isNamed) throw nameTaken(name ?? before.name);
      if (!isSamePlace(trigger.definition, definition)) await releaseFiles(trigger, ports);
      await ports.schedules.triggers.update(id, {
        definition,
        isPaused,
        overlap,
        missed: body.missed ?? trigger.missed,
        missedWindowMs:
          body.missed_window === undefined ? trigger.missedWindowMs : body.missed_window * 1_000,
        ...due,
      });
      ports.schedules.wake();
      return { status: 200, json: scheduleWire(await ownSchedule(call)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/schedules/{schedule_id}',
    operationId: 'deleteSchedule',
    tag,
    summary: 'Remove a schedule with its firings; runs that it has started stay',
    scope: 'runs:write',
    params: OneSchedule,
    description:
      'What it has claimed goes back to where it arrived. Where its folder cannot be looked into (it is gone, its SFTP server does not answer) it is refused, or, with `force=true`, removed all the same: the answer says where what it had claimed is left, and names the files that waited for a run, or whose run had ended and that were not put away yet; the audit has a line (`leaveFile`) for each of these, or one for the folder.',
    query: z.object({
      force: z.enum(['true', 'false']).default('false').meta({
        description: 'Also where its folder cannot be looked into',
      }),
    }),
    responses: {
      200: { description: 'It is gone, and left files behind', schema: LeftFilesBody },
      204: { description: 'It is gone' },
    },
    problems: ['sftp_unreachable', 'conflict'],
    handle: async (call) => {
      const { query, ports } = call;
      const { id, trigger } = await ownSchedule(call);
      let left: LeftFiles | undefined;
      if (query.force === 'true') left = await releaseOrLeave(trigger, ports);
      else await releaseFiles(trigger, ports);
      await ports.schedules.triggers.delete(id);
      if (left === undefined) return { status: 204 };
      await noteLeft(left, call);
      return { status: 200, json: leftFilesWire(left) };
    },
  }),
];
