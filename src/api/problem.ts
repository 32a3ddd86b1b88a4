import type { ErrorCode } from '../engine/errors.ts';
import { RowmillError } from '../engine/errors.ts';
import { StatusTransitionError } from '../engine/run/status.ts';

/** Codes that only the HTTP API has. */
type ApiErrorCode =
  | 'bad_request'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'conflict'
  | 'precondition_failed'
  | 'too_large'
  | 'unsupported_media_type'
  | 'range_not_satisfiable'
  | 'idempotency_mismatch'
  | 'rate_limited'
  | 'shutting_down'
  | 'transition_refused';

export type ProblemCode = ErrorCode | ApiErrorCode;

/** The one table of codes and statuses; it does not compile when a code is missing. */
export const STATUS_OF: Readonly<Record<ProblemCode, number>> = {
  usage: 400,
  task_not_found: 404,
  task_invalid: 422,
  arguments_invalid: 422,
  input_not_found: 404,
  input_unreadable: 422,
  input_refused: 422,
  input_changed: 409,
  input_too_large: 413,
  code_changed: 409,
  output_unwritable: 500,
  disk_full: 507,
  permission_denied: 500,
  run_not_found: 404,
  run_busy: 409,
  run_not_resumable: 409,
  run_has_children: 409,
  wrong_status: 409,
  folder_busy: 500,
  files_elsewhere: 421,
  store_unreachable: 503,
  contract_broken: 500,
  state_not_storable: 500,
  secret_unreadable: 500,
  server_unreachable: 502,
  sftp_unreachable: 424,
  sftp_failed: 424,
  executor_unavailable: 503,
  internal: 500,
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  conflict: 409,
  precondition_failed: 412,
  too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  idempotency_mismatch: 422,
  rate_limited: 429,
  shutting_down: 503,
  transition_refused: 409,
};

/** One thing that is wrong, and where. */
export interface ProblemDetail {
  /** `body.limit`, `query.after`, `header.idempotency-key`, or the name of what is meant. */
  readonly at: string;
  readonly message: string;
}

/** An answer that says no. Thrown by handlers, sent as RFC 9457 problem+json. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly code: ProblemCode;
  readonly details: readonly ProblemDetail[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    message: string,
    {
      details = [],
      headers = {},
      cause,
    }: {
      readonly details?: readonly ProblemDetail[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
    this.headers = headers;
  }

  get status(): number {
    return STATUS_OF[this.code];
  }
}

/** Whatever was thrown, as a problem. What is nobody's fault but ours says nothing of its inside. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof RowmillError) {
    const isOurs = STATUS_OF[error.code] === 500 || error.code === 'store_unreachable';
    let message = isOurs ? 'the server could not do this; its log says why' : error.plain;
    // Where it would have been written is for the log.
    if (error.code === 'disk_full') message = 'no space is left on the disk of the server';
    const details = error.problems.map((problem) => ({ at: error.code, message: problem }));
    return new ApiProblem(error.code, message, { details, cause: error });
  }
  if (error instanceof StatusTransitionError) {
    return new ApiProblem('transition_refused', error.message, { cause: error });
  }
  return new ApiProblem('internal', 'the server could not do this; its log says why', {
    cause: error,
  });
}

/** The body of a problem, RFC 9457. */
export function problemBody(problem: ApiProblem, requestId: string): Record<string, unknown> {
  return {
    type: `urn:rowmill:problem:${problem.code}`,
    title: TITLES[problem.status] ?? 'Error',
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    request_id: requestId,
    ...(problem.details.length === 0 ? {} : { errors: problem.details }),
  };
}

/** The name of each status. */
export const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  416: 'Range not satisfiable',
  421: 'Misdirected request',
  422: 'Cannot be processed',
  424: 'Failed dependency',
  429: 'Too many requests',
  500: 'Internal error',
  502: 'Bad gateway',
  503: 'Unavailable',
  507: 'No space left',
};
