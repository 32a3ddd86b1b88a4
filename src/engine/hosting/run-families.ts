import { RowmillError } from '../errors.ts';
import type { HostedRun } from '../ports/hosted-run-store.ts';
import { lineageOf, summarize, summaryWithoutRows } from '../run/after/family-summary.ts';
import { familyOf, versionOf } from '../run/after/run-family.ts';
import { createRetry, createRevert, type CreatedChild } from '../run/begin/begin-child.ts';
import type {
  RetryRequest,
  RevertRequest,
  RowLineage,
  RunFamilySummary,
} from '../run/run-service.ts';
import type { ServicePorts } from '../run/service-ports.ts';
import { tryAgainWhileBusy } from './try-again.ts';

/** A run that waits to be started. */
interface NewChild {
  readonly runId: string;
  /** What a person should hear of it. */
  readonly message: string | undefined;
}

interface KeptSummary {
  readonly version: string;
  readonly summary: Promise<RunFamilySummary>;
}

/** Summaries that are kept: each is as long as its list of children. */
const KEPT = 500;

/** The runs that come from runs on a server: made here, carried out as any other. */
export class RunFamilies {
  readonly #ports: ServicePorts;
  readonly #kept = new Map<string, KeptSummary>();

  constructor(ports: ServicePorts) {
    this.#ports = ports;
  }

  /** Stores a run of rows of another one as `pending`. Throws as `RunService.retry` does. */
  async retry(runId: string, request: RetryRequest): Promise<NewChild> {
    const make = () => createRetry(runId, request, this.#ports);
    return released(await tryAgainWhileBusy(make, this.#ports));
  }

  /** Stores a run that undoes another one as `pending`. Throws as `RunService.revert` does. */
  async revert(runId: string, request: RevertRequest): Promise<NewChild> {
    const make = () => createRevert(runId, request, this.#ports);
    return released(await tryAgainWhileBusy(make, this.#ports));
  }

  /** To count rows anew takes as long as reading all that failed: it is done once for each state of them. */
  async summary({ record: { runId } }: HostedRun): Promise<RunFamilySummary> {
    const family = await familyOf(runId, this.#ports);
    const version = versionOf(family);
    const kept = this.#kept.get(runId);
    if (kept?.version === version) return kept.summary;
    const summary = summarize(family, this.#ports).catch((error: unknown) => {
      // Files of another server, or lost ones: that must keep nobody from seeing the run.
      const isElsewhere = error instanceof RowmillError && error.code === 'input_not_found';
      if (isElsewhere) return summaryWithoutRows(family);
      throw error;
    });
    this.#kept.delete(runId);
    this.#kept.set(runId, { version, summary });
    for (const [oldest] of this.#kept) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
    }
    summary.catch(() => this.#kept.delete(runId));
    return summary;
  }

  /** Throws `usage` for a row that the run does not have. */
  lineage({ record: { runId } }: HostedRun, row: number): Promise<RowLineage> {
    return lineageOf(runId, row, this.#ports);
  }
}

async function released({ begun, held, message }: CreatedChild): Promise<NewChild> {
  try {
    await held.release();
    return { runId: begun.record.runId, message };
  } finally {
    await begun.csv?.input.close();
  }
}
