import { RowmillError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostedRun, HostedRunStore } from '../ports/hosted-run-store.ts';
import { ENDED_STATUSES } from '../run/prune-runs.ts';
import type { RunStatus } from '../run/status.ts';
import type { RunControl } from './run-control.ts';

/** How long runs are kept. Without a rule they are kept until somebody removes them. */
export interface RetentionRules {
  /** Runs that ended longer ago go. */
  readonly keptMs: number | undefined;
  /** The oldest go until all that have ended take no more. */
  readonly maxBytes: number | undefined;
  /** What nobody has acknowledged stays, whatever the other rules say. */
  readonly untilAcknowledged: boolean;
}

/** A run that has ended. */
interface Ended {
  readonly run: HostedRun;
  readonly bytes: number;
  readonly endedAtMs: number;
}

/** A run that goes, and why. */
export interface Leaving {
  readonly run: HostedRun;
  readonly bytes: number;
  readonly endedAtMs: number;
  readonly reason: 'age' | 'space';
}

interface RetentionPorts {
  readonly store: HostedRunStore;
  readonly control: Pick<RunControl, 'delete'>;
  /** What the files in a run's folder take. */
  readonly bytesOf: (folder: string) => Promise<number>;
  readonly clock: Pick<Clock, 'now'>;
  /** It is gone. */
  readonly onRemoved: (leaving: Leaving) => Promise<void>;
  readonly onError: (error: unknown, runId: string) => void;
}

const PAGE = 200;
const AT_WORK: readonly RunStatus[] = ['pending', 'executing', 'paused'];

/** Removes runs that have been kept long enough: never one at work, nor one that such a one reads. */
export class Retention {
  readonly rules: RetentionRules;
  readonly #ports: RetentionPorts;

  constructor(ports: RetentionPorts, rules: RetentionRules) {
    this.#ports = ports;
    this.rules = rules;
  }

  /**
   * What would go now by these rules, the oldest first. A run and those that came from it go together, when
   * the last of them has been kept long enough: children before their parents. Nothing is removed.
   */
  async preview(rules: RetentionRules = this.rules): Promise<readonly Leaving[]> {
    const { clock, bytesOf } = this.#ports;
    const { keptMs = Infinity, maxBytes = Infinity } = rules;
    const now = clock.now();
    const { folders, families: atWork } = await this.#neededAtWork();
    const families = new Map<string, Ended[]>();
    let total = 0;
    // The newest first: children before their parents.
    for await (const run of this.#runs(ENDED_STATUSES)) {
      // The server that has its files sees to it.
      if (!run.isHere) continue;
      const bytes = maxBytes === Infinity ? 0 : await bytesOf(run.folder);
      total += bytes;
      const rootId = rootOf(run);
      const family = families.get(rootId) ?? [];
      families.set(rootId, [...family, { run, bytes, endedAtMs: endOf(run) }]);
    }
    const leaving: Leaving[] = [];
    const oldestFirst = [...families].sort(([, a], [, b]) => lastEndOf(a) - lastEndOf(b));
    for (const [rootId, family] of oldestFirst) {
      const isOld = now - lastEndOf(family) > keptMs;
      if (!isOld && total <= maxBytes) continue;
      const isNeeded = family.some(
        ({ run }) =>
          (rules.untilAcknowledged && run.facts.acknowledgedAtMs === undefined) ||
          run.isHeld ||
          run.facts.dueAtMs !== undefined ||
          folders.some((path) => path.startsWith(`${run.folder}/`)),
      );
      if (isNeeded || atWork.has(rootId)) continue;
      for (const { run, bytes, endedAtMs } of family) {
        total -= bytes;
        const size = maxBytes === Infinity ? await bytesOf(run.folder) : bytes;
        leaving.push({ run, bytes: size, endedAtMs, reason: isOld ? 'age' : 'space' });
      }
    }
    return leaving;
  }

  /** Removes what has been kept long enough, until the signal comes. */
  async sweep(signal: AbortSignal): Promise<{ readonly removed: number; readonly bytes: number }> {
    const { control, onRemoved, onError } = this.#ports;
    let [removed, bytes] = [0, 0];
    if (this.rules.keptMs === undefined && this.rules.maxBytes === undefined) {
      return { removed, bytes };
    }
    for (const leaving of await this.preview()) {
      const { runId } = leaving.run.record;
      if (signal.aborted) break;
      try {
        await control.delete(runId);
        removed += 1;
        bytes += leaving.bytes;
        await onRemoved(leaving);
      } catch (error) {
        // It was resumed, or removed, a moment ago.
        if (!(error instanceof RowmillError)) onError(error, runId);
      }
    }
    return { removed, bytes };
  }

  /** Files that runs at work read: the folder they lie in is still needed. And the lines they are of. */
  async #neededAtWork(): Promise<{
    readonly folders: readonly string[];
    readonly families: ReadonlySet<string>;
  }> {
    const folders: string[] = [];
    const families = new Set<string>();
    for await (const run of this.#runs(AT_WORK)) {
      if (run.record.input.kind === 'file') folders.push(run.record.input.path);
      families.add(rootOf(run));
    }
    return { folders, families };
  }

  async *#runs(status: readonly RunStatus[]): AsyncIterable<HostedRun> {
    let after: { readonly createdAtMs: number; readonly runId: string } | undefined;
    for (;;) {
      const request = { accountId: undefined, limit: PAGE, status, after };
      const { runs, hasMore } = await this.#ports.store.page(request);
      yield* runs;
      after = runs.at(-1)?.record;
      if (!hasMore || after === undefined) return;
    }
  }
}

/** What the server says of a run that is gone. */
export function removalNotice({ run, reason, endedAtMs }: Leaving): string {
  const ended = new Date(endedAtMs).toISOString();
  return `retention (${reason}) has removed run ${run.record.runId} of account ${run.accountId}, which ended ${ended}`;
}

/** The first run of its line. */
function rootOf({ record }: HostedRun): string {
  return record.parent?.rootId ?? record.runId;
}

function lastEndOf(family: readonly Ended[]): number {
  return Math.max(...family.map(({ endedAtMs }) => endedAtMs));
}

function endOf({ state, record }: HostedRun): number {
  return state.finishedAtMs ?? state.startedAtMs ?? record.createdAtMs;
}
