import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, RowmillError } from '../engine/errors.ts';
import { pause, type ApiAnswer, type ApiClient } from './api-client.ts';

/** Takes bytes, no faster than it can. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
}

const TRIES = 5;
const PAUSE_MS = 200;

interface Download {
  /** `/v1/runs/…/files/output.csv`. */
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Downloads into a file, which is there once all of it is. What was there before is replaced then, and
 * not touched before.
 */
export async function downloadFile(
  client: ApiClient,
  download: Download,
  target: string,
): Promise<void> {
  const part = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  let file: FileHandle;
  try {
    file = await open(part, 'w');
  } catch (cause) {
    throw unwritable(target, cause);
  }
  try {
    await downloadTo(client, download, {
      async write(bytes) {
        await file.write(bytes).catch((cause: unknown) => {
          throw unwritable(target, cause);
        });
      },
    });
    await file.close();
    await rename(part, target);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
}

/** Downloads into a sink. A connection that breaks is taken up again where it broke. */
export async function downloadTo(
  client: ApiClient,
  { path, signal }: Download,
  sink: ByteSink,
): Promise<void> {
  let taken = 0;
  let tag: string | undefined;
  for (let tries = 1; ; tries += 1) {
    const answer = await client.send({
      method: 'GET',
      path,
      headers: {
        accept: 'text/csv, application/octet-stream, application/problem+json',
        ...(tag === undefined ? {} : { range: `bytes=${taken}-`, 'if-range': tag }),
      },
      ...(signal === undefined ? {} : { signal }),
    });
    if (taken > 0 && answer.status !== 206) {
      answer.body.destroy();
      throw new RowmillError('internal', `${path} has changed while it was downloaded`);
    }
    tag ??= tagOf(answer);
    try {
      for await (const bytes of answer.body as AsyncIterable<Buffer>) {
        await sink.write(bytes);
        taken += bytes.length;
      }
      return;
    } catch (error) {
      const isOurs = error instanceof RowmillError || signal?.aborted === true;
      if (isOurs || tries === TRIES || tag === undefined) throw error;
      await pause(tries * PAUSE_MS, signal);
    }
  }
}

/** Without a tag nobody can say that the rest belongs to what is here. */
function tagOf({ headers: { etag } }: ApiAnswer): string | undefined {
  return typeof etag === 'string' ? etag : undefined;
}

function unwritable(target: string, cause: unknown): RowmillError {
  return new RowmillError('output_unwritable', `${target} cannot be written: ${messageOf(cause)}`, {
    cause,
  });
}
