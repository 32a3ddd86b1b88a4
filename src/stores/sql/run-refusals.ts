import { RowmillError } from '../../engine/errors.ts';

export function absent(runId: string): RowmillError {
  return new RowmillError('run_not_found', `there is no run ${runId}`);
}

/** Its turn in a queue has come this moment. */
export function starting(runId: string): RowmillError {
  return new RowmillError('run_busy', `run ${runId} is being started: stop it first`);
}

export function busy(runId: string): RowmillError {
  return new RowmillError('run_busy', `run ${runId} is being carried out: stop it first`);
}

export function takenOver(runId: string): RowmillError {
  return new RowmillError(
    'run_busy',
    `run ${runId} was taken over by another server: what this one did after its last checkpoint does not count`,
  );
}
