import { RowmillError, type ErrorCode } from '../engine/errors.ts';

/** Codes that only the server has, as the command line knows them. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  unauthorized: 'permission_denied',
  forbidden: 'permission_denied',
  too_large: 'input_too_large',
  unsupported_media_type: 'input_refused',
  conflict: 'wrong_status',
  precondition_failed: 'wrong_status',
  transition_refused: 'wrong_status',
  rate_limited: 'server_unreachable',
  shutting_down: 'server_unreachable',
};

/** Those that mean the same on both sides. */
const SAME: readonly ErrorCode[] = [
  'usage',
  'task_not_found',
  'task_invalid',
  'arguments_invalid',
  'input_not_found',
  'input_unreadable',
  'input_refused',
  'input_changed',
  'input_too_large',
  'code_changed',
  'disk_full',
  'files_elsewhere',
  'run_not_found',
  'run_busy',
  'run_not_resumable',
  'run_has_children',
  'wrong_status',
  'contract_broken',
  'state_not_storable',
  'secret_unreadable',
  'sftp_unreachable',
  'sftp_failed',
];

/** What a server refused, as the error it would have been on this machine: RFC 9457. */
export function problemError(status: number, text: string): RowmillError {
  const problem = readObject(text);
  const message =
    textIn(problem, 'detail') ?? textIn(problem, 'title') ?? `the server answered ${status}`;
  const { errors } = problem;
  const problems = (Array.isArray(errors) ? errors : []).flatMap((error: unknown) =>
    isObject(error) ? (textIn(error, 'message') ?? []) : [],
  );
  const requestId = textIn(problem, 'request_id');
  // The log of the server has more about its own faults, under this id.
  const where = status >= 500 && requestId !== undefined ? ` (request ${requestId})` : '';
  const code = codeOf(textIn(problem, 'code') ?? '', status);
  return new RowmillError(code, `${message}${where}`, { problems });
}

/** What a server refused in Kazoo's words; undefined where it did not. */
export function kazooError(status: number, text: string): RowmillError | undefined {
  const answer = readObject(text);
  const message = textIn(answer, 'message');
  if (answer['status'] !== 'error' || message === undefined) return undefined;
  const code = KAZOO_CODES[status] ?? (status >= 500 ? 'internal' : 'input_refused');
  return new RowmillError(code, `${message}: ${JSON.stringify(answer['data'])}`);
}

const KAZOO_CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'permission_denied',
  403: 'permission_denied',
  404: 'run_not_found',
  429: 'server_unreachable',
  503: 'server_unreachable',
};

type Fields = Readonly<Record<string, unknown>>;

/** Any of it may be missing or another thing: a proxy may have written it. */
function readObject(text: string): Fields {
  try {
    const parsed = JSON.parse(text) as unknown;
    return isObject(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function textIn(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}

function codeOf(code: string, status: number): ErrorCode {
  const known =
    (Object.hasOwn(CODES, code) ? CODES[code] : undefined) ?? SAME.find((same) => same === code);
  if (known !== undefined) return known;
  if (status === 401 || status === 403) return 'permission_denied';
  return status >= 500 ? 'internal' : 'usage';
}
