import { isUnreachable, messageOf } from '../errors.ts';
import type { JobStarter } from '../jobs/start-job.ts';
import type { Clock } from '../ports/clock.ts';
import type { JobStore } from '../ports/job-store.ts';
import type { ClaimedEntry, QueueStore } from '../ports/queue-store.ts';
import { outcomeOf } from './run-outcome.ts';
import { Sweeper } from './sweeper.ts';

/** What a worker of queues works with. */
interface QueueWorkerPorts {
  readonly queues: QueueStore;
  readonly jobs: Pick<JobStore, 'find'>;
  readonly starter: Pick<JobStarter, 'startNow' | 'discard'>;
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
  readonly onError: (error: unknown, about: string | undefined) => void;
}

/** The store is looked into so often; what is added or has ended here is seen at once. */
const SWEEP_EVERY_MS = 1_000;
const ENTRIES_AT_ONCE = 16;
const ENDS_AT_ONCE = 100;

/**
 * Starts what waits in queues, each in its order and with as many workers as it has. Any number of these may
 * work on one store: what one of them had begun to start when it went away is gone on with by another.
 */
export class QueueWorker {
  readonly #ports: QueueWorkerPorts;
  readonly #sweeper: Sweeper;

  constructor(ports: QueueWorkerPorts) {
    this.#ports = ports;
    const pauseMs = async (): Promise<number> => SWEEP_EVERY_MS;
    this.#sweeper = new Sweeper({ ...ports, pauseMs, sweep: () => this.#sweep() });
  }

  open(): void {
    this.#sweeper.open();
  }

  /** Something waits, or has ended. */
  wake(): void {
    this.#sweeper.wake();
  }

  close(): Promise<void> {
    return this.#sweeper.close();
  }

  async #sweep(): Promise<void> {
    await this.#work().catch((error: unknown) => this.#ports.onError(error, undefined));
  }

  /** Closes what has ended and starts what waits, until there is neither. */
  async #work(): Promise<void> {
    const { queues, clock } = this.#ports;
    while (!this.#sweeper.isClosing) {
      const ends = await queues.ended(ENDS_AT_ONCE);
      const closed = ends.map(({ entry: { id, queueId }, run }) => ({
        id,
        queueId,
        endedAtMs: run?.finishedAtMs ?? clock.now(),
        outcome: outcomeOf(run),
      }));
      const claimed = await queues.claim(ENTRIES_AT_ONCE, closed);
      if (claimed.length === 0 && ends.length < ENDS_AT_ONCE) return;
      // One after another: those of one queue begin in its order.
      for (const entry of claimed) await this.#start(entry);
    }
  }

  async #start(entry: ClaimedEntry): Promise<void> {
    const { queues, starter, onError } = this.#ports;
    try {
      const to = await this.#begin(entry).catch((error: unknown) => {
        // Nothing is known of it: it comes again when its claim has ended.
        if (isUnreachable(error)) throw error;
        return { status: 'refused', message: messageOf(error) } as const;
      });
      if (to === undefined) return;
      const isHeard = await queues.settle(entry, to);
      if (isHeard && to.status === 'refused') await starter.discard(entry.runId);
    } catch (error) {
      // The claim ends by itself, and the entry is started then.
      onError(error, entry.id);
    }
  }

  /** Undefined where it is at work. */
  async #begin(entry: ClaimedEntry): Promise<Parameters<QueueStore['settle']>[1] | undefined> {
    const { jobs, starter } = this.#ports;
    const job = await jobs.find(entry.jobId);
    if (job === undefined) throw new Error(`the job ${entry.jobId} is gone`);
    const { accountId, rowsPerSecond } = entry.queue;
    const started = await starter.startNow(
      job,
      {
        trigger: 'queue',
        arguments: entry.arguments,
        input: { kind: 'none' },
        fileName: undefined,
        owner: { accountId, authAccountId: entry.authAccountId },
        keyId: entry.keyId,
        runId: entry.runId,
      },
      { refusesOverlap: false, maxRowsPerSecond: rowsPerSecond, entry },
    );
    switch (started.verdict) {
      case 'started':
        return undefined;
      case 'too_many':
        return { status: 'waiting', holdMs: started.retryAfterMs };
      case 'archived':
        throw new Error(`the job ${job.latest.definition.name} is archived: it never runs`);
      case 'overlap':
        throw new Error(`run ${started.runId} of the job has not ended`);
    }
  }
}
