import type { RunHandles } from '../engine/run/run-service.ts';
import type { ApiClient } from './api-client.ts';
import { uploadResumable } from './resumable-upload.ts';
import { uploadBody, type OnSent, type UploadSource } from './upload.ts';

/** Above this a break would cost too much: the upload can be taken up again. */
const RESUMABLE_BYTES = 64 * 1024 * 1024;

/** How a file is sent, and what for. */
interface DraftUse<T> {
  /** Ends the upload; the server keeps nothing of it then. */
  readonly signal: AbortSignal;
  readonly onSent: OnSent;
  readonly use: (draftId: string) => Promise<T>;
}

/**
 * Sends a file, does something with the draft that it is on the server, and removes the draft, however
 * that ends. What is said of the file (arguments, options) goes in the bodies of `use`: a query stands in
 * the logs of every proxy.
 */
export async function withDraft<T>(
  client: ApiClient,
  source: UploadSource,
  { signal, onSent, use }: DraftUse<T>,
): Promise<T> {
  const draftId =
    source.kind === 'file' && source.bytes > RESUMABLE_BYTES
      ? await uploadResumable(client, source, { signal, onSent })
      : await uploadAtOnce(client, source, { signal, onSent });
  try {
    if (signal.aborted) throw new Error('aborted', { cause: signal.reason });
    return await use(draftId);
  } finally {
    // One that cannot be removed now ends by itself after some days: what was done with it counts.
    await client.send({ method: 'DELETE', path: `/v1/drafts/${draftId}` }).catch(() => undefined);
  }
}

/** The upload as a run or a check takes part in it. */
export function sendingOf({
  listeners,
  stopSignal: signal,
}: Pick<RunHandles, 'listeners' | 'stopSignal'>): Pick<DraftUse<unknown>, 'signal' | 'onSent'> {
  const onSent: OnSent = (bytesDone, bytesTotal) => listeners.onUpload?.({ bytesDone, bytesTotal });
  return { signal, onSent };
}

async function uploadAtOnce(
  client: ApiClient,
  source: UploadSource,
  { signal, onSent }: Pick<DraftUse<unknown>, 'signal' | 'onSent'>,
): Promise<string> {
  const draft = await client.json({
    method: 'POST',
    path: '/v1/drafts',
    query: { file_name: source.fileName },
    ...uploadBody(source, onSent),
    bodySignal: signal,
  });
  // The route answers the draft.
  return (draft as { readonly id: string }).id;
}
