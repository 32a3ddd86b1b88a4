import type { EntityRun } from '../../engine/ports/entity-run-store.ts';
import type { ContainerEngine, ListedContainer } from './container-engine.ts';
import { isPast, RUN_LABEL, SCRIPT_LABEL, SERVER_LABEL } from './container-labels.ts';

/** How long the engine may take for each answer. */
const ANSWER_MS = 30_000;

type ClearedEngine = Pick<ContainerEngine, 'labelled' | 'state' | 'remove'>;

/** Removes the containers of scripts that an earlier server of an owner has left behind, and those of nobody. */
export async function clearScripts(
  engine: ClearedEngine,
  {
    owners,
    open,
    nowMs,
    signal,
  }: {
    /** As the server is told in labels. */
    readonly owners: readonly string[];
    /** Names of those that are at work. */
    readonly open: ReadonlySet<string>;
    readonly nowMs: number;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  return removeThose(engine, { label: SCRIPT_LABEL, signal }, ({ name, labels }) => {
    const isOwn = owners.includes(labels[SCRIPT_LABEL] ?? '');
    return !open.has(name) && (isOwn || isPast(labels, nowMs));
  });
}

/**
 * Removes the containers of entities that are gone or have ended. What is at work, or may have a result that
 * nobody has read, stays.
 */
export async function clearEntities(
  engine: ClearedEngine,
  {
    server,
    find,
    nowMs,
    signal,
  }: {
    /** As it is told in labels. */
    readonly server: string;
    /** Undefined for an entity that is gone, or is of another store. */
    readonly find: (
      runId: string,
    ) => Promise<Pick<EntityRun, 'phase' | 'status' | 'resultBytes'> | undefined>;
    readonly nowMs: number;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  return removeThose(engine, { label: RUN_LABEL, signal }, async ({ name, labels }) => {
    const entity = await find(labels[RUN_LABEL] ?? '');
    if (entity === undefined) return labels[SERVER_LABEL] === server;
    if (entity.phase !== 'ended') return false;
    // Its result is kept, or somebody has asked to remove it.
    if (entity.resultBytes !== undefined) return true;
    if (entity.status === 'removed' || entity.status === 'unknown') return true;
    const state = await engine.state(name, within(signal));
    if (state === undefined || state.status === 'removing') return false;
    if (state.status === 'exited') return state.exitCode !== 0 || state.isOutOfMemory;
    return isPast(labels, nowMs);
  });
}

/** One that cannot be removed keeps none of the others: what it fails with is thrown at the end. */
async function removeThose(
  engine: ClearedEngine,
  { label, signal }: { readonly label: string; readonly signal: AbortSignal },
  isLeft: (container: ListedContainer) => boolean | Promise<boolean>,
): Promise<number> {
  let count = 0;
  let problem: unknown;
  for (const container of await engine.labelled(label, within(signal))) {
    signal.throwIfAborted();
    try {
      if (!(await isLeft(container))) continue;
      await engine.remove(container.name, within(signal));
      count += 1;
    } catch (error) {
      problem = error;
    }
  }
  if (problem !== undefined) throw problem;
  return count;
}

function within(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
}
