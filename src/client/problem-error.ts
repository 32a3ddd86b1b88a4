import { RowmillError, type ErrorCode } from '../engine/errors.ts';

/** The body of a refusal, RFC 9457. Everything may be missing: a proxy may have written it. */
interface ProblemWire {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly request_id?: string;
  readonly errors?: readonly { readonly at?: string; readonly message?: string }[];
}

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
const SAME: ReadonlySet<string> = new Set<ErrorCode>([
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
  'run_not_found',
  'run_busy',
  'run_not_resumable',
  'wrong_status',
  'contract_broken',
  'state_not_storable',
]);

/** What a server refused, as the error it would have been on this machine. */
export function problemError(status: number, text: string): RowmillError {
  const problem = readProblem(text);
  const { code = '', detail, title, request_id: requestId, errors = [] } = problem;
  const message = detail ?? title ?? `the server answered ${status}`;
  const problems = errors.flatMap((error) => error.message ?? []);
  // The log of the server has more about its own faults, under this id.
  const where = status >= 500 && requestId !== undefined ? ` (request ${requestId})` : '';
  return new RowmillError(codeOf(code, status), `${message}${where}`, { problems });
}

/** What a server refused in Kazoo's words; undefined where it did not. */
export function kazooError(status: number, text: string): RowmillError | undefined {
  const { status: word, message, data } = readKazoo(text);
  if (word !== 'error' || message === undefined) return undefined;
  const code = KAZOO_CODES[status] ?? (status >= 500 ? 'internal' : 'input_refused');
  return new RowmillError(code, `${message}: ${JSON.stringify(data)}`);
}

const KAZOO_CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'permission_denied',
  403: 'permission_denied',
  404: 'run_not_found',
  429: 'server_unreachable',
  503: 'server_unreachable',
};

function readKazoo(text: string): {
  readonly status?: unknown;
  readonly message?: string;
  readonly data?: unknown;
} {
  return readProblem(text) as ReturnType<typeof readKazoo>; // JSON of somebody: any of it may be missing
}

function readProblem(text: string): ProblemWire {
  try {
    const parsed = JSON.parse(text) as unknown;
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function codeOf(code: string, status: number): ErrorCode {
  const known = CODES[code];
  if (known !== undefined) return known;
  // `SAME` holds nothing but such codes.
  if (SAME.has(code)) return code as ErrorCode;
  if (status === 401 || status === 403) return 'permission_denied';
  return status >= 500 ? 'internal' : 'usage';
}
