import { z } from 'zod';
import type { Draft } from '../../engine/ports/draft-store.ts';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import { createRun, madeBefore } from '../create-run.ts';
import { CREATED, createdRun, startAt, startCreated, WAIT_HEADERS } from '../created-run.ts';
import { outputOrRun } from '../output-or-run.ts';
import { ownDraftFile } from '../own-draft.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { FILE_HEADERS } from '../send-file.ts';
import { hasBody, receiveUpload, UPLOAD_TYPES } from '../uploads/receive-upload.ts';
import { NO_UPLOAD, type Upload } from '../uploads/upload.ts';
import {
  uploadForm,
  uploadQuery,
  uploadWords,
  type UploadQuery,
} from '../uploads/upload-fields.ts';
import { DraftId } from '../wire/draft-wire.ts';
import { readOptionsWire, RunOptions, type RunOptionsWire } from '../wire/run-options-wire.ts';
import { Run } from '../wire/run-wire.ts';
import { TaskName } from './tasks.ts';

const tag = 'Runs';

export const createRunRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/runs',
    operationId: 'createRun',
    tag,
    summary: 'Run a task over the file of a draft, or one that reads no file',
    description:
      'Task, arguments and options of the draft hold where none are given here. A draft can be run again: each run keeps the file for itself.',
    scope: 'runs:write',
    body: z.strictObject({
      draft: DraftId.optional(),
      task: z.string().optional(),
      arguments: z.record(z.string(), z.unknown()).optional(),
      options: RunOptions.optional(),
      start: z.boolean().default(true),
      start_at: startAt,
      accept_warnings: z.boolean().default(true).meta({
        description:
          'False: refused where the file, or its last check, has anything to be warned of',
      }),
    }),
    responses: { 201: CREATED },
    problems: ['not_found', 'files_elsewhere'],
    handle: async (call) => {
      const { body, ports } = call;
      const made = await madeBefore(call.reservedId?.('run'), ports);
      const run = made ?? (await draftRun(call));
      const { runId } = run.record;
      if (body.start) await startCreated(run, body.start_at, ports);
      return createdRun(runId, ports);
    },
  }),
  route({
    method: 'POST',
    path: '/v1/tasks/{category}/{action}/runs',
    operationId: 'runTask',
    tag,
    summary: 'Upload a CSV and run a task over it, in one call',
    description:
      'The file is the body, a part of a form, or JSON records; options stand in the query, or in the field `options`. With `wait` the answer is the output, if the run has ended by then.',
    scope: 'runs:write',
    params: TaskName,
    query: z.strictObject({
      start: z.enum(['true', 'false']).default('true'),
      start_at: startAt,
      wait: z
        .string()
        .regex(/^\d+$/, 'expected seconds')
        .transform(Number)
        .pipe(z.int().max(300))
        .optional(),
      ...uploadQuery,
    }),
    reads: UPLOAD_TYPES,
    formFields: uploadForm,
    responses: {
      200: {
        description: 'With `wait`: the output of a run that has ended in time, or (Accept) the run',
        content: 'text/csv',
        schema: Run,
        headers: { ...FILE_HEADERS, ...WAIT_HEADERS },
      },
      201: CREATED,
      202: {
        description: 'The run, which has not ended in time',
        schema: Run,
        headers: WAIT_HEADERS,
      },
    },
    problems: ['input_too_large'],
    handle: async (call) => {
      const { query, ports, context } = call;
      const run = (await madeBefore(call.reservedId?.('run'), ports)) ?? (await uploadRun(call));
      const { runId } = run.record;
      if (query.start === 'true') await startCreated(run, query.start_at, ports);
      if (query.wait !== undefined && query.start === 'true') {
        return outputOrRun(runId, { seconds: query.wait, context, ports });
      }
      return createdRun(runId, ports);
    },
  }),
];

