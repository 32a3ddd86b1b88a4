import { z } from 'zod';
import { route, type AnyRoute } from '../route.ts';
import type { UploadState } from '../uploads/resumable-uploads.ts';
import { DraftId } from '../wire/draft-wire.ts';

const tag = 'Drafts';
const UploadId = z.string().meta({ description: 'Id of an upload', example: 'upl_7kq2m4xw9abc' });
const OneUpload = z.object({ upload_id: UploadId });
const CHUNK = 'application/offset+octet-stream';

const Upload = z
  .object({
    id: UploadId,
    offset: z.int().meta({ description: 'Bytes that have come' }),
    bytes: z.int().nullable(),
    draft: DraftId.nullable().meta({ description: 'What it has become, when it is whole' }),
  })
  .meta({ id: 'Upload' });

const TUS_HEADERS = {
  'Tus-Resumable': 'Version of the protocol',
  'Upload-Offset': 'Bytes that have come',
  'Rowmill-Draft': 'Id of the draft that the upload has become',
};

export const uploadRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/uploads',
    operationId: 'createUpload',
    tag,
    summary: 'Begin a resumable upload (tus 1.0.0)',
    description:
      'For large files and bad lines: any tus client. `Upload-Metadata` may have `filename`, `task`, `arguments` and `options` (JSON). An upload that is whole is a draft; one that nobody goes on with ends after a day.',
    scope: 'runs:write',
    reads: [CHUNK],
    responses: {
      201: {
        description: 'The upload',
        schema: Upload,
        headers: { ...TUS_HEADERS, Location: 'Where its bytes go' },
      },
    },
    problems: ['precondition_failed'],
    handle: async ({ context, actor, ports }) => {
      const state = await ports.resumable.create(context.req, actor);
      const headers = { ...headersOf(state), Location: `/v1/uploads/${state.uploadId}` };
      return { status: 201, json: uploadWire(state), headers };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/uploads/{upload_id}',
    operationId: 'getUpload',
    tag,
    summary: 'How far an upload is (by HEAD: as tus has it)',
    scope: 'runs:write',
    params: OneUpload,
    responses: {
      200: {
        description: 'The upload',
        schema: Upload,
        headers: {
          ...TUS_HEADERS,
          'Upload-Length': 'Bytes of the whole file',
          'Upload-Defer-Length': '1 where the length was not said yet',
        },
      },
    },
    handle: async ({ params, context, actor, ports }) => {
      const state = await ports.resumable.get(params.upload_id, actor);
      const length: Record<string, string> =
        state.bytes === undefined
          ? { 'Upload-Defer-Length': '1' }
          : { 'Upload-Length': String(state.bytes) };
      context.set('Cache-Control', 'no-store');
      return { status: 200, json: uploadWire(state), headers: { ...headersOf(state), ...length } };
    },
  }),
  route({
    method: 'PATCH',
    path: '/v1/uploads/{upload_id}',
    operationId: 'appendUpload',
    tag,
    summary: 'Send what comes next of an upload (tus)',
    scope: 'runs:write',
    params: OneUpload,
    reads: [CHUNK],
    responses: { 204: { description: 'It has come', headers: TUS_HEADERS } },
    problems: ['precondition_failed'],
    handle: async ({ params, context, actor, ports }) => ({
      status: 204,
      headers: headersOf(await ports.resumable.append(context.req, params.upload_id, actor)),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/v1/uploads/{upload_id}',
    operationId: 'deleteUpload',
    tag,
    summary: 'Give up an upload that is not whole (tus)',
    scope: 'runs:write',
    params: OneUpload,
    responses: { 204: { description: 'It is gone', headers: TUS_HEADERS } },
    problems: ['precondition_failed'],
    handle: async ({ params, context, actor, ports }) => {
      await ports.resumable.remove(context.req, params.upload_id, actor);
      return { status: 204, headers: { 'Tus-Resumable': '1.0.0' } };
    },
  }),
];

function uploadWire({ uploadId, offset, bytes, draftId }: UploadState): z.input<typeof Upload> {
  return { id: uploadId, offset, bytes: bytes ?? null, draft: draftId ?? null };
}

function headersOf({ offset, draftId }: UploadState): Record<string, string> {
  return {
    'Tus-Resumable': '1.0.0',
    'Upload-Offset': String(offset),
    ...(draftId === undefined ? {} : { 'Rowmill-Draft': draftId }),
  };
}
