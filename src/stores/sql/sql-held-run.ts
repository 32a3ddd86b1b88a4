import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { RowmillError } from '../../engine/errors.ts';
import type { HeldRun, StoredCheckpoint } from '../../engine/ports/run-store.ts';
import type { RunHashes } from '../../engine/run/run-record.ts';
import {
  isFinal,
  StatusTransitionError,
  transitionReason,
  type AskedOfRun,
  type RunStatus,
} from '../../engine/run/status.ts';
import { isUnreachable, storeError } from '../store-error.ts';
import { takenOver } from './run-refusals.ts';
import { nowMs, type SqlDatabase } from './sql-database.ts';

/** A claim is renewed, and what others ask is heard, so often. */
const RENEW_EVERY_MS = 1_000;

interface Parts {
  readonly database: SqlDatabase;
  readonly runId: string;
  readonly folder: string;
  readonly leaseMs: number;
  /** What is written waits so long for a database that has gone. */
  readonly patienceMs: number;
  readonly fence: number;
  readonly status: RunStatus;
  /** Number of the last ask before this claim: it is nothing to it. */
  readonly heard: number;
  readonly checkpoint: StoredCheckpoint | undefined;
  readonly onReleased: () => void;
}

/** A run that this server has claimed. What it writes carries the claim's fencing number. */
export class SqlHeldRun implements HeldRun {
  readonly folder: string;
  checkpoint: StoredCheckpoint | undefined;
  readonly #parts: Parts;
  #status: RunStatus;
  #heard: number;
  #onAsked: ((asked: AskedOfRun) => void) | undefined;
  /** A commit that was on its way when the run broke off must not replace what its ending says. */
  #hasEnded = false;
  readonly #renewing = setInterval(() => void this.listen(), RENEW_EVERY_MS);

  constructor(parts: Parts) {
    this.#parts = parts;
    this.folder = parts.folder;
    this.checkpoint = parts.checkpoint;
    this.#status = parts.status;
    this.#heard = parts.heard;
  }

  /** The output lies in the run's own folder: no other run writes there. */
  async claimOutput(): Promise<void> {}

