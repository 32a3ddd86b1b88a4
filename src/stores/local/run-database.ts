import Database from 'libsql';
import type { Checkpoint } from '../../engine/run/carry/checkpoint.ts';
import type { StoredCheckpoint } from '../../engine/ports/run-store.ts';
import type { RunHashes, RunState } from '../../engine/run/run-record.ts';
import type { FailureCause } from '../../engine/run/run-service.ts';
import { type AskedOfRun, RUN_STATUSES, type RunStatus } from '../../engine/run/status.ts';
import { makePrivateFile } from '../make-private-file.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS run (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    status TEXT NOT NULL,
    message TEXT,
    started_at_ms INTEGER,
    finished_at_ms INTEGER
  ) STRICT;
  CREATE TABLE IF NOT EXISTS checkpoint (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    input_byte INTEGER NOT NULL,
    row_number INTEGER NOT NULL,
    line INTEGER NOT NULL,
    output_bytes INTEGER NOT NULL,
    errors_bytes INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    causes TEXT NOT NULL,
    state BLOB,
    elapsed_ms INTEGER NOT NULL,
    tail_sha256 TEXT,
    output_tail_sha256 TEXT
  ) STRICT;
  CREATE TABLE IF NOT EXISTS asked (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    what TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS hashes (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    input_sha256 TEXT,
    output_sha256 TEXT,
    hashed_at_ms INTEGER NOT NULL
  ) STRICT;
`;

/** One run's own database: its status and its last checkpoint. A commit is on the disk (FULL). */
export class RunDatabase {
  readonly #database: Database.Database;
  #lastAsk: Database.Statement | undefined;

  constructor(path: string) {
    makePrivateFile(path);
    this.#database = new Database(path);
    // First of all: the other two may have to wait for a process that opens or closes it.
    this.#database.pragma('busy_timeout = 5000');
    this.#database.pragma('journal_mode = WAL');
    this.#database.pragma('synchronous = FULL');
    this.#database.exec(SCHEMA);
  }

  begin(status: RunStatus, startedAtMs: number | undefined): void {
    this.#database
      .prepare('INSERT INTO run (id, status, started_at_ms) VALUES (1, ?, ?)')
      .run([status, startedAtMs ?? null]);
  }

  saveCheckpoint(checkpoint: StoredCheckpoint): void {
    const { position } = checkpoint;
    this.#database
      .prepare('INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run([
        position.byte,
        position.number,
        position.line,
        checkpoint.outputBytes,
        checkpoint.errorsBytes,
        checkpoint.succeeded,
        checkpoint.failed,
        JSON.stringify(checkpoint.causes),
        checkpoint.state === undefined ? null : Buffer.from(checkpoint.state),
        Math.round(checkpoint.elapsedMs),
        checkpoint.tailSha256 ?? null,
        checkpoint.outputTailSha256 ?? null,
      ]);
  }

  /** The status and, in the same commit, the checkpoint. */
  setStatus(
    status: RunStatus,
    {
      message,
      checkpoint,
      startedAtMs,
      finishedAtMs,
      answered = 0,
    }: {
      readonly message?: string | undefined;
      readonly checkpoint?: StoredCheckpoint | undefined;
      readonly startedAtMs?: number | undefined;
      readonly finishedAtMs?: number | undefined;
      /** Number of the last ask that this change answers. */
      readonly answered?: number | undefined;
    },
  ): void {
    this.#database.transaction(() => {
      if (checkpoint !== undefined) this.saveCheckpoint(checkpoint);
      this.#database.prepare('DELETE FROM asked WHERE number <= ?').run([answered]);
      this.#database
        .prepare(
          `UPDATE run SET status = ?, message = ?, finished_at_ms = ?,
           started_at_ms = coalesce(started_at_ms, ?) WHERE id = 1`,
        )
        .run([status, message ?? null, finishedAtMs ?? null, startedAtMs ?? null]);
    })();
  }

  state(): RunState | undefined {
    const run = this.#database.prepare('SELECT * FROM run WHERE id = 1').get() as
      | RunRow
      | undefined;
    if (run === undefined) return undefined;
    const checkpoint = this.checkpoint();
    return {
      status: statusOf(run.status),
      message: run.message ?? undefined,
      startedAtMs: run.started_at_ms ?? undefined,
      finishedAtMs: run.finished_at_ms ?? undefined,
      elapsedMs: checkpoint?.elapsedMs ?? 0,
      succeeded: checkpoint?.succeeded ?? 0,
      failed: checkpoint?.failed ?? 0,
      causes: checkpoint?.causes ?? [],
      position: checkpoint?.position,
      outputBytes: checkpoint?.outputBytes ?? 0,
      asked: this.lastAsk()?.what,
      hashes: this.#hashes(),
    };
  }

  ask(what: AskedOfRun): void {
    this.#database.prepare('INSERT INTO asked (what) VALUES (?)').run([what]);
  }

  /** What was asked last and is not answered. */
  lastAsk(): { readonly number: number; readonly what: AskedOfRun } | undefined {
    this.#lastAsk ??= this.#database.prepare(
      'SELECT number, what FROM asked ORDER BY number DESC LIMIT 1',
    );
    // Written by `ask`.
    return this.#lastAsk.get() as ReturnType<RunDatabase['lastAsk']>;
  }

  saveHashes({ inputSha256, outputSha256, hashedAtMs }: RunHashes): void {
    this.#database
      .prepare('INSERT OR REPLACE INTO hashes VALUES (1, ?, ?, ?)')
      .run([inputSha256 ?? null, outputSha256 ?? null, hashedAtMs]);
  }

  checkpoint(): StoredCheckpoint | undefined {
    const row = this.#database.prepare('SELECT * FROM checkpoint WHERE id = 1').get() as
      | CheckpointRow
      | undefined;
    if (row === undefined) return undefined;
    const checkpoint: Checkpoint = {
      position: { byte: row.input_byte, number: row.row_number, line: row.line },
      outputBytes: row.output_bytes,
      errorsBytes: row.errors_bytes,
      succeeded: row.succeeded,
      failed: row.failed,
      causes: JSON.parse(row.causes) as FailureCause[], // written by saveCheckpoint
      state: row.state === null ? undefined : new Uint8Array(row.state),
      elapsedMs: row.elapsed_ms,
    };
    return {
      ...checkpoint,
      tailSha256: row.tail_sha256 ?? undefined,
      outputTailSha256: row.output_tail_sha256 ?? undefined,
    };
  }

  close(): void {
    this.#database.close();
  }

  #hashes(): RunHashes | undefined {
    const row = this.#database.prepare('SELECT * FROM hashes WHERE id = 1').get() as
      | HashesRow
      | undefined;
    if (row === undefined) return undefined;
    return {
      inputSha256: row.input_sha256 ?? undefined,
      outputSha256: row.output_sha256 ?? undefined,
      hashedAtMs: row.hashed_at_ms,
    };
  }
}

/** The row as the schema above has it. */
interface RunRow {
  readonly status: string;
  readonly message: string | null;
  readonly started_at_ms: number | null;
  readonly finished_at_ms: number | null;
}

interface HashesRow {
  readonly input_sha256: string | null;
  readonly output_sha256: string | null;
  readonly hashed_at_ms: number;
}

interface CheckpointRow {
  readonly input_byte: number;
  readonly row_number: number;
  readonly line: number;
  readonly output_bytes: number;
  readonly errors_bytes: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly causes: string;
  readonly state: ArrayBuffer | null;
  readonly elapsed_ms: number;
  readonly tail_sha256: string | null;
  readonly output_tail_sha256: string | null;
}

function statusOf(text: string): RunStatus {
  const status = RUN_STATUSES.find((known) => known === text);
  if (status === undefined) throw new Error(`a run is stored with the unknown status ${text}`);
  return status;
}
