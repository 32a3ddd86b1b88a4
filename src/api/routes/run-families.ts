import { z } from 'zod';
import { RowmillError } from '../../engine/errors.ts';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import type { RevertRequest } from '../../engine/run/run-service.ts';
import { madeBefore, withoutPath } from '../create-run.ts';
import { CREATED, createdRun, startAt, startCreated } from '../created-run.ts';
import { ownDraft } from '../own-draft.ts';
import { ownRun } from '../own-run.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { hasBody, receiveUpload, UPLOAD_TYPES } from '../uploads/receive-upload.ts';
import {
  RetryBody,
  retryForm,
  retryQuery,
  retryWords,
  type RetryQuery,
  type RetryWords,
} from '../uploads/retry-words.ts';
import { NO_UPLOAD, type Upload } from '../uploads/upload.ts';
import { Lineage, lineageWire } from '../wire/row-wire.ts';
import { inputOptionsOf, readOptionsWire } from '../wire/run-options-wire.ts';
import { OneRun, RunId } from '../wire/run-wire.ts';

const tag = 'Runs';

type OneRunCall = Call<z.output<typeof OneRun>, RetryQuery>;

/** Runs that come from runs: rows done again, or undone. */
export const runFamilyRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/runs/{run_id}/retry',
    operationId: 'retryRun',
    tag,
    summary: 'Do rows of a run again, fixed or as they are',
    description: [
      'Without a file the failed rows are done again as they are; `rows` says which. With a file those that it has, as it has them: `failed.csv` of the run with its cells mended (any CSV with the numbers in `_row`, whatever its delimiter, encoding and order of columns), or `output.csv` of the run itself. What is not in it stays failed; a row that the run does not have, or that has not failed, is refused by number and line, and nothing is done then.',
      'The file is the body, a part of a form, JSON `records`, or the `draft` of an upload. The new run has the task, the arguments and the columns of the first; its rows keep their numbers. `merged.csv` of the first run has them in their places.',
    ].join('\n\n'),
    scope: 'runs:write',
    params: OneRun,
    query: z.strictObject(retryQuery),
    reads: UPLOAD_TYPES,
    formFields: retryForm,
    jsonBody: RetryBody,
    isBodyOptional: true,
    bodyExamples: {
      'text/csv': 'email,name,_row,error\nanna@example.com,Anna,2,missing @\n',
      'application/json': { rows: 'failed' },
    },
    responses: { 201: CREATED },
    problems: ['input_too_large', 'input_changed', 'code_changed', 'not_found'],
    handle: async (call) => {
      const run = await ownRun(call);
      const made = await madeBefore(call.reservedId?.('run'), call.ports);
      const upload = hasBody(call.context)
        ? await receiveUpload(call.context, call.ports)
        : NO_UPLOAD;
      try {
        const words = retryWords(call.query, upload);
        const child = made === undefined ? await retried(run, { call, upload, words }) : { made };
        return await answer(child, words, call);
      } finally {
        // The rows are in the run's own folder.
        if (upload.file !== undefined) await call.ports.uploads.remove(upload.file.path);
      }
    },
  }),
  route({
    method: 'POST',
    path: '/v1/runs/{run_id}/revert',
    operationId: 'revertRun',
    tag,
    summary: 'Undo what a run did, the last row first',
    description:
      'For tasks that say how (`revert`). Rows that did not succeed, and those that were undone before, are left alone. What was done again of the run is undone first.',
    scope: 'runs:write',
    params: OneRun,
    body: z.strictObject({
      start: z.boolean().default(true),
      start_at: startAt,
      accept_new_code: z.boolean().default(false),
    }),
    responses: { 201: CREATED },
    problems: ['input_changed', 'code_changed'],
    handle: async (call) => {
      const run = await ownRun(call);
      const made = await madeBefore(call.reservedId?.('run'), call.ports);
      const request = async () =>
        requestOf(run, call, { acceptNewCode: call.body.accept_new_code });
      const child =
        made === undefined
          ? await call.ports.families.revert(run.record.runId, await request())
          : { made };
      return answer(child, call.body, call);
    },
  }),
  route({
    method: 'GET',
    path: '/v1/runs/{run_id}/rows/{row}/lineage',
    operationId: 'getRowLineage',
    tag,
    summary: 'What the runs of a line made of a row, the last of which counts',
    scope: 'runs:read',
    params: z.object({
      run_id: RunId,
      row: z.coerce.number().int().min(1).meta({ description: 'Number of the row, from 1' }),
    }),
    responses: {
      200: {
        description: 'The row, run after run',
        schema: Lineage,
        example: {
          row: 17,
          outcome: 'ok',
          results: [
            { run_id: 'run_7kq2m4xw9abc', outcome: 'failed', error: 'email: missing @' },
            { run_id: 'run_p3vn8d2s6xyz', outcome: 'ok', error: null },
          ],
        },
      },
    },
    problems: ['not_found'],
    handle: async (call) => {
      const run = await ownRun(call);
      try {
        const lineage = await call.ports.families.lineage(run, call.params.row);
        return { status: 200, json: lineageWire(lineage) };
      } catch (error) {
        const isNone = error instanceof RowmillError && error.code === 'usage';
        throw isNone ? new ApiProblem('not_found', error.plain, { cause: error }) : error;
      }
    },
  }),
];

