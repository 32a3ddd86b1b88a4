import type { ErrorCode } from '../engine/errors.ts';
import type { RunStatus } from '../engine/run/status.ts';

/**
 * What the process says when it ends. Scripts depend on these numbers: they are frozen, a test holds
 * them, and the table in docs/command-line.md is made from this one.
 */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'every row succeeded, or the command did what it was asked' },
  internal: {
    code: 1,
    meaning: 'the run or the command could not go on: full disk, lost input, a bug',
  },
  usage: {
    code: 2,
    meaning: 'the command line, a setting or an argument is wrong; nothing was done',
  },
  permission: {
    code: 3,
    meaning: 'a file or folder may not be read or cannot be written, or the key may not do this',
  },
  some_failed: { code: 4, meaning: 'the run ended and some rows failed' },
  all_failed: { code: 5, meaning: 'the run ended and every row failed' },
  input_refused: {
    code: 6,
    meaning: 'the input is not there, is no table, or lacks what the task needs',
  },
  unreachable: { code: 7, meaning: 'the server cannot be reached' },
  stopped: { code: 8, meaning: 'the run was stopped or paused before its end and can be resumed' },
  hang_up: { code: 129, meaning: 'the terminal was closed; the run was checkpointed' },
  interrupted: { code: 130, meaning: 'Ctrl-C; the run was checkpointed' },
  pipe_closed: {
    code: 141,
    meaning:
      'the reader of standard output went away, as with head: other filters end so by SIGPIPE',
  },
  terminated: { code: 143, meaning: 'SIGTERM; the run was checkpointed' },
} as const;

type ExitName = keyof typeof EXIT_CODES;
export type ExitCode = (typeof EXIT_CODES)[ExitName]['code'];

const EXIT_OF_ERROR = {
  usage: 'usage',
  task_not_found: 'usage',
  task_invalid: 'usage',
  arguments_invalid: 'usage',
  input_not_found: 'input_refused',
  input_unreadable: 'input_refused',
  input_refused: 'input_refused',
  input_too_large: 'input_refused',
  input_changed: 'input_refused',
  code_changed: 'usage',
  output_unwritable: 'permission',
  disk_full: 'internal',
  permission_denied: 'permission',
  run_not_found: 'usage',
  run_busy: 'usage',
  run_not_resumable: 'usage',
  run_has_children: 'usage',
  wrong_status: 'usage',
  folder_busy: 'usage',
  files_elsewhere: 'usage',
  store_unreachable: 'unreachable',
  contract_broken: 'internal',
  state_not_storable: 'internal',
  secret_unreadable: 'internal',
  server_unreachable: 'unreachable',
  sftp_unreachable: 'unreachable',
  sftp_failed: 'unreachable',
  executor_unavailable: 'internal',
  internal: 'internal',
} as const satisfies Record<ErrorCode, ExitName>;

/** The exit code of an error that a command threw. */
export function exitCodeOfError(code: ErrorCode): ExitCode {
  return EXIT_CODES[EXIT_OF_ERROR[code]].code;
}

/** The signals that end a run in order, and what the process says then. */
export const EXIT_OF_SIGNAL = {
  SIGINT: EXIT_CODES.interrupted.code,
  SIGTERM: EXIT_CODES.terminated.code,
  SIGHUP: EXIT_CODES.hang_up.code,
} as const;

export type StopSignalName = keyof typeof EXIT_OF_SIGNAL;

/**
 * The exit code of a run that has ended. A run that had finished when the signal came says how it
 * finished; one that the user asked to pause after its first rows (a canary) says how those went.
 */
export function exitCodeOfRun({
  result,
  signal,
  isCanary,
  inputIsPipe,
}: {
  readonly result: {
    readonly status: RunStatus;
    readonly succeeded: number;
    readonly failed: number;
  };
  readonly signal: StopSignalName | undefined;
  readonly isCanary: boolean;
  /** Ctrl-C ends the program that fills the pipe too: the end of the input may not be its end. */
  readonly inputIsPipe: boolean;
}): ExitCode {
  const ofStatus = EXIT_OF_STATUS[result.status];
  const isFinished = FINISHED_EXITS.has(ofStatus);
  if (signal !== undefined && (inputIsPipe || !isFinished)) return EXIT_OF_SIGNAL[signal];
  return isCanary && result.status === 'paused'
    ? exitCodeOfTally(result)
    : EXIT_CODES[ofStatus].code;
}

const EXIT_OF_STATUS = {
  success: 'ok',
  partial: 'some_failed',
  failure: 'all_failed',
  paused: 'stopped',
  stopped: 'stopped',
  dropped_dup: 'stopped',
  internal_error: 'internal',
  // A run that has ended is neither; one that says so has broken its contract.
  pending: 'internal',
  executing: 'internal',
} as const satisfies Record<RunStatus, ExitName>;

const FINISHED_EXITS: ReadonlySet<ExitName> = new Set(['ok', 'some_failed', 'all_failed']);

/** The exit code of rows counted: of a check, and of a canary. */
export function exitCodeOfTally({
  succeeded,
  failed,
}: {
  readonly succeeded: number;
  readonly failed: number;
}): ExitCode {
  if (failed === 0) return EXIT_CODES.ok.code;
  return succeeded === 0 ? EXIT_CODES.all_failed.code : EXIT_CODES.some_failed.code;
}
