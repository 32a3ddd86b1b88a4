import { z } from 'zod';
import type { Draft as EngineDraft } from '../../engine/ports/draft-store.ts';
import {
  inputOptionsOf,
  patchedReadOptions,
  ReadOptionsPatch,
  readOptionsWire,
  runOptionsQuery,
} from '../wire/run-options-wire.ts';
import { cursorAt, readCursor } from '../cursor.ts';
import { ownDraft, ownDraftFile } from '../own-draft.ts';
import { ApiProblem } from '../problem.ts';
import { refuseArguments } from '../refuse-arguments.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { receiveUpload, UPLOAD_TYPES } from '../uploads/receive-upload.ts';
import { wishesOf } from '../uploads/draft-wishes.ts';
import { uploadForm, uploadQuery, type UploadQuery } from '../uploads/upload-fields.ts';
import {
  Check,
  checkWire,
  Draft,
  DraftId,
  DraftRow,
  draftRowWire,
  DraftSummary,
  draftSummaryWire,
  draftWire,
} from '../wire/draft-wire.ts';

const tag = 'Drafts';
const OneDraft = z.object({ draft_id: DraftId });
const DRAFT_RESPONSE = { description: 'The draft', schema: Draft };
const CHECK_RESPONSE = { description: 'The check', schema: Check };
const { file_name, arguments: args, options } = uploadQuery;
const { delimiter, quote, escape, encoding, skip_lines } = runOptionsQuery;

