import type { RunService, RunSummary } from './run-service.ts';
import type { RunStatus } from './status.ts';

/** Runs that have ended. Those that can be resumed have ended too: nobody did for as long as they are kept. */
export const ENDED_STATUSES = [
  'success',
  'failure',
  'partial',
  'stopped',
  'internal_error',
  'dropped_dup',
] as const satisfies readonly RunStatus[];

/** Which runs are to go. */
export interface PruneRules {
  /** Those that ended before. */
  readonly endedBefore: Date;
  readonly statuses: readonly RunStatus[];
}

/**
 * The runs that go by these rules, the newest first: children before their parents. A run and those that came
 * from it go together or not at all, and none goes whose files a run that has not ended reads.
 */
export async function prunableRuns(
  service: Pick<RunService, 'list' | 'family'>,
  { endedBefore, statuses }: PruneRules,
): Promise<readonly RunSummary[]> {
  const runs = await service.list();
  const atWork = runs.filter(({ status }) => !ENDED_STATUSES.some((ended) => ended === status));
  const isRead = ({ folder }: RunSummary): boolean =>
    folder !== '' && atWork.some(({ inputPath }) => inputPath?.startsWith(`${folder}/`));
  const leaving = new Map<string, RunSummary>();
  for (const run of runs) {
    const { finishedAt = run.createdAt, status } = run;
    const isMeant = ENDED_STATUSES.some((ended) => ended === status) && statuses.includes(status);
    if (isMeant && !run.isLive && finishedAt < endedBefore && !isRead(run)) {
      leaving.set(run.runId, run);
    }
  }
  const relatives = new Map<string, readonly string[]>();
  for (const runId of leaving.keys()) {
    const { parent, children } = await service.family(runId);
    const parents = parent === undefined ? [] : [parent.runId];
    relatives.set(runId, [...parents, ...children.map((child) => child.runId)]);
  }
  const isThere = new Set(runs.map(({ runId }) => runId));
  const staysWith = (runId: string): boolean =>
    relatives.get(runId)?.some((other) => isThere.has(other) && !leaving.has(other)) === true;
  // One that stays keeps its relatives, and those keep theirs.
  for (let staying = [...leaving.keys()].filter(staysWith); staying.length > 0;) {
    for (const runId of staying) leaving.delete(runId);
    staying = [...leaving.keys()].filter(staysWith);
  }
  return [...leaving.values()].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
}
