import type { ReadPosition } from '../../csv/csv-table.ts';
import type { RecordBlock } from '../../csv/read/record-block.ts';
import { ALLOWED_CSV_OUTCOMES } from '../../task/outcome.ts';
import { BatchRows } from './batch-rows.ts';
import type { Checkpoint } from '../carry/checkpoint.ts';
import type { Committer } from '../carry/committer.ts';
import { ConcurrentRows } from './concurrent-rows.ts';
import { finishRows } from './finish-rows.ts';
import { Pace } from './pace.ts';
import type { RowDriver, RowDriverContext, RowRunOptions } from './row-driver.ts';
import { RowSettler } from './row-settler.ts';
import { RunBeat } from '../carry/run-beat.ts';
import { RunAborted, RunGate, type EndReason } from '../carry/run-gate.ts';
import { SerialRows } from './serial-rows.ts';
import { StateCell } from './state-cell.ts';
import { ThreadedRows } from './threaded-rows.ts';

/** How a run ended that could be brought to an end. */
export interface RowRunEnd {
  readonly reason: EndReason;
  /** Covers all that was processed. Everything is written and synced; it is not yet stored. */
  readonly checkpoint: Checkpoint;
}

/**
 * Streams the records of a CSV through a task. Throws when the run cannot go on (a lost input, a full
 * disk, a broken contract, an abort); before that it commits what was done where it can.
 */
export async function runRows(options: RowRunOptions): Promise<RowRunEnd> {
  const { task, from, clock, committer, reader } = options;
  const gate = new RunGate(options);
  const settler = new RowSettler(options.page, from, options.pace.maxFailures);
  settler.rowOf = options.rowOf;
  const state = new StateCell(options.codec, task, from.state);
  const startedAt = clock.now();
  let reached: ReadPosition = from.position;
  const checkpoint = (): Checkpoint => ({
    position: driver.position ?? reached,
    outputBytes: settler.outputBytes,
    errorsBytes: settler.errorsBytes,
    succeeded: settler.succeeded,
    failed: settler.failed,
    causes: settler.causes.list(),
    state: state.encode(),
    elapsedMs: from.elapsedMs + clock.now() - startedAt,
  });
  const onProgress = () => options.onProgress(settler, (driver.position ?? reached).byte);
  const beat = new RunBeat({ clock, committer, settler, gate, checkpoint, onProgress });
  const driver = driverOf({
    options,
    gate,
    settler,
    state,
    beat,
    pace: new Pace(options.pace, clock, options.stopSignal),
    call: {
      retry: options.pace.retry,
      clock,
      stopSignal: options.stopSignal,
      log: options.facts.log,
      secrets: options.facts.secrets,
      taskName: task.name,
      allowedOutcomes: ALLOWED_CSV_OUTCOMES,
    },
  });
  try {
    while (gate.reason === undefined) {
      // A stream may keep the run waiting for as long as it likes; a stop does not wait for it.
      const block = await gate.orStop(reader.next());
      if (block === undefined) break;
      await driver.block(block);
      reached = driver.position ?? endOf(block);
      beat.flush();
      beat.tellProgress();
      if (committer.isFull) await gate.orAbort(committer.drain());
      gate.throwIfAborted();
    }
    await driver.drain();
    gate.close('input_ended');
    const reason = gate.reason ?? 'input_ended';
    if (reason !== 'stop_requested' && reason !== 'limit_reached') {
      await gate.orAbort(finishRows({ options, settler, state }));
    }
    // No checkpoint from here on but the one with the status: a resume would call `finish` again.
    beat.handOver();
    beat.tellProgress();
    await gate.orAbort(committer.drain());
    return { reason, checkpoint: checkpoint() };
  } catch (error) {
    driver.abandon?.();
    // A call that broke off may have changed a carried state: then the last checkpoint stands.
    if (!(error instanceof RunAborted) && task.start === undefined && !gate.isDecided) {
      await saveWhatCan(beat, committer, checkpoint);
    }
    throw error;
  }
}

/** The error that ends the run is what must be told; one that comes while saving after it is not. */
async function saveWhatCan(
  beat: RunBeat,
  committer: Committer,
  checkpoint: () => Checkpoint,
): Promise<void> {
  try {
    beat.handOver();
    committer.commit(checkpoint());
    await committer.drain();
  } catch {
    // The last checkpoint that was committed stands.
  }
}

function driverOf(context: RowDriverContext): RowDriver {
  const { task, concurrency, threads } = context.options;
  if (task.rows !== undefined) return new BatchRows(context);
  if (threads !== undefined) return new ThreadedRows(context, threads);
  return concurrency > 1 ? new ConcurrentRows(context) : new SerialRows(context);
}

function endOf(block: RecordBlock): ReadPosition {
  return {
    byte: block.offset + block.endOffset,
    number: block.firstNumber + block.count,
    line: block.lines[block.count] ?? 0,
  };
}
