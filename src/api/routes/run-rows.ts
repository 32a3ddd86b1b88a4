import { z } from 'zod';
import { ROW_OUTCOMES, type RunRow } from '../../engine/run/run-service.ts';
import { ownRunFiles } from '../own-run.ts';
import { cursorAt, PAGE_HEADERS, pageOf, pageQuery, pageReply, readPage } from '../page-of.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute } from '../route.ts';
import { LogLine, Row, RowError, rowErrorWire, rowWire } from '../wire/row-wire.ts';
import { OneRun } from '../wire/run-wire.ts';

const tag = 'Runs';
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export const runRowRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/runs/{run_id}/rows',
    operationId: 'listRunRows',
    tag,
    summary: 'What became of each row, in the order of the input',
    description:
      'Of a run at work, the rows up to its last checkpoint. A record that became several rows of the output is as many of these. `after` may be the number of a row.',
    scope: 'runs:read',
    params: OneRun,
    query: z.object({
      ...pageQuery,
      outcome: z.enum(ROW_OUTCOMES).optional(),
      column: z.string().optional().meta({ description: 'Failed rows whose error names it' }),
      message: z.string().optional().meta({ description: 'Failed rows whose error has it' }),
    }),
    responses: { 200: { description: 'A page', schema: pageOf(Row), headers: PAGE_HEADERS } },
    problems: ['input_changed', 'files_elsewhere'],
    handle: async (call) => {
      const { query, ports, context } = call;
      const { runId } = (await ownRunFiles(call)).record;
      const { limit, outcome, column, message } = query;
      const after = cursorOf(query.after);
      // Those of the number itself may not all have been given.
      const rows = ports.service.rows(runId, { outcome, column, message, after: after.key - 1 });
      const page = await readPage(numbered(rows), { limit, after, keyOf: ({ key }) => key });
      return pageReply(context, { ...page, data: page.data.map(({ row }) => rowWire(row)) });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/runs/{run_id}/errors',
    operationId: 'listRunErrors',
    tag,
    summary: 'Why rows have failed, one by one',
    description: 'The file `errors.csv` has the same.',
    scope: 'runs:read',
    params: OneRun,
    query: z.object(pageQuery),
    responses: { 200: { description: 'A page', schema: pageOf(RowError), headers: PAGE_HEADERS } },
    problems: ['files_elsewhere'],
    handle: async (call) => {
      const { query, ports, context } = call;
      const { runId } = (await ownRunFiles(call)).record;
      const after = cursorOf(query.after);
      // A file that came back has its numbers in any order.
      let nth = 0;
      const keyOf = (): number => (nth += 1);
      const page = await readPage(ports.service.errors(runId), {
        limit: query.limit,
        after,
        keyOf,
      });
      return pageReply(context, { ...page, data: page.data.map(rowErrorWire) });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/runs/{run_id}/log',
    operationId: 'readRunLog',
    tag,
    summary: 'What the task, and the run itself, have logged',
    description: 'A page as JSON; all of it as JSON lines with `Accept: application/x-ndjson`.',
    scope: 'runs:read',
    params: OneRun,
    query: z.object({
      ...pageQuery,
      level: z.enum(LEVELS).default('debug').meta({ description: 'This level and those above' }),
    }),
    responses: {
      200: {
        description: 'A page',
        schema: pageOf(LogLine),
        content: 'application/x-ndjson',
        headers: PAGE_HEADERS,
      },
    },
    problems: ['not_acceptable', 'files_elsewhere'],
    handle: async (call) => {
      const { query, ports, context } = call;
      const { runId } = (await ownRunFiles(call)).record;
      const accepted = context.accepts('application/json', 'application/x-ndjson');
      if (accepted === false) {
        throw new ApiProblem(
          'not_acceptable',
          'it can be application/json or application/x-ndjson',
        );
      }
      const lines = logLines(ports.service.log(runId), LEVELS.indexOf(query.level));
      if (accepted === 'application/x-ndjson') {
        let text = '';
        for await (const line of lines) text += `${JSON.stringify(line)}\n`;
        context.status = 200;
        context.type = 'application/x-ndjson';
        context.body = text;
        return 'sent';
      }
      const after = cursorOf(query.after);
      const { limit } = query;
      const page = await readPage(lines, { limit, after, keyOf: ({ number }) => number });
      return pageReply(context, page);
    },
  }),
];

function cursorOf(after: string | undefined): NonNullable<ReturnType<typeof cursorAt>> {
  const cursor = cursorAt(after);
  if (cursor !== undefined) return cursor;
  throw new ApiProblem('bad_request', 'query.after is not a cursor of an earlier page');
}

/** Rows of no record have the key of the last that has a number, so that keys do not shrink. */
async function* numbered(
  rows: AsyncIterable<RunRow>,
): AsyncGenerator<{ readonly key: number; readonly row: RunRow }> {
  let key = 0;
  for await (const row of rows) {
    key = row.number ?? key;
    yield { key, row };
  }
}

async function* logLines(
  lines: AsyncIterable<string>,
  minLevel: number,
): AsyncGenerator<z.input<typeof LogLine>> {
  let number = 0;
  for await (const text of lines) {
    number += 1;
    const line = parsed(text);
    // A line that is being written is left out.
    if (line === undefined || LEVELS.indexOf(line.level) < minLevel) continue;
    yield { ...line, number };
  }
}

function parsed(text: string): z.input<typeof LogLine> | undefined {
  try {
    return JSON.parse(text) as z.input<typeof LogLine>; // written by `openRunLog`
  } catch {
    return undefined;
  }
}