export const draftRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/drafts',
    operationId: 'createDraft',
    tag,
    summary: 'Upload a file, to look at it before it is run',
    description: 'Says how the file is read, shows its first rows, and matches it with the task.',
    scope: 'runs:write',
    query: z.strictObject({
      task: z.string().optional(),
      file_name,
      arguments: args,
      options,
      delimiter,
      quote,
      escape,
      encoding,
      skip_lines,
    }),
    reads: UPLOAD_TYPES,
    formFields: uploadForm,
    responses: { 201: { ...DRAFT_RESPONSE, headers: { Location: 'Where the draft is' } } },
    problems: ['task_not_found'],
    handle: async (call) => {
      const { ports } = call;
      const draftId = call.reservedId?.('drf') ?? ports.makeId('drf');
      const draft = (await ports.drafts.get(draftId)) ?? (await receiveDraft(call, draftId));
      const headers = { Location: `/v1/drafts/${draftId}` };
      return { status: 201, json: draftWire(draft), headers };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/drafts',
    operationId: 'listDrafts',
    tag,
    summary: 'Drafts, newest first',
    scope: 'runs:read',
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(50),
      after: z.string().optional(),
    }),
    responses: {
      200: {
        description: 'A page; `Link: rel="next"` where there is another',
        schema: z.object({ data: z.array(DraftSummary), next: z.string().nullable() }),
        headers: { Link: 'The next page, where there is one' },
      },
    },
    handle: async ({ query: { limit, after }, actor, ports }) => {
      const cursor = after === undefined ? undefined : readCursor(after);
      const { drafts, hasMore } = await ports.drafts.page({
        accountId: actor.accountId,
        limit,
        after: cursor && { createdAtMs: cursor.createdAtMs, draftId: cursor.runId },
      });
      const last = drafts.at(-1);
      const next =
        hasMore && last !== undefined
          ? cursorAt({ createdAtMs: last.createdAtMs, id: last.draftId })
          : null;
      const headers: Record<string, string> =
        next === null ? {} : { Link: `</v1/drafts?limit=${limit}&after=${next}>; rel="next"` };
      return { status: 200, json: { data: drafts.map(draftSummaryWire), next }, headers };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/drafts/{draft_id}',
    operationId: 'getDraft',
    tag,
    summary: 'One draft, with what was found in its file',
    scope: 'runs:read',
    params: OneDraft,
    responses: { 200: DRAFT_RESPONSE },
    handle: async (call) => ({
      status: 200,
      json: draftWire(await ownDraft(call.params.draft_id, call)),
    }),
  }),
  route({
    method: 'PATCH',
    path: '/v1/drafts/{draft_id}',
    operationId: 'changeDraft',
    tag,
    summary: 'Choose the task, its arguments, and how the file is read',
    description:
      'What is not named stays; an option that is null is found in the file again. `map` and `set` are replaced as a whole. A check that was done is forgotten.',
    scope: 'runs:write',
    params: OneDraft,
    body: z.strictObject({
      task: z.string().nullish(),
      arguments: z.record(z.string(), z.unknown()).optional(),
      options: ReadOptionsPatch.optional(),
    }),
    responses: { 200: DRAFT_RESPONSE },
    problems: ['files_elsewhere'],
    handle: async (call) => {
      const { params, body, ports } = call;
      const draft = await ownDraftFile(params.draft_id, call);
      const patched = patchedReadOptions(readOptionsWire(draft.options), body.options ?? {});
      await ports.drafts.change(draft, {
        task: body.task === undefined ? draft.task : (body.task ?? undefined),
        arguments: body.arguments ?? draft.arguments,
        options: inputOptionsOf(patched),
      });
      return { status: 200, json: draftWire(await ownDraft(params.draft_id, call)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/drafts/{draft_id}',
    operationId: 'deleteDraft',
    tag,
    summary: 'Remove a draft; runs that were made of it keep its file',
    scope: 'runs:write',
    params: OneDraft,
    responses: { 204: { description: 'It is gone' } },
    problems: ['files_elsewhere'],
    handle: async (call) => {
      await call.ports.drafts.remove(await ownDraftFile(call.params.draft_id, call));
      return { status: 204 };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/drafts/{draft_id}/check',
    operationId: 'checkDraft',
    tag,
    summary: 'Verify every row; nothing is called and nothing written',
    scope: 'runs:write',
    params: OneDraft,
    responses: { 202: CHECK_RESPONSE },
    problems: ['files_elsewhere'],
    handle: async (call) => {
      const draft = await ownDraftFile(call.params.draft_id, call);
      if (draft.task !== undefined) {
        const { task } = await call.ports.tasks.find(draft.task);
        refuseArguments(task, draft.arguments);
      }
      await call.ports.drafts.check(draft);
      return { status: 202, json: await checkOf(call) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/drafts/{draft_id}/check',
    operationId: 'getDraftCheck',
    tag,
    summary: 'How far the check is, and what it found',
    scope: 'runs:read',
    params: OneDraft,
    responses: { 200: CHECK_RESPONSE },
    handle: async (call) => ({ status: 200, json: await checkOf(call) }),
  }),
  route({
    method: 'DELETE',
    path: '/v1/drafts/{draft_id}/check',
    operationId: 'cancelDraftCheck',
    tag,
    summary: 'End a check before it is done',
    scope: 'runs:write',
    params: OneDraft,
    responses: { 200: CHECK_RESPONSE },
    handle: async (call) => {
      await call.ports.drafts.cancelCheck(await ownDraft(call.params.draft_id, call));
      return { status: 200, json: await checkOf(call) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/drafts/{draft_id}/rows',
    operationId: 'listDraftRows',
    tag,
    summary: 'Rows of the file, verified',
    scope: 'runs:read',
    params: OneDraft,
    query: z.object({
      outcome: z.enum(['valid', 'invalid']).optional(),
      after: z.coerce
        .number()
        .int()
        .min(0)
        .default(0)
        .meta({ description: 'Rows behind this one' }),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    responses: {
      200: {
        description: 'In the order of the file; `next` goes into `after`',
        schema: z.object({ data: z.array(DraftRow), next: z.int().nullable() }),
      },
    },
    problems: ['files_elsewhere'],
    handle: async (call) => {
      const { params, query, ports, context } = call;
      const draft = await ownDraftFile(params.draft_id, call);
      const stop = new AbortController();
      const gone = (): void => stop.abort();
      context.res.once('close', gone);
      const data: z.input<typeof DraftRow>[] = [];
      let hasMore = false;
      const { outcome, after, limit } = query;
      for await (const row of ports.drafts.rows(draft, { outcome, after, signal: stop.signal })) {
        hasMore = data.length === limit;
        if (hasMore) break;
        data.push(draftRowWire(row));
      }
      context.res.off('close', gone);
      return { status: 200, json: { data, next: hasMore ? (data.at(-1)?.row ?? null) : null } };
    },
  }),
];

/** Receives the file of a call as a draft. What is refused leaves nothing behind. */
async function receiveDraft(
  { query, actor, ports, context }: Call<unknown, UploadQuery>,
  draftId: string,
): Promise<EngineDraft> {
  const upload = await receiveUpload(context, ports);
  const { file } = upload;
  if (file === undefined) throw new ApiProblem('bad_request', 'the request has no file');
  try {
    return await ports.drafts.create(file, {
      ...wishesOf(query, upload),
      draftId,
      owner: { accountId: actor.accountId, authAccountId: actor.authAccountId },
    });
  } catch (error) {
    await ports.uploads.remove(file.path);
    throw error;
  }
}

async function checkOf(
  call: Call<z.output<typeof OneDraft>>,
): Promise<ReturnType<typeof checkWire>> {
  const { check, draftId } = await ownDraft(call.params.draft_id, call);
  if (check !== undefined) return checkWire(check);
  throw new ApiProblem('not_found', `draft ${draftId} was not checked`);
}
