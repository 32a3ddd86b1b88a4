import { RowmillError } from '../../errors.ts';
import type { StoredRun } from '../run-record.ts';
import type { ServicePorts } from '../service-ports.ts';

/** A run, and the runs that its rows went through. */
export interface RunFamily {
  readonly run: StoredRun;
  /** The first of the line: the run itself where it has no parent. */
  readonly root: StoredRun;
  /** The first and all runs of its rows again, the oldest first. */
  readonly members: readonly StoredRun[];
  /** Ids of the run and of what was run again of it. */
  readonly subtree: ReadonlySet<string>;
  /** Runs that undo the run, the oldest first. */
  readonly reverts: readonly StoredRun[];
}

/** Reads a run with its line. Throws `run_not_found` where the run, or the first of its line, is gone. */
export async function familyOf(
  runId: string,
  { store }: Pick<ServicePorts, 'store'>,
): Promise<RunFamily> {
  const run = await store.get(runId);
  const { parent } = run.record;
  const rootId = parent?.rootId ?? run.record.runId;
  const root = parent === undefined ? run : await firstOf(run, store);
  const records = await store.line(rootId);
  const younger = await Promise.all(records.map((record) => store.get(record.runId)));
  const subtree = new Set([run.record.runId]);
  const members = [root];
  const reverts: StoredRun[] = [];
  for (const other of younger) {
    const { runId: id, parent: of } = other.record;
    if (of?.kind === 'revert') {
      if (of.runId === run.record.runId) reverts.push(other);
      continue;
    }
    members.push(other);
    if (of !== undefined && subtree.has(of.runId)) subtree.add(id);
  }
  return { run, root, members, subtree, reverts };
}

/** Runs that came from a run, from those and so on: children before their parents. */
export async function descendantsOf(
  { record }: StoredRun,
  { store }: Pick<ServicePorts, 'store'>,
): Promise<readonly string[]> {
  const found = new Set([record.runId]);
  for (const { runId, parent } of await store.line(record.parent?.rootId ?? record.runId)) {
    if (parent !== undefined && found.has(parent.runId)) found.add(runId);
  }
  return [...found].slice(1).reverse();
}

/** What a family's rows and files depend on: it changes whenever they do. */
export function versionOf({ members, reverts }: RunFamily): string {
  return [...members, ...reverts]
    .map(({ record, state }) => {
      const { status, position, outputBytes, failed } = state;
      return [record.runId, status, position?.number ?? 0, outputBytes, failed].join(' ');
    })
    .join('\n');
}

async function firstOf(run: StoredRun, store: ServicePorts['store']): Promise<StoredRun> {
  const { runId, parent } = run.record;
  try {
    return await store.get(parent?.rootId ?? runId);
  } catch (error) {
    if (!(error instanceof RowmillError) || error.code !== 'run_not_found') throw error;
    throw new RowmillError(
      'run_not_found',
      `run ${runId} did rows of run ${parent?.rootId} again, and that run was deleted`,
      { cause: error },
    );
  }
}

/**
 * Throws while one of the runs is at work or waits to go on: the same rows would be done twice. The first
 * run of the line is held by who asks.
 */
export function refuseUnfinished(runs: readonly StoredRun[]): void {
  for (const run of runs) {
    const { runId, parent } = run.record;
    if (run.isHeld && parent !== undefined) {
      throw new RowmillError('run_busy', `run ${runId} is at work: wait for it, or stop it first`);
    }
    const { status } = run.state;
    if (status === 'executing' || status === 'paused' || status === 'pending') {
      throw new RowmillError(
        'wrong_status',
        `run ${runId} has not come to its end: go on with it, or stop it`,
        { commands: ` (rowmill resume ${runId}, rowmill runs stop ${runId})` },
      );
    }
  }
}
