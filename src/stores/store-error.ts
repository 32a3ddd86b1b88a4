import { messageOf, RowmillError } from '../engine/errors.ts';
import { StatusTransitionError } from '../engine/run/status.ts';

/** Says in words what went wrong with the store, and names the folder. */
export function storeError(folder: string, error: unknown): Error {
  if (error instanceof RowmillError || error instanceof StatusTransitionError) return error;
  const message = messageOf(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ENOSPC' || code === 'SQLITE_FULL' || /disk is full/i.test(message)) {
    return new RowmillError('disk_full', `${folder}: no space is left on the disk`, {
      cause: error,
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new RowmillError('permission_denied', `${folder}: writing there is not permitted`, {
      cause: error,
    });
  }
  if (isUnreachable(error)) {
    return new RowmillError('store_unreachable', `${folder} cannot be reached: ${message}`, {
      cause: error,
    });
  }
  return new RowmillError('internal', `${folder}: the run cannot be stored: ${message}`, {
    cause: error,
  });
}

/** Whether a database was not there, or went, while it was asked: the same may work in a moment. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof RowmillError) return error.code === 'store_unreachable';
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return PASSING_CODES.test(code) || PASSING_MESSAGES.test(error.message);
}

/** Of the network, of a connection (08), of a server that ends, begins or is full, of a lost race. */
const PASSING_CODES =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|08\w{3}|57P0\d|53300|40001|40P01|25P03|SQLITE_BUSY\w*)$/;
/** What the driver says without a code. */
const PASSING_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect|timeout expired|Query read timeout)/i;

/** Throws `run_has_children` where there are any. */
export function refuseChildren(runId: string, children: readonly string[]): void {
  if (children.length === 0) return;
  const names = children.slice(0, 3).join(', ');
  const more = children.length > 3 ? ` and ${children.length - 3} more` : '';
  throw new RowmillError(
    'run_has_children',
    `run ${runId} is needed by ${names}${more}, which did its rows again or undid them: delete those first`,
  );
}
