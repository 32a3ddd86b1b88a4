import { messageOf, RowmillError, type ErrorCode } from '../../engine/errors.ts';

/** The system's own code of an error, such as ENOENT. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

/** Says in words what the system refused, and names the path. */
export function inputError(path: string, error: unknown): RowmillError {
  if (error instanceof RowmillError) return error;
  switch (systemCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return named('input_not_found', `${path}: there is no such file`, error);
    case 'EACCES':
    case 'EPERM':
      return named('permission_denied', `${path}: reading it is not permitted`, error);
    case 'EISDIR':
      return named('input_unreadable', `${path} is a folder: expected a CSV file`, error);
    default:
      return named('input_unreadable', `${path} cannot be read: ${messageOf(error)}`, error);
  }
}

/** The same for what is written. */
export function outputError(path: string, error: unknown): RowmillError {
  if (error instanceof RowmillError) return error;
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return named('disk_full', `${path}: no space is left on the disk`, error);
    case 'EFBIG':
      return named('disk_full', `${path}: the file may not grow further (file size limit)`, error);
    case 'ENOENT':
    case 'ENOTDIR':
      return named('output_unwritable', `${path}: its folder does not exist`, error);
    case 'EISDIR':
      return named('output_unwritable', `${path} is a folder: expected the name of a file`, error);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return named('permission_denied', `${path}: writing it is not permitted`, error);
    case 'EPIPE':
      return named('output_unwritable', `${path}: nobody reads it any more (EPIPE)`, error);
    default:
      return named('output_unwritable', `${path} cannot be written: ${messageOf(error)}`, error);
  }
}

function named(code: ErrorCode, message: string, cause: unknown): RowmillError {
  return new RowmillError(code, message, { cause });
}
