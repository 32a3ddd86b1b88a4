import type { GuardedFacts } from '../secrets/run-secrets.ts';
import type { ByteText } from '../../csv/write/format-cell.ts';
import { toByteText } from '../../csv/write/format-cell.ts';
import { RowmillError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StateCodec } from '../../ports/state-codec.ts';
import { failureText } from '../../task/failure.ts';
import { ALLOWED_NOINPUT_OUTCOMES, type ReadableOutcome } from '../../task/outcome.ts';
import type { NoinputTask, PaceSettings } from '../../task/task.ts';
import { TaskCaller, type CallResult } from './call-task.ts';
import type { Checkpoint } from '../carry/checkpoint.ts';
import type { Committer } from '../carry/committer.ts';
import type { OutputPage } from '../output/output-page.ts';
import { Pace } from './pace.ts';
import { RowContext } from './row-context.ts';
import { RowSettler } from './row-settler.ts';
import { RunBeat } from '../carry/run-beat.ts';
import { RunAborted, RunGate } from '../carry/run-gate.ts';
import type { RowRunEnd } from './run-rows.ts';
import { StateCell } from './state-cell.ts';

/** All that a run of a noinput task works with. */
export interface NoinputRunOptions {
  readonly task: NoinputTask;
  readonly facts: GuardedFacts;
  readonly rowKeyPrefix: string;
  readonly page: OutputPage;
  readonly committer: Committer;
  readonly clock: Clock;
  readonly codec: StateCodec;
  readonly pace: PaceSettings;
  readonly from: Checkpoint;
  /** Steps at most, those before the checkpoint included. */
  readonly limit: number;
  readonly stopSignal: AbortSignal;
  readonly abortSignal: AbortSignal;
  readonly onProgress: (settler: RowSettler) => void;
}

/** A page of steps is handed to the disk at this size. */
const PAGE_BYTES = 256 * 1024;

/**
 * Steps a noinput task until it stops. A step that throws ends the run as `internal_error`: half of an
 * export must not pass for the whole.
 */
export async function runNoinput(options: NoinputRunOptions): Promise<RowRunEnd> {
  const { task, from, clock, committer, facts, page } = options;
  const gate = new RunGate(options);
  const settler = new RowSettler(page, from, options.pace.maxFailures);
  const state = new StateCell(options.codec, task, from.state);
  const pace = new Pace(options.pace, clock, options.stopSignal);
  const startedAt = clock.now();
  let step = from.position.number;
  const checkpoint = (): Checkpoint => ({
    position: { byte: 0, number: step, line: 0 },
    outputBytes: settler.outputBytes,
    errorsBytes: settler.errorsBytes,
    succeeded: settler.succeeded,
    failed: settler.failed,
    causes: settler.causes.list(),
    state: state.encode(),
    elapsedMs: from.elapsedMs + clock.now() - startedAt,
  });
  const onProgress = () => options.onProgress(settler);
  const beat = new RunBeat({ clock, committer, settler, gate, checkpoint, onProgress });
  const caller = new TaskCaller((_row, stepState, run) => task.step(stepState, run), {
    retry: options.pace.retry,
    clock,
    stopSignal: options.stopSignal,
    log: facts.log,
    secrets: facts.secrets,
    taskName: task.name,
    allowedOutcomes: ALLOWED_NOINPUT_OUTCOMES,
    throwEndsRun: true,
  });
  while (gate.reason === undefined) {
    if (step > options.limit) {
      gate.close('limit_reached');
      break;
    }
    const context = new RowContext(facts, options.rowKeyPrefix, step);
    const called = caller.invoke(undefined, state.value, context);
    const result = called instanceof Promise ? await gate.orAbort(called) : called;
    if (result === 'interrupted') break;
    if (settleStep(settler, result, step)) gate.close('task_stopped');
    state.carry(result);
    step += 1;
    if (settler.hasTooManyFailures) gate.close('too_many_failures');
    if (pace.isActive) await pace.hold();
    if (page.text.length >= PAGE_BYTES) beat.flush();
    if (clock.now() >= beat.dueAt) await beat.beat();
  }
  if (options.abortSignal.aborted) throw new RunAborted();
  beat.handOver();
  beat.tellProgress();
  await gate.orAbort(committer.drain());
  return { reason: gate.reason ?? 'stop_requested', checkpoint: checkpoint() };
}

/** Writes and counts what a step said. True: it was the last. */
function settleStep(settler: RowSettler, outcome: CallResult & object, step: number): boolean {
  const { page } = settler;
  switch (outcome.kind) {
    case 'ok':
    case 'omit':
      settler.succeeded += 1;
      return false;
    case 'write':
      page.addFree(outcome.value);
      settler.succeeded += 1;
      return false;
    case 'writeAll':
      for (const row of outcome.value) page.addFree(row);
      settler.succeeded += outcome.value.length;
      return false;
    case 'writeText':
      page.addText(textOf(outcome.value, step));
      settler.succeeded += 1;
      return false;
    case 'fail': {
      const start = settler.outputBytes + page.text.length;
      page.addFree({}, failureText([outcome.value]));
      settler.failed += 1;
      settler.causes.add(outcome.value, step);
      const end = settler.outputBytes + page.text.length;
      settler.errors.add({ number: step, line: 0, startByte: 0, endByte: 0 }, [outcome.value], {
        start,
        end,
      });
      return false;
    }
    case 'stop': {
      const last = outcome.value as ReadableOutcome | undefined;
      // What may be last was checked when the outcome was read; `retry` and `stop` are not among it.
      if (last !== undefined) settleStep(settler, last as CallResult & object, step);
      return true;
    }
  }
}

function textOf(text: unknown, step: number): ByteText {
  if (typeof text === 'string') return toByteText(text);
  throw new RowmillError(
    'contract_broken',
    `step ${step}: writeText() was given ${typeof text}: expected a text`,
  );
}
