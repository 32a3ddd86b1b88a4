import { RowmillError } from '../engine/errors.ts';
import { pause, type ApiClient } from './api-client.ts';
import { fileBytes, type OnSent, type UploadSource } from './upload.ts';

/** Breaks one behind the other, without a byte between them, until it is given up. */
const TRIES = 8;
const PAUSE_MS = 200;
const VERSION = { 'tus-resumable': '1.0.0' };
const CHUNK = 'application/offset+octet-stream';

/** What the client reads of an upload. */
interface UploadWire {
  readonly id: string;
  readonly offset: number;
  readonly draft: string | null;
}

/**
 * Uploads a file by the tus protocol: what breaks off is taken up where the server has it, through an end
 * of the server too. Gives the id of the draft that the file has become; the server keeps nothing of an
 * upload that ends otherwise.
 */
export async function uploadResumable(
  client: ApiClient,
  file: Extract<UploadSource, { kind: 'file' }>,
  { signal, onSent }: { readonly signal: AbortSignal; readonly onSent: OnSent },
): Promise<string> {
  const name = Buffer.from(file.fileName).toString('base64');
  // Not ended by the signal: what was begun must be known, to be removed.
  const begun = await uploadOf(client, {
    method: 'POST',
    path: '/v1/uploads',
    headers: {
      ...VERSION,
      'upload-length': String(file.bytes),
      'upload-metadata': `filename ${name}`,
    },
  });
  const path = `/v1/uploads/${begun.id}`;
  try {
    let upload = begun;
    for (let tries = 1; upload.draft === null; tries += 1) {
      const { offset } = upload;
      const error = await sendRest(client, { path, file, offset, signal, onSent });
      upload = await uploadOf(client, { method: 'GET', path, signal });
      if (upload.offset > offset) tries = 0;
      else if (tries === TRIES) throw error ?? stuck(client.url, upload);
      if (error !== undefined) await pause(PAUSE_MS, signal);
    }
    return upload.draft;
  } catch (error) {
    // What cannot be removed now, because the server is not there, ends there after a day.
    await remove(client, path).catch(() => undefined);
    throw error;
  }
}

/** Sends all that is missing. Gives the error where that broke off; throws what no other try would mend. */
async function sendRest(
  client: ApiClient,
  {
    path,
    file,
    offset,
    signal,
    onSent,
  }: {
    readonly path: string;
    readonly file: Extract<UploadSource, { kind: 'file' }>;
    readonly offset: number;
    readonly signal: AbortSignal;
    readonly onSent: OnSent;
  },
): Promise<RowmillError | undefined> {
  try {
    await client.send({
      method: 'PATCH',
      path,
      headers: {
        ...VERSION,
        'content-type': CHUNK,
        'content-length': String(file.bytes - offset),
        'upload-offset': String(offset),
      },
      // Another try begins elsewhere.
      body: { open: () => fileBytes(file, { from: offset, onSent }), isOnce: true },
      bodySignal: signal,
    });
    return undefined;
  } catch (error) {
    const isBroken = error instanceof RowmillError && BROKEN.has(error.code);
    if (isBroken) return error;
    throw error;
  }
}

function stuck(url: string, { id, offset }: UploadWire): RowmillError {
  return new RowmillError(
    'server_unreachable',
    `${url} takes no more of upload ${id} than ${offset} bytes`,
  );
}

/** The connection broke, or the server has another idea of how far it is. */
const BROKEN: ReadonlySet<string> = new Set(['server_unreachable', 'wrong_status']);

async function remove(client: ApiClient, path: string): Promise<void> {
  const { draft } = await uploadOf(client, { method: 'GET', path });
  if (draft !== null) await client.send({ method: 'DELETE', path: `/v1/drafts/${draft}` });
  else await client.send({ method: 'DELETE', path, headers: VERSION });
}

async function uploadOf(
  client: ApiClient,
  request: Parameters<ApiClient['json']>[0],
): Promise<UploadWire> {
  // Both routes answer the upload.
  return (await client.json(request)) as UploadWire;
}
