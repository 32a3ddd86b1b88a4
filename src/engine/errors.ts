/**
 * Why something cannot go on, in stable codes. Row failures are values, not errors. `exitCode` of the
 * command line and (with the server) the HTTP status are looked up by code, and do not compile when a
 * code is missing.
 */
export type ErrorCode =
  | 'usage'
  | 'task_not_found'
  | 'task_invalid'
  | 'arguments_invalid'
  | 'input_not_found'
  | 'input_unreadable'
  | 'input_refused'
  | 'input_changed'
  | 'input_too_large'
  | 'code_changed'
  | 'output_unwritable'
  | 'disk_full'
  | 'permission_denied'
  | 'run_not_found'
  | 'run_busy'
  | 'run_not_resumable'
  | 'run_has_children'
  | 'wrong_status'
  | 'folder_busy'
  | 'files_elsewhere'
  | 'store_unreachable'
  | 'contract_broken'
  | 'state_not_storable'
  | 'secret_unreadable'
  | 'server_unreachable'
  | 'sftp_unreachable'
  | 'sftp_failed'
  | 'executor_unavailable'
  | 'internal';

/** An error that names its offender and what was expected. */
export class RowmillError extends Error {
  override readonly name = 'RowmillError';
  readonly code: ErrorCode;
  /** Every problem found at once, where there can be several. */
  readonly problems: readonly string[];
  /** The message for who has no command line: without the commands that help. */
  readonly plain: string;

  /** `commands` ends the message: what to type at the command line. */
  constructor(
    code: ErrorCode,
    message: string,
    {
      cause,
      problems = [],
      commands = '',
    }: { cause?: unknown; problems?: readonly string[]; commands?: string } = {},
  ) {
    super(message + commands, cause === undefined ? undefined : { cause });
    this.code = code;
    this.problems = problems;
    this.plain = message;
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether it is about a store that cannot be reached: what was asked of it may have been done, or not. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof RowmillError && error.code === 'store_unreachable';
}

/** Whether it is about a server elsewhere that cannot be reached now: it may be the next time. */
export function isElsewhere(error: unknown): boolean {
  return error instanceof RowmillError && error.code === 'sftp_unreachable';
}
