import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline, Readable, Transform } from 'node:stream';
import { messageOf, RowmillError, type ErrorCode } from '../engine/errors.ts';
import type { InputOptions, RunInput, RunRequest } from '../engine/run/run-service.ts';
import type { ApiRequest } from './api-client.ts';

/** Something to be sent: a file that can be read again, or a stream that cannot. */
export type UploadSource =
  | { readonly kind: 'stream'; readonly open: () => Readable; readonly fileName: undefined }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly bytes: number;
      readonly fileName: string;
    };

/** Told after each piece: what of it has gone, and what there is where that is known. */
export type OnSent = (bytesDone: number, bytesTotal: number | undefined) => void;

/** The input of a request as it can be sent. */
export async function uploadSource(
  input: Exclude<RunInput, { kind: 'none' }>,
  stdin: () => Readable,
): Promise<UploadSource> {
  if (input.kind === 'stdin') return { kind: 'stream', open: stdin, fileName: undefined };
  return fileSource(input.path);
}

/** A file of this machine, as it is now. Throws `input_unreadable`. */
export async function fileSource(path: string): Promise<UploadSource> {
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!found.isFile()) throw new RowmillError('input_unreadable', `${path} is no file`);
  return { kind: 'file', path, bytes: found.size, fileName: basename(path) };
}

/** All of it as the body of a request. */
export function uploadBody(
  source: UploadSource,
  onSent: OnSent = () => undefined,
): Pick<ApiRequest, 'headers' | 'body'> {
  const headers = { 'content-type': 'text/csv' };
  if (source.kind === 'stream') {
    return { headers, body: { open: () => countedStream(source.open(), onSent), isOnce: true } };
  }
  return {
    headers: { ...headers, 'content-length': String(source.bytes) },
    body: { open: () => fileBytes(source, { from: 0, onSent }), isOnce: false },
  };
}

/**
 * The bytes of a file from an offset on, to where it ended when it was looked at: what is written behind
 * that meanwhile is not part of it. Throws `input_changed` where it has become shorter.
 */
export function fileBytes(
  { path, bytes }: { readonly path: string; readonly bytes: number },
  { from, onSent }: { readonly from: number; readonly onSent: OnSent },
): Readable {
  async function* read(): AsyncGenerator<Uint8Array> {
    if (from === bytes) return;
    let end = from;
    try {
      const file: AsyncIterable<Uint8Array> = createReadStream(path, {
        start: from,
        end: bytes - 1,
      });
      for await (const chunk of file) {
        end += chunk.length;
        yield chunk;
      }
    } catch (cause) {
      throw unreadable(path, cause);
    }
    if (end < bytes) {
      throw new RowmillError('input_changed', `${path} has become shorter while it was sent`);
    }
  }
  return Readable.from(counted(read(), { from, bytes, onSent }), { objectMode: false });
}

/** Ends at once when it is destroyed, whether the stream ever says anything again or not. */
function countedStream(stream: Readable, onSent: OnSent): Readable {
  let done = 0;
  onSent(done, undefined);
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, give) {
      done += chunk.length;
      onSent(done, undefined);
      give(undefined, chunk);
    },
  });
  // Whoever reads the counter hears what goes wrong.
  pipeline(stream, counter, () => undefined);
  return counter;
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  {
    from,
    bytes,
    onSent,
  }: { readonly from: number; readonly bytes: number; readonly onSent: OnSent },
): AsyncGenerator<Uint8Array> {
  let done = from;
  onSent(done, bytes);
  for await (const chunk of chunks) {
    yield chunk;
    done += chunk.length;
    onSent(done, bytes);
  }
}

function unreadable(path: string, cause: unknown): RowmillError {
  const { code: reason = '' } = cause as NodeJS.ErrnoException;
  const code = CODES.get(reason) ?? 'input_unreadable';
  return new RowmillError(code, `${path} cannot be read: ${messageOf(cause)}`, { cause });
}

const CODES: ReadonlyMap<string, ErrorCode> = new Map([
  ['ENOENT', 'input_not_found'],
  ['ENOTDIR', 'input_not_found'],
  ['EACCES', 'permission_denied'],
  ['EPERM', 'permission_denied'],
]);

/** What the request says of its run, as the server wants it in a body. */
export function runOptions(request: RunRequest): Readonly<Record<string, unknown>> {
  const { retry } = request;
  return {
    ...readOptions(request.options),
    limit: request.limit,
    canary: request.canary,
    from_row: request.fromRow,
    concurrency: request.concurrency,
    threads: request.threads,
    max_failures: request.maxFailures,
    wait_after_row_ms: request.waitAfterRowMs,
    max_rows_per_second: request.maxRowsPerSecond,
    retry: retry === undefined ? undefined : retry.attempts - 1,
    excel_safe: request.excelSafe ? true : undefined,
    on_invalid: request.onInvalid === 'abort' ? 'abort' : undefined,
  };
}

/** How the file is to be read, as the server wants it. */
export function readOptions(options: InputOptions): Readonly<Record<string, unknown>> {
  const { skipLines, map, set, ...dialect } = options;
  return { ...dialect, skip_lines: skipLines, map: filled(map), set: filled(set) };
}

function filled(pairs: Readonly<Record<string, string>> | undefined) {
  return pairs === undefined || Object.keys(pairs).length === 0 ? undefined : pairs;
}
