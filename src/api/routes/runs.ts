import { z } from 'zod';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import { outputPathOf } from '../../engine/run/run-paths.ts';
import { RUN_STATUSES } from '../../engine/run/status.ts';
import { startRun, controlRun } from '../control-run.ts';
import { cursorOf, readCursor } from '../cursor.ts';
import { ownRun } from '../own-run.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute } from '../route.ts';
import { FILE_HEADERS, sendFile } from '../send-file.ts';
import { Run, RunId, runWire } from '../wire/run-wire.ts';

const tag = 'Runs';
const OneRun = z.object({ run_id: RunId });
const SUMMARIES = {
  pause: 'Pause a run between two rows',
  resume: 'Go on with a run that is paused, stopped or broken off',
  stop: 'Stop a run; its output so far is complete',
};
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
    method: 'POST',
    path: '/v1/runs/{run_id}/start',
    operationId: 'startRun',
    tag,
    summary: 'Start a run that waits',
    scope: 'runs:write',
    params: OneRun,
    responses: { 202: RUN_RESPONSE },
    handle: async (call) => {
      const run = await ownRun(call);
      await startRun(run, call.ports);
      return accepted(run, call.ports);
    },
  }),
  ...(['pause', 'resume', 'stop'] as const).map((asked) =>
    route({
      method: 'POST',
      path: `/v1/runs/{run_id}/${asked}`,
      operationId: `${asked}Run`,
      tag,
      summary: SUMMARIES[asked],
      scope: 'runs:write',
      params: OneRun,
      responses: { 202: RUN_RESPONSE },
      handle: async (call) => {
        const run = await ownRun(call);
        await controlRun(run, asked, call.ports);
        return accepted(run, call.ports);
      },
    }),
  ),
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
      await call.ports.service.delete(record.runId);
      if (record.input.kind === 'file') await call.ports.uploads.remove(record.input.path);
      return { status: 204 };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/runs/{run_id}/files/output.csv',
    operationId: 'getRunOutput',
    tag,
    summary: 'The output, as far as it is written',
    scope: 'runs:read',
    params: OneRun,
    responses: {
      200: { description: 'CSV', content: 'text/csv', headers: FILE_HEADERS },
      206: {
        description: 'The range that was asked for',
        content: 'text/csv',
        headers: { ...FILE_HEADERS, 'Content-Range': 'Which bytes these are' },
      },
      304: { description: 'It has not changed', headers: FILE_HEADERS },
    },
    problems: ['range_not_satisfiable', 'precondition_failed'],
    handle: async (call) => {
      const { record, folder } = await ownRun(call);
      const path = outputPathOf(record, folder);
      if (path === undefined) throw new ApiProblem('not_found', 'this run has no output yet');
      return sendFile(call.context, { path, name: `${record.task.replace('/', '_')}_out.csv` });
    },
  }),
];

async function accepted(
  { record }: HostedRun,
  ports: Parameters<typeof startRun>[1],
): Promise<{ readonly status: 202; readonly json: unknown }> {
  return { status: 202, json: runWire(await ports.store.get(record.runId)) };
}
