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
  return new RowmillError('internal', `${folder}: the run cannot be stored: ${message}`, {
    cause: error,
  });
}
