import type { ApiSettings } from '../api-ports.ts';
import { problemOf, type ApiProblem } from '../problem.ts';

/** An answer that says no, in Kazoo's words: some of its clients compare them. */
export class KazooError extends Error {
  override readonly name = 'KazooError';
  readonly status: number;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    {
      data,
      headers = {},
      cause,
    }: {
      readonly data: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.data = data;
    this.headers = headers;
  }
}

/** There is no such task, account, category or action, or it is another's. */
export function badIdentifier(id: string): KazooError {
  return new KazooError(404, 'bad identifier', { data: [id] });
}

/** The task is there, but not in a state for what is asked, or without the file that is asked for. */
export function wrongState(taskId: string, reason?: string): KazooError {
  const data = {
    cause: taskId,
    message: 'bad identifier',
    ...(reason === undefined ? {} : { reason }),
  };
  return new KazooError(404, 'bad_identifier', { data });
}

export function validationError(data: unknown, cause?: unknown): KazooError {
  return new KazooError(400, 'validation error', { data, cause });
}

export function badRequest(data: unknown): KazooError {
  return new KazooError(400, 'bad request', { data });
}

/** Kazoo's two sentences about a CSV that it cannot take. */
export const MALFORMED = 'Malformed CSV - unable to process the file due to errors in the CSV';
export const UNEVEN = 'Empty CSV or some row(s) longer than others or header missing';

export function csvError(message: string, cause?: unknown): KazooError {
  return validationError({ csv: { format: { message } } }, cause);
}

export function jsonError(message: string, cause?: unknown): KazooError {
  return validationError({ json: { invalid: { message, target: 'body' } } }, cause);
}

/** Whatever was thrown, as Kazoo would say it. */
export function kazooErrorOf(error: unknown, settings: ApiSettings): KazooError {
  if (error instanceof KazooError) return error;
  const problem = problemOf(error);
  const { headers } = problem;
  const [status, message, data] = saidAs(problem, settings);
  return new KazooError(status, message, { data, headers, cause: error });
}

type Said = readonly [status: number, message: string, data: unknown];

function saidAs(problem: ApiProblem, { maxUploadBytes }: ApiSettings): Said {
  const { status, message } = problem;
  if (status === 413) {
    const maxSize = { message, target: maxUploadBytes };
    return [400, 'validation error', { file: { maxSize } }];
  }
  const known = SAID[status];
  if (known !== undefined) return [status, known[0], { message: known[1] }];
  if (status >= 500) return [status, 'unspecified_fault', { message: 'unspecified fault' }];
  // 409, 422: a request that cannot be carried out, for a reason that Kazoo has no words for.
  if (problem.code === 'input_refused') {
    return [400, 'validation error', { csv: { format: { message } } }];
  }
  return [400, 'validation error', { request: { invalid: { message } } }];
}

/** HTTP status → Kazoo's word, and what stands in `data`. */
const SAID: Readonly<Record<number, readonly [word: string, message: string]>> = {
  401: ['invalid_credentials', 'invalid credentials'],
  403: ['forbidden', 'forbidden'],
  404: ['not_found', 'not found'],
  405: ['invalid_method', 'method not allowed'],
  406: ['not_acceptable', 'not acceptable'],
  415: ['unsupported_media_type', 'unsupported media type'],
  429: ['too_many_requests', 'too many requests'],
  503: ['service_unavailable', 'the server is shutting down'],
};
