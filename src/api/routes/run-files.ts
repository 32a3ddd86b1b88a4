import { outputPathOf } from '../../engine/run/run-paths.ts';
import { ownRun } from '../own-run.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute } from '../route.ts';
import { FILE_HEADERS, sendFile } from '../send-file.ts';
import { OneRun } from '../wire/run-wire.ts';

const tag = 'Runs';

export const runFileRoutes: readonly AnyRoute[] = [
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
