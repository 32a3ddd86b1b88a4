import { createHash } from 'node:crypto';
import type { ScriptLimits } from '../../engine/ports/script-executor.ts';

// Containers outlive the program that made them: what these labels are called, and say, stays as it is from one
// version of it to the next. docs/executors.md and docs/handlers.md show them.

/** Of a container for a script: which server has made it. */
export const SCRIPT_LABEL = 'rowmill.script';
/** Of a container for an entity: the id of its run. */
export const RUN_LABEL = 'rowmill.run';
/** Of a container for an entity: which server has made it. */
export const SERVER_LABEL = 'rowmill.server';
/** Until when a container may be at work: ms since 1970. */
export const UNTIL_LABEL = 'rowmill.until';

export interface ScriptOwner {
  /** Whose containers these are, as labels have it: the same when the server is started again, and of no other one. */
  readonly owner: () => string;
  /** What earlier versions of this program have said of the same server. */
  readonly formerOwners?: readonly string[];
}

/** For pulling the image, and for clocks that differ. */
const SPARE_MS = 3_600_000;

/** What a server is told by in labels. Whoever may look at containers need not know its id. */
export function serverLabel(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16);
}

/** What a container for a script is known by. */
export function scriptLabels(
  owner: string,
  { timeoutSeconds }: Pick<ScriptLimits, 'timeoutSeconds'>,
): Readonly<Record<string, string>> {
  return { [SCRIPT_LABEL]: owner, [UNTIL_LABEL]: untilLabel(Date.now(), timeoutSeconds) };
}

/** The label of what may take so long from now. */
export function untilLabel(nowMs: number, seconds: number): string {
  return String(Math.ceil(nowMs + seconds * 1000 + SPARE_MS));
}

/** Whether nobody can be waiting for a container any more. */
export function isPast(labels: Readonly<Record<string, string>>, nowMs: number): boolean {
  return Number(labels[UNTIL_LABEL]) < nowMs;
}
