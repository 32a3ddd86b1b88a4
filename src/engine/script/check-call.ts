import { RowmillError } from '../errors.ts';
import type { ScriptCall } from '../ports/script-executor.ts';
import { checkBundle } from './check-bundle.ts';
import { executorProblems } from './executor-definition.ts';

/** Refuses what no executor of a kind that has images could execute, and gives the image. */
export function checkCall(call: ScriptCall, kind: string): string {
  checkBundle(call.bundle);
  const problems = executorProblems({ ...call, kind });
  const { image } = call;
  if (problems.length === 0 && image !== undefined) return image;
  throw new RowmillError('arguments_invalid', problems.join('; '), { problems });
}