/** Receives the file of a call and stores a run over it. What is refused leaves nothing behind. */
async function uploadRun(call: Call<z.output<typeof TaskName>, UploadQuery>): Promise<HostedRun> {
  const { params, query, actor, ports } = call;
  const task = await ports.tasks.find(`${params.category}/${params.action}`);
  const upload = await taskUpload(call, task.task.kind);
  const path = upload.file?.path;
  try {
    const words = uploadWords(query, upload);
    if (words.task !== undefined && words.task !== task.task.name) {
      throw new ApiProblem('bad_request', `body.task: ${words.task} is not the task of this path`);
    }
    const runId = call.reservedId?.('run');
    return await createRun({ ...words, task, path, runId }, { actor, ports });
  } finally {
    // The run keeps its file under a name of its own.
    if (path !== undefined) await ports.uploads.remove(path);
  }
}

/** Stores a run of a draft, or of a task without a file. */
async function draftRun(
  call: Call<
    unknown,
    unknown,
    {
      readonly draft?: string | undefined;
      readonly task?: string | undefined;
      readonly arguments?: Readonly<Record<string, unknown>> | undefined;
      readonly options?: RunOptionsWire | undefined;
      readonly accept_warnings: boolean;
    }
  >,
): Promise<HostedRun> {
  const { body, ports } = call;
  const draft = body.draft === undefined ? undefined : await ownDraftFile(body.draft, call);
  const name = body.task ?? draft?.task;
  if (name === undefined) {
    throw new ApiProblem('bad_request', 'body.task: which task, or a draft that has one');
  }
  if (draft !== undefined && !body.accept_warnings) refuseWarnings(draft);
  const task = await ports.tasks.find(name);
  if (task.task.kind === 'csv' && draft === undefined) {
    throw new ApiProblem('bad_request', `body.draft: ${name} reads a CSV; upload it as a draft`);
  }
  return createRun(
    {
      task,
      path: draft?.path,
      fileName: draft?.fileName,
      arguments: body.arguments ?? draft?.arguments ?? {},
      options: { ...(draft && readOptionsWire(draft.options)), ...body.options },
      runId: call.reservedId?.('run'),
    },
    call,
  );
}

/** Throws `conflict` that names whatever a person should see before a run. */
function refuseWarnings({ found, check }: Draft): void {
  const result = check?.result;
  const warnings = [
    ...found.problems,
    ...(result?.warnings ?? found.table?.warnings ?? []).map(({ message }) => message),
    ...(result?.damage ?? []).map(
      ({ kind, column, count }) => `${kind}: ${count} cells in ${column}`,
    ),
    ...(result === undefined || result.invalid === 0 ? [] : [`${result.invalid} rows are invalid`]),
    ...(result === undefined || result.duplicateRows === 0
      ? []
      : [`${result.duplicateRows} rows are duplicates`]),
  ];
  if (warnings.length === 0) return;
  const message = `the file has what you should know of first: ${warnings.join('; ')}`;
  throw new ApiProblem('conflict', message, {
    details: warnings.map((warning) => ({ at: 'warning', message: warning })),
  });
}

/** The file of the call, where the task reads one. A task that reads none may be called without a body. */
async function taskUpload(
  { context, ports }: Pick<Call, 'context' | 'ports'>,
  kind: 'csv' | 'noinput',
): Promise<Upload> {
  if (kind === 'noinput' && typeof context.is('json') !== 'string') {
    if (!hasBody(context)) return NO_UPLOAD;
    throw new ApiProblem('bad_request', 'this task reads no CSV: send no file');
  }
  const upload = await receiveUpload(context, ports);
  if (kind === 'csv' && upload.file === undefined) {
    throw new ApiProblem('bad_request', 'the request has no file, and this task reads a CSV');
  }
  if (kind === 'noinput' && upload.file !== undefined) {
    await ports.uploads.remove(upload.file.path);
    throw new ApiProblem('bad_request', 'this task reads no CSV: send no records');
  }
  return upload;
}
