import { z } from 'zod';
import { RUN_STATUSES } from '../../engine/run/status.ts';
import { cursorOf, readCursor } from '../cursor.ts';
import { mayDo } from '../actor.ts';
import { ownRun } from '../own-run.ts';
import { ApiProblem } from '../problem.ts';
import { removeRun } from '../remove-run.ts';
import { route, type AnyRoute } from '../route.ts';
import { OneRun, Run, runWire, RunId, runWithFamilyWire, RunWithFamily } from '../wire/run-wire.ts';

const tag = 'Runs';

/** To count more takes longer than anybody looks at the number. */
const MOST_COUNTED = 10_000;
const time = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .optional();

export const runRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/runs',
    operationId: 'listRuns',
    tag,
    summary: 'Runs, newest first',
    scope: 'runs:read',
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(50),
      after: z.string().optional(),
      created_after: time.meta({ description: 'Made then or later' }),
      created_before: time.meta({ description: 'Made before then' }),
      file_name: z.string().min(1).max(255).optional().meta({
        description: "The file's name has this in it, in letters of whatever case",
      }),
      parent: RunId.optional().meta({ description: 'The run that they came from' }),
      count: z
        .enum(['capped'])
        .optional()
        .meta({
          description: `\`capped\`: the answer has \`count\`, how many fit, looked for up to ${MOST_COUNTED}`,
        }),
      status: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(z.enum(RUN_STATUSES)))
        .optional(),
      task: z.string().optional(),
      deleted: z.enum(['true', 'false']).optional().meta({
        description: '`true`: those that were deleted and are not purged yet',
      }),
    }),
    responses: {
      200: {
        description: 'A page; `Link: rel="next"` where there is another',
        schema: z.object({
          data: z.array(Run),
          next: z.string().nullable(),
          count: z
            .object({ value: z.int(), is_capped: z.boolean() })
            .optional()
            .meta({ description: '`is_capped`: there are more than `value`' }),
        }),
        headers: { Link: 'The next page, where there is one' },
      },
    },
    handle: async ({ query, actor, ports, context }) => {
      const { limit, after } = query;
      const filter = {
        accountId: actor.accountId,
        status: query.status,
        task: query.task,
        isDeleted: query.deleted === 'true',
        fileName: query.file_name,
        parentId: query.parent,
        createdFromMs: query.created_after,
        createdBeforeMs: query.created_before,
      };
      const { runs, hasMore } = await ports.store.page({
        ...filter,
        limit,
        after: after === undefined ? undefined : readCursor(after),
      });
      const last = runs.at(-1);
      const next = hasMore && last !== undefined ? cursorOf(last) : null;
      const headers: Record<string, string> = {};
      if (next !== null) {
        const url = new URL(context.url, 'http://localhost');
        url.searchParams.set('after', next);
        headers['Link'] = `<${url.pathname}${url.search}>; rel="next"`;
      }
      const found =
        query.count === undefined ? undefined : await ports.store.count(filter, MOST_COUNTED + 1);
      const count = found !== undefined && {
        count: { value: Math.min(found, MOST_COUNTED), is_capped: found > MOST_COUNTED },
      };
      return { status: 200, json: { data: runs.map(runWire), next, ...count }, headers };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/runs/{run_id}',
    operationId: 'getRun',
    tag,
    summary: 'One run, with those that came from it',
    scope: 'runs:read',
    params: OneRun,
    responses: { 200: { description: 'The run', schema: RunWithFamily } },
    handle: async (call) => {
      const run = await ownRun(call);
      const family = await call.ports.families.summary(run);
      return { status: 200, json: runWithFamilyWire(run, family) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/runs/{run_id}',
    operationId: 'deleteRun',
    tag,
    summary: 'Delete a run; until it is purged it can be restored',
    description:
      'It is out of sight at once, and purged with its files after 30 days (setting `keepDeletedDays`) by the job `purge` of the system.\n\nA run whose rows were done again or undone by other runs is needed by those: it is refused (`run_has_children`), unless they go with it (`with_children=true`). Then all go, or none where one is at work.',
    scope: 'runs:write',
    params: OneRun,
    query: z.strictObject({
      with_children: z.enum(['true', 'false']).default('false'),
      purge: z.enum(['true', 'false']).default('false').meta({
        description: '`true`: it is gone for good, at once',
      }),
    }),
    responses: { 204: { description: 'It is gone' } },
    problems: ['run_has_children', 'files_elsewhere'],
    handle: async (call) => {
      const { with_children: children, purge } = call.query;
      const how = { withChildren: children === 'true', isFinal: purge === 'true' };
      await removeRun(await ownRun(call), call, how);
      return { status: 204 };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/runs/{run_id}/restore',
    operationId: 'restoreRun',
    tag,
    summary: 'Bring a deleted run back, with those that it came from',
    description:
      'What was queued when it was deleted is not: start it. Deleted runs: `GET /v1/runs?deleted=true`.',
    scope: 'runs:write',
    params: OneRun,
    responses: { 200: { description: 'The run', schema: Run } },
    problems: ['wrong_status'],
    handle: async (call) => {
      const { run_id: runId } = call.params;
      const { bin } = call.ports;
      const deleted = await bin.find(runId);
      const isOwn = deleted?.accountId === call.actor.accountId || mayDo(call.actor, 'admin');
      if (deleted === undefined || !isOwn) {
        await ownRun(call);
        throw new ApiProblem('wrong_status', `run ${runId} is not deleted`);
      }
      await bin.restore(runId);
      return { status: 200, json: runWire(await ownRun(call)) };
    },
  }),
];
