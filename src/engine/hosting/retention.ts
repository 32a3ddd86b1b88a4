import { RowmillError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostedRun, HostedRunStore } from '../ports/hosted-run-store.ts';
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
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  /** It is gone. */
  readonly onRemoved: (leaving: Leaving) => Promise<void>;
  readonly onError: (error: unknown, runId: string | undefined) => void;
}

const SWEEP_EVERY_MS = 60 * 60 * 1_000;
const PAGE = 200;
/** Runs that have ended. Those that can be resumed have ended too: nobody did for as long as they are kept. */
const ENDED: readonly RunStatus[] = [
  'success',
  'failure',
  'partial',
  'stopped',
  'internal_error',
  'dropped_dup',
];
const AT_WORK: readonly RunStatus[] = ['pending', 'executing', 'paused'];

/** Removes runs that have been kept long enough: never one at work, nor one that such a one reads. */
export class Retention {
  readonly rules: RetentionRules;
  readonly #ports: RetentionPorts;
  readonly #closing: AbortController;
  #sweeping: Promise<void> | undefined;

  constructor(ports: RetentionPorts, rules: RetentionRules) {
    this.#ports = ports;
    this.rules = rules;
    this.#closing = ports.makeStop();
  }

  open(): void {
    const { keptMs, maxBytes } = this.rules;
    if (keptMs !== undefined || maxBytes !== undefined) this.#sweeping ??= this.#sweepOften();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#sweeping;
  }

  /** What would go now by these rules, the oldest first. Nothing is removed. */
  async preview(rules: RetentionRules = this.rules): Promise<readonly Leaving[]> {
    const { clock, bytesOf } = this.#ports;
    const { keptMs = Infinity, maxBytes = Infinity } = rules;
    const now = clock.now();
    const read = await this.#foldersRead();
    const ended = [];
    let total = 0;
    for await (const run of this.#runs(ENDED)) {
      const bytes = maxBytes === Infinity ? 0 : await bytesOf(run.folder);
      total += bytes;
      ended.push({ run, bytes, endedAtMs: endOf(run) });
    }
    const leaving: Leaving[] = [];
    for (const candidate of ended.sort((a, b) => a.endedAtMs - b.endedAtMs)) {
      const { run, bytes, endedAtMs } = candidate;
      const isOld = now - endedAtMs > keptMs;
      if (!isOld && total <= maxBytes) continue;
      const isKept = rules.untilAcknowledged && run.facts.acknowledgedAtMs === undefined;
      const isAtWork = run.isHeld || run.facts.dueAtMs !== undefined;
      if (isKept || isAtWork || read.some((path) => path.startsWith(`${run.folder}/`))) continue;
      total -= bytes;
      const size = maxBytes === Infinity ? await bytesOf(run.folder) : bytes;
      leaving.push({ run, bytes: size, endedAtMs, reason: isOld ? 'age' : 'space' });
    }
    return leaving;
  }

  /** Removes what has been kept long enough, once. */
  async sweep(): Promise<void> {
    const { control, onRemoved, onError } = this.#ports;
    for (const leaving of await this.preview()) {
      const { runId } = leaving.run.record;
      if (this.#closing.signal.aborted) return;
      try {
        await control.delete(runId);
        await onRemoved(leaving);
      } catch (error) {
        // It was resumed, or removed, a moment ago.
        if (!(error instanceof RowmillError)) onError(error, runId);
      }
    }
  }

  async #sweepOften(): Promise<void> {
    const { clock, onError } = this.#ports;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.sweep();
      } catch (error) {
        onError(error, undefined);
      }
      await clock.sleep(SWEEP_EVERY_MS, signal);
    }
  }

  /** Files that runs at work read: the folder they lie in is still needed. */
  async #foldersRead(): Promise<readonly string[]> {
    const paths: string[] = [];
    for await (const { record } of this.#runs(AT_WORK)) {
      if (record.input.kind === 'file') paths.push(record.input.path);
    }
    return paths;
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

function endOf({ state, record }: HostedRun): number {
  return state.finishedAtMs ?? state.startedAtMs ?? record.createdAtMs;
}
