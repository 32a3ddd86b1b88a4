import { z } from 'zod';
import { RUN_STATUSES } from '../../engine/run/status.ts';
import { cursorOf, readCursor } from '../cursor.ts';
import { ownRun } from '../own-run.ts';
import { route, type AnyRoute } from '../route.ts';
import { OneRun, Run, runWire } from '../wire/run-wire.ts';

const tag = 'Runs';
const RUN_RESPONSE = { description: 'The run', schema: Run };

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
      status: z
        .string()
        .transform((text) => text.split(','))
        .pipe(z.array(z.enum(RUN_STATUSES)))
        .optional(),
      task: z.string().optional(),
    }),
    responses: {
      200: {
        description: 'A page; `Link: rel="next"` where there is another',
        schema: z.object({ data: z.array(Run), next: z.string().nullable() }),
        headers: { Link: 'The next page, where there is one' },
      },
    },
    handle: async ({ query, actor, ports, context }) => {
      const { limit, after, status, task } = query;
      const { runs, hasMore } = await ports.store.page({
        accountId: actor.accountId,
        limit,
        status,
        task,
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
      return { status: 200, json: { data: runs.map(runWire), next }, headers };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/runs/{run_id}',
    operationId: 'getRun',
    tag,
    summary: 'One run',
    scope: 'runs:read',
    params: OneRun,
    responses: { 200: RUN_RESPONSE },
    handle: async (call) => ({ status: 200, json: runWire(await ownRun(call)) }),
  }),
  route({
    method: 'DELETE',
    path: '/v1/runs/{run_id}',
    operationId: 'deleteRun',
    tag,
    summary: 'Remove a run with its files',
    scope: 'runs:write',
    params: OneRun,
    responses: { 204: { description: 'It is gone' } },
    handle: async (call) => {
      const { record } = await ownRun(call);
      await call.ports.control.delete(record.runId);
      if (record.input.kind === 'file') await call.ports.uploads.remove(record.input.path);
      return { status: 204 };
    },
  }),
];
