import { describe, expect, it } from 'vitest';
import {
  EXIT_CODES,
  exitCodeOfError,
  exitCodeOfRun,
  exitCodeOfTally,
} from '../../src/cli/exit-codes.ts';
import type { ErrorCode } from '../../src/engine/errors.ts';
import type { RunStatus } from '../../src/engine/run/status.ts';

// Scripts depend on these. A line may be added here; none may change.
const FROZEN_CODES = {
  ok: 0,
  internal: 1,
  usage: 2,
  permission: 3,
  some_failed: 4,
  all_failed: 5,
  input_refused: 6,
  unreachable: 7,
  stopped: 8,
  hang_up: 129,
  interrupted: 130,
  pipe_closed: 141,
  terminated: 143,
};

const FROZEN_ERRORS: Record<ErrorCode, number> = {
  usage: 2,
  task_not_found: 2,
  task_invalid: 2,
  arguments_invalid: 2,
  input_not_found: 6,
  input_unreadable: 6,
  input_refused: 6,
  input_too_large: 6,
  input_changed: 6,
  code_changed: 2,
  output_unwritable: 3,
  disk_full: 1,
  permission_denied: 3,
  run_not_found: 2,
  run_busy: 2,
  run_not_resumable: 2,
  run_has_children: 2,
  wrong_status: 2,
  folder_busy: 2,
  files_elsewhere: 2,
  store_unreachable: 7,
  contract_broken: 1,
  state_not_storable: 1,
  secret_unreadable: 1,
  server_unreachable: 7,
  sftp_unreachable: 7,
  sftp_failed: 7,
  executor_unavailable: 1,
  internal: 1,
};

const FROZEN_STATUSES: Record<RunStatus, number> = {
  success: 0,
  partial: 4,
  failure: 5,
  paused: 8,
  stopped: 8,
  dropped_dup: 8,
  internal_error: 1,
  pending: 1,
  executing: 1,
};

function ofRun(status: RunStatus, more: Partial<Parameters<typeof exitCodeOfRun>[0]> = {}): number {
  const result = { status, succeeded: 1, failed: 1 };
  return exitCodeOfRun({ result, signal: undefined, isCanary: false, inputIsPipe: false, ...more });
}

describe('exit codes', () => {
  it('are frozen', () => {
    const codes = Object.entries(EXIT_CODES).map(([name, { code }]) => [name, code]);
    expect(Object.fromEntries(codes)).toEqual(FROZEN_CODES);
  });

  it.each(Object.entries(FROZEN_ERRORS))('say of the error %s: %d', (code, exitCode) => {
    expect(exitCodeOfError(code as ErrorCode)).toBe(exitCode);
  });

  it.each(Object.entries(FROZEN_STATUSES))('say of a run that is %s: %d', (status, exitCode) => {
    expect(ofRun(status as RunStatus)).toBe(exitCode);
  });

  it('say the signal of a run that it ended, and how a run went that had finished by then', () => {
    for (const [signal, exitCode] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      expect(ofRun('stopped', { signal })).toBe(exitCode);
      expect(ofRun('paused', { signal })).toBe(exitCode);
      expect(ofRun('internal_error', { signal })).toBe(exitCode);
      expect(ofRun('partial', { signal })).toBe(4);
      // Whoever filled the pipe got the signal too: this may not have been all of the input.
      expect(ofRun('partial', { signal, inputIsPipe: true })).toBe(exitCode);
    }
  });

  it('say of a canary how its rows went', () => {
    expect(ofRun('paused', { isCanary: true })).toBe(4);
    const result = { status: 'paused', succeeded: 3, failed: 0 } as const;
    expect(ofRun('paused', { isCanary: true, result })).toBe(0);
    expect(ofRun('stopped', { isCanary: true })).toBe(8);
  });

  it('say of rows counted: none failed, some, all', () => {
    expect(exitCodeOfTally({ succeeded: 0, failed: 0 })).toBe(0);
    expect(exitCodeOfTally({ succeeded: 2, failed: 0 })).toBe(0);
    expect(exitCodeOfTally({ succeeded: 2, failed: 1 })).toBe(4);
    expect(exitCodeOfTally({ succeeded: 0, failed: 1 })).toBe(5);
  });
});
