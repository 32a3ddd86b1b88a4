import { RowmillError } from '../errors.ts';

/**
 * Thrown by a task's `output` or `open`: this file is not for it. The run does not begin, nothing is
 * written, and the message says why: name every problem at once.
 */
export class InputRefused extends RowmillError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('input_refused', message, options);
  }
}

/**
 * Thrown by a task's `output` or `open`: the arguments are right in form, but not together or not in
 * this world (a table that does not exist). The run does not begin.
 */
export class ArgumentsRefused extends RowmillError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('arguments_invalid', message, options);
  }
}

/**
 * Thrown by `row`, `rows` or `step`: what the task works with is gone, and every other row would fail for
 * it too. The run ends where it is and can be resumed; the row counts as unprocessed.
 */
export class RunHalted extends RowmillError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('internal', message, options);
  }
}
