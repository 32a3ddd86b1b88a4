import type { AbandonedRun } from '../ports/hosted-run-store.ts';

/** Of more runs only the number is told. */
const MOST_NAMED = 10;

/**
 * Looks for runs whose server has gone and that no other takes up. One that was found the time before and
 * is still there is stuck: between two looks a server that has its files would have begun it.
 */
export class StuckRuns {
  readonly #abandoned: () => Promise<readonly AbandonedRun[]>;
  #before: ReadonlySet<string> = new Set();

  /** `abandoned` gives the runs at work that no server holds. */
  constructor(abandoned: () => Promise<readonly AbandonedRun[]>) {
    this.#abandoned = abandoned;
  }

  async look(): Promise<{ readonly stuck: number; readonly message: string | undefined }> {
    const abandoned = await this.#abandoned();
    const stuck = abandoned.filter(({ runId }) => this.#before.has(runId));
    this.#before = new Set(abandoned.map(({ runId }) => runId));
    if (stuck.length === 0) return { stuck: 0, message: undefined };
    const named = stuck.slice(0, MOST_NAMED).map(({ runId, accountId, place }) => {
      const files = place === undefined ? '' : `, its files are at ${place}`;
      return `${runId} (account ${accountId}${files})`;
    });
    const more = stuck.length > MOST_NAMED ? ` and ${stuck.length - MOST_NAMED} more` : '';
    const message = `no server goes on with ${named.join(', ')}${more}: start the one that has the files, or stop them`;
    return { stuck: stuck.length, message };
  }
}
