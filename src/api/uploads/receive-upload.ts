import type { Context } from 'koa';
import type { ReceivedFile } from '../../engine/ports/upload-files.ts';
import type { ApiPorts } from '../api-ports.ts';
import { ApiProblem } from '../problem.ts';
import { bodyStream } from '../read-body.ts';
import { readRecords, refuseManyFields } from './read-json.ts';
import { receiveForm } from './receive-form.ts';
import { recordsCsv } from './records-csv.ts';
import type { Upload } from './upload.ts';

const RAW_TYPES = [
  'text/csv',
  'text/comma-separated-values',
  'application/octet-stream',
  'application/gzip',
  'application/x-gzip',
];

/** All that a file can be sent as. */
export const UPLOAD_TYPES = [...RAW_TYPES, 'multipart/form-data', 'application/json'];

/** Whether a request brings anything. Some programs say so of nothing: `Content-Length: 0`. */
export function hasBody(context: Context): boolean {
  return context.get('transfer-encoding') !== '' || Number(context.get('content-length')) > 0;
}

type UploadPorts = Pick<ApiPorts, 'uploads' | 'settings' | 'makeId'>;

/**
 * Receives the file of a request, whatever form it has, into one stored file. Who takes it has to remove
 * it when the request fails later.
 */
export async function receiveUpload(context: Context, ports: UploadPorts): Promise<Upload> {
  refuseContentEncoding(context);
  const receive = (stream: AsyncIterable<Uint8Array>): Promise<ReceivedFile> =>
    ports.uploads.receive(stream, {
      id: ports.makeId('upl'),
      maxBytes: ports.settings.maxUploadBytes,
    });
  if (context.is('multipart/form-data') !== false && context.is('multipart/form-data') !== null) {
    return receiveForm(context, { ...ports, receive });
  }
  if (typeof context.is('json') === 'string') return receiveRecords(context, { ...ports, receive });
  if (typeof context.is(RAW_TYPES) === 'string') {
    const file = await receive(bodyStream(context.req, ports.settings.maxUploadBytes));
    return { file, fileName: undefined, encoding: charsetOf(context), fields: {} };
  }
  throw new ApiProblem(
    'unsupported_media_type',
    `${context.get('content-type') || 'a body without content-type'} cannot be read: send ${UPLOAD_TYPES.join(', ')}`,
  );
}

type Receive = (stream: AsyncIterable<Uint8Array>) => Promise<ReceivedFile>;

async function receiveRecords(
  context: Context,
  { settings, receive }: UploadPorts & { readonly receive: Receive },
): Promise<Upload> {
  const body = await readRecords(context.req, settings.maxRecordsBytes);
  const rest = { fileName: undefined, encoding: undefined };
  if (Array.isArray(body)) return { ...rest, file: await receive(recordsCsv(body)), fields: {} };
  if (typeof body !== 'object' || body === null) {
    throw new ApiProblem('bad_request', 'the body must be {"records": [{…}, …]} or a plain array');
  }
  const { records, ...fields } = body as { readonly records?: unknown };
  refuseManyFields(fields);
  if (records === undefined) return { ...rest, file: undefined, fields };
  return { ...rest, file: await receive(recordsCsv(records)), fields };
}

/** Packed files are read as they are; a packed transfer of any other kind is not. */
function refuseContentEncoding(context: Context): void {
  const encoding = context.get('content-encoding').toLowerCase();
  const isRaw = typeof context.is(RAW_TYPES) === 'string';
  if (encoding === '' || encoding === 'identity' || (encoding === 'gzip' && isRaw)) return;
  throw new ApiProblem(
    'unsupported_media_type',
    `content-encoding ${encoding} cannot be read here: send the body as it is (a CSV file may be packed with gzip)`,
  );
}

/**
 * An encoding that somebody chose. UTF-8 is what programs say who never thought of it: then the bytes
 * decide, as they do for a file.
 */
function charsetOf(context: Context): string | undefined {
  const charset = context.request.charset.toLowerCase();
  return ['', 'utf-8', 'utf8', 'us-ascii', 'binary'].includes(charset) ? undefined : charset;
}
