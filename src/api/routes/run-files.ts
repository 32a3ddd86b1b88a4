import { z } from 'zod';
import { ownRunFiles } from '../own-run.ts';
import { route, type AnyRoute } from '../route.ts';
import { RUN_FILES, runFile, type RunFile } from '../run-file.ts';
import { FILE_HEADERS, sendFile } from '../send-file.ts';
import { RunId } from '../wire/run-wire.ts';

const tag = 'Runs';
const NAMES = RUN_FILES.map((kind) => `${kind}.csv` as const);
const CSV = ['text/csv', 'application/gzip'];

export const runFileRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/runs/{run_id}/files/{file}',
    operationId: 'getRunFile',
    tag,
    summary: 'A file of a run',
    description: [
      '`input.csv` as it came; `output.csv`, a row for each row of the input that the task did not omit; `failed.csv`, the failed rows as they came with their numbers in `_row` and the reason in `error`; `merged.csv`, the output with the rows that were run again in their places; `unprocessed.csv`, the rows whose turn has not come; `errors.csv`, one line for each failed row.',
      'Of a run at work they end at its last checkpoint: no row is torn. `excel=true` puts the mark in front by which spreadsheet programs know UTF-8.',
    ].join('\n\n'),
    scope: 'runs:read',
    params: z.object({ run_id: RunId, file: z.enum(NAMES) }),
    query: z.object({ excel: z.enum(['true', 'false']).default('false') }),
    responses: {
      200: { description: 'The file', content: CSV, headers: FILE_HEADERS },
      206: {
        description: 'The range that was asked for',
        content: CSV,
        headers: { ...FILE_HEADERS, 'Content-Range': 'Which bytes these are' },
      },
      304: { description: 'It has not changed', headers: FILE_HEADERS },
    },
    problems: ['range_not_satisfiable', 'precondition_failed', 'input_changed', 'files_elsewhere'],
    handle: async (call) => {
      const { params, query, ports, context } = call;
      // The names are those of the kinds.
      const kind = params.file.slice(0, -'.csv'.length) as RunFile;
      const file = await runFile(await ownRunFiles(call), kind, ports);
      return sendFile(context, { ...file, isForExcel: query.excel === 'true' });
    },
  }),
];
