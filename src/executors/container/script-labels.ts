import type { ScriptLimits } from '../../engine/ports/script-executor.ts';
import type { ContainerEngine, ListedContainer } from './container-engine.ts';

/** Which server has made a container for a script. */
const OWNER_LABEL = 'rowmill.script';
/** Until when such a container may be needed: ms since 1970. */
const UNTIL_LABEL = 'rowmill.until';
/** For pulling the image, and for clocks that differ. */
const SPARE_MS = 3_600_000;
const CLEAR_MS = 30_000;

export interface ScriptOwner {
  /** Whose containers these are: the same when the server is started again, and of no other one. */
  readonly owner: () => string;
}

/** What a container for a script is known by. */
export function labelsOf(
  { owner }: ScriptOwner,
  { timeoutSeconds }: Pick<ScriptLimits, 'timeoutSeconds'>,
): Readonly<Record<string, string>> {
  const untilMs = Math.ceil(Date.now() + timeoutSeconds * 1000 + SPARE_MS);
  return { [OWNER_LABEL]: owner(), [UNTIL_LABEL]: String(untilMs) };
}

/** Removes what an earlier server of an owner has left behind, and what nobody can need any more. */
export async function clearLeft(
  engine: Pick<ContainerEngine, 'remove'> & {
    labelled(label: string, signal: AbortSignal): Promise<readonly ListedContainer[]>;
  },
  {
    owner,
    open,
    nowMs,
  }: ScriptOwner & {
    /** Names of those that are at work. */
    readonly open: ReadonlySet<string>;
    readonly nowMs: number;
  },
): Promise<number> {
  const own = owner();
  const found = await engine.labelled(OWNER_LABEL, AbortSignal.timeout(CLEAR_MS));
  const left = found.filter(
    ({ name, labels }) =>
      !open.has(name) && (labels[OWNER_LABEL] === own || Number(labels[UNTIL_LABEL]) < nowMs),
  );
  for (const { name } of left) await engine.remove(name, AbortSignal.timeout(CLEAR_MS));
  return left.length;
}
