import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { messageOf, RowmillError } from '../engine/errors.ts';
import type { InputOptions, RunRequest } from '../engine/run/run-service.ts';
import type { ApiRequest } from './api-client.ts';

/** The input of a request as a body: nothing for a task that reads none. */
export async function uploadBody(
  input: RunRequest['input'],
  stdin: () => Readable,
): Promise<{ readonly fileName: string | undefined; readonly request: Partial<ApiRequest> }> {
  if (input.kind === 'none') return { fileName: undefined, request: {} };
  const headers = { 'content-type': 'text/csv' };
  if (input.kind === 'stdin') {
    return {
      fileName: undefined,
      request: { headers, body: { open: stdin, isOnce: true } },
    };
  }
  const { path } = input;
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'EACCES' ? 'permission_denied' : 'input_not_found';
    throw new RowmillError(code, `${path} cannot be read: ${messageOf(cause)}`, { cause });
  });
  if (!found.isFile()) throw new RowmillError('input_unreadable', `${path} is no file`);
  return {
    fileName: basename(path),
    request: {
      headers: { ...headers, 'content-length': String(found.size) },
      body: { open: () => createReadStream(path), isOnce: false },
    },
  };
}

/** What the request says of its run, as the server wants it in the query. */
export function runQuery(
  request: RunRequest,
  fileName: string | undefined,
): Readonly<Record<string, string | undefined>> {
  const { retry } = request;
  const options = said({
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
  });
  return { file_name: fileName, arguments: said(request.arguments), options };
}

/** The same of a file that is only looked at. */
export function draftQuery(
  { task, arguments: given, options }: Pick<RunRequest, 'task' | 'arguments' | 'options'>,
  fileName: string | undefined,
): Readonly<Record<string, string | undefined>> {
  const read = said(readOptions(options));
  return { task: task.name, file_name: fileName, arguments: said(given), options: read };
}

/** How the file is to be read, as the server wants it. */
function readOptions(options: InputOptions): Readonly<Record<string, unknown>> {
  const { skipLines, map, set, ...dialect } = options;
  return { ...dialect, skip_lines: skipLines, map: filled(map), set: filled(set) };
}

function filled(pairs: Readonly<Record<string, string>> | undefined) {
  return pairs === undefined || Object.keys(pairs).length === 0 ? undefined : pairs;
}

/** JSON of what was said; undefined when nothing was. */
function said(values: Readonly<Record<string, unknown>>): string | undefined {
  const text = JSON.stringify(values);
  return text === '{}' ? undefined : text;
}