/** What is known of a new run: an earlier attempt may have made it. */
type Child =
  | { readonly made: HostedRun }
  | { readonly runId: string; readonly message: string | undefined };

async function retried(
  run: HostedRun,
  {
    call,
    upload,
    words,
  }: { readonly call: OneRunCall; readonly upload: Upload; readonly words: RetryWords },
): Promise<Child> {
  const { ports } = call;
  const draft = words.draft === undefined ? undefined : await ownDraft(words.draft, call);
  const path = upload.file?.path ?? draft?.path;
  const name = upload.fileName ?? draft?.fileName ?? 'the file';
  const {
    map: _map,
    set: _set,
    ...read
  } = draft === undefined ? {} : readOptionsWire(draft.options);
  const acceptNewCode = words.accept_new_code ?? false;
  try {
    const { runId, message } = await ports.families.retry(run.record.runId, {
      ...(await requestOf(run, call, { acceptNewCode })),
      rows: words.rows ?? 'failed',
      fixedPath: path,
      inputOptions: inputOptionsOf({ ...read, ...words.options }),
    });
    return { runId, message: path === undefined ? message : message?.replaceAll(path, name) };
  } catch (error) {
    throw withoutPath(error, path, name);
  }
}

/** The new run is of the account of the first, whoever asks for it. */
async function requestOf(
  { record, accountId }: HostedRun,
  { actor, ports, reservedId }: Pick<Call, 'actor' | 'ports' | 'reservedId'>,
  { acceptNewCode }: { readonly acceptNewCode: boolean },
): Promise<RevertRequest> {
  const { task, codeHash } = await ports.tasks.find(record.task);
  return {
    task,
    codeHash,
    acceptNewCode,
    output: { kind: 'run_folder' },
    owner: { accountId, authAccountId: actor.authAccountId },
    childId: reservedId?.('run'),
  };
}

async function answer(
  child: Child,
  {
    start = true,
    start_at: time,
  }: { readonly start?: boolean | undefined; readonly start_at?: string | undefined },
  { ports }: Pick<Call, 'ports'>,
): Promise<Awaited<ReturnType<typeof createdRun>>> {
  const runId = 'made' in child ? child.made.record.runId : child.runId;
  if (!('made' in child)) {
    await ports.feed.tell({ runId, type: 'created', data: { status: 'pending' } });
  }
  if (start) await startCreated(await ports.store.get(runId), time, ports);
  const reply = await createdRun(runId, ports);
  const message = 'made' in child ? undefined : child.message;
  return { ...reply, json: { ...reply.json, message: message ?? reply.json.message } };
}