  async confirm(): Promise<void> {
    const { database, runId, fence } = this.#parts;
    const found = await this.#patiently(() =>
      database.db
        .selectFrom('runs')
        .select('id')
        .where('id', '=', runId)
        .where('fence', '=', fence)
        .executeTakeFirst(),
    );
    if (found === undefined) throw takenOver(runId);
  }

  async saveCheckpoint(checkpoint: StoredCheckpoint): Promise<void> {
    if (this.#hasEnded) throw new RowmillError('internal', `run ${this.#parts.runId} has ended`);
    await this.#write({}, checkpoint);
  }

  async setStatus(
    status: RunStatus,
    {
      message,
      checkpoint,
    }: {
      readonly message?: string | undefined;
      readonly checkpoint?: StoredCheckpoint | undefined;
    },
  ): Promise<void> {
    const { runId, database } = this.#parts;
    if (transitionReason(this.#status, status) === undefined) {
      throw new StatusTransitionError(runId, this.#status, status);
    }
    this.#hasEnded = status !== 'executing';
    const now = nowMs(database);
    await this.#write(
      {
        status,
        message: message ?? null,
        answered_number: this.#heard,
        finished_at: isFinal(status) ? now : null,
        ...(status === 'executing'
          ? { started_at: sql<number>`coalesce(started_at, ${now})`, due_at: null }
          : {}),
      },
      checkpoint,
    );
    this.#status = status;
  }

  async saveHashes(hashes: RunHashes): Promise<void> {
    await this.#write({ hashes: JSON.stringify(hashes) }, undefined);
  }

  onAsked(listener: (asked: AskedOfRun) => void): void {
    this.#onAsked = listener;
    // It may have been asked before anybody listened. The claim is fresh: a look costs no commit.
    void this.#look();
  }

  async #look(): Promise<void> {
    const { database, runId, fence } = this.#parts;
    try {
      this.#hear(
        await database.db
          .selectFrom('runs')
          .select(['asked', 'asked_number'])
          .where('id', '=', runId)
          .where('fence', '=', fence)
          .executeTakeFirst(),
      );
    } catch {
      // It is asked again when the claim is renewed.
    }
  }

  #hear(row: { readonly asked: string | null; readonly asked_number: number } | undefined): void {
    if (row === undefined || row.asked === null || row.asked_number <= this.#heard) return;
    // A run that is just beginning: it is heard as soon as somebody listens.
    if (this.#onAsked === undefined) return;
    this.#heard = row.asked_number;
    // Written by `ask`.
    this.#onAsked(row.asked as AskedOfRun);
  }

  /** Renews the claim and hears what was asked meanwhile. */
  async listen(): Promise<void> {
    const { database, runId, fence, leaseMs } = this.#parts;
    try {
      this.#hear(
        await database.db
          .updateTable('runs')
          .set({ lease_until: sql<number>`${nowMs(database)} + ${sql.lit(leaseMs)}` })
          .where('id', '=', runId)
          .where('fence', '=', fence)
          .returning(['asked', 'asked_number'])
          .executeTakeFirst(),
      );
    } catch {
      // A store that cannot be reached now is asked again; one that is lost fails the next checkpoint.
    }
  }

  /** Renews the claim no more. */
  abandon(): void {
    clearInterval(this.#renewing);
  }

  async release(): Promise<void> {
    this.abandon();
    const { database, runId, fence, onReleased } = this.#parts;
    onReleased();
    await database.db
      .updateTable('runs')
      .set({ holder: null, lease_until: 0 })
      .where('id', '=', runId)
      .where('fence', '=', fence)
      .execute()
      // The claim ends by itself.
      .catch(() => undefined);
  }

  /** Status and checkpoint in one commit. */
  async #write(
    changes: Readonly<Record<string, unknown>>,
    checkpoint: StoredCheckpoint | undefined,
  ): Promise<void> {
    const { database, runId, fence } = this.#parts;
    const set = { ...changes, ...(checkpoint === undefined ? {} : tallyOf(checkpoint)) };
    await this.#patiently(() =>
      database.db.transaction().execute(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('runs')
          .set(set)
          .where('id', '=', runId)
          .where('fence', '=', fence)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) throw takenOver(runId);
        if (checkpoint === undefined) return;
        const row = rowOf(checkpoint);
        await transaction
          .insertInto('checkpoints')
          .values({ run_id: runId, ...row })
          .onConflict((conflict) => conflict.column('run_id').doUpdateSet(row))
          .execute();
      }),
    );
    if (checkpoint !== undefined) this.checkpoint = checkpoint;
  }

  /**
   * A database that has gone is waited for. A commit whose answer was lost is sent again: it says what is
   * so, not what changes, and the fence refuses it where another has taken over.
   */
  async #patiently<Result>(work: () => Promise<Result>): Promise<Result> {
    const { folder, patienceMs } = this.#parts;
    const waitUntilMs = performance.now() + patienceMs;
    for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      try {
        return await work();
      } catch (error) {
        if (!isUnreachable(error) || performance.now() + waitMs > waitUntilMs) {
          throw storeError(folder, error);
        }
      }
      await sleep(waitMs);
    }
  }
}

/** Waits between two tries: double each time, up to this. */
const LONGEST_WAIT_MS = 2_000;

function tallyOf(checkpoint: StoredCheckpoint): Readonly<Record<string, unknown>> {
  const { position, succeeded, failed, causes, elapsedMs } = checkpoint;
  return {
    succeeded,
    failed,
    causes: JSON.stringify(causes),
    elapsed_ms: Math.round(elapsedMs),
    input_byte: position.byte,
    row_number: position.number,
    line: position.line,
    output_bytes: checkpoint.outputBytes,
  };
}

function rowOf(checkpoint: StoredCheckpoint) {
  const { position, state } = checkpoint;
  return {
    input_byte: position.byte,
    row_number: position.number,
    line: position.line,
    output_bytes: checkpoint.outputBytes,
    errors_bytes: checkpoint.errorsBytes,
    state: state === undefined ? null : Buffer.from(state),
    tail_sha256: checkpoint.tailSha256 ?? null,
    output_tail_sha256: checkpoint.outputTailSha256 ?? null,
  };
}
