import { messageOf, RowmillError, type ErrorCode } from '../../errors.ts';
import type { HeldRun } from '../../ports/run-store.ts';
import type { BegunRun } from '../begin/begin-run.ts';
import type { Checkpoint } from './checkpoint.ts';
import { withTails } from './checkpoint-tails.ts';
import { cutOutput, hashOutput } from '../begin/output-identity.ts';
import { RunAborted, type EndReason } from './run-gate.ts';
import { ERRORS_FILE, outputPathOf } from '../run-paths.ts';
import type { RowRunEnd } from '../rows/run-rows.ts';
import type { RunHandles } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';
import { finalStatus, type RunStatus } from '../status.ts';

/** Said of a run that the user has stopped. */
export const STOPPED = 'stopped on request';

/** How a run ended, in the words of its status. */
export interface Ending {
  readonly status: RunStatus;
  readonly message: string | undefined;
  readonly checkpoint: Checkpoint | undefined;
  readonly unprocessed: number | undefined;
  /** Another process has taken the run over: its files are that one's. */
  readonly isLost?: boolean;
}

/** The ending of a run that was brought to an end. */
export async function endingOf(
  { reason, checkpoint }: RowRunEnd,
  { begun, handles }: { readonly begun: BegunRun; readonly handles: RunHandles },
): Promise<Ending> {
  const isCanary = reason === 'limit_reached' && begun.record.canary !== undefined;
  const isPause =
    isCanary || (reason === 'stop_requested' && handles.stopSignal.reason === 'pause');
  let status: RunStatus = finalStatus(checkpoint);
  if (isPause) status = 'paused';
  else if (isInterrupt(reason, handles)) status = 'executing';
  else if (reason === 'stop_requested') status = 'stopped';
  let message =
    reason === 'input_ended' ? await growthOf(begun) : messageOfReason(reason, isCanary);
  if (isPause && !isCanary) message = 'paused on request';
  else if (status === 'executing') message = undefined;
  return {
    status,
    message,
    checkpoint,
    unprocessed: reason === 'input_ended' ? 0 : undefined,
  };
}

/** Said of an input that somebody wrote on while it was read: its last line may be half of one. */
async function growthOf({ csv }: BegunRun): Promise<string | undefined> {
  if (csv === undefined || !(await csv.input.hasGrown())) return undefined;
  const { name, size } = csv.input;
  return `${name} has grown since it was opened: what stands behind byte ${size} was not read`;
}

/** Whether the process must end and the run is to be taken up again. */
function isInterrupt(reason: EndReason, { stopSignal }: RunHandles): boolean {
  return reason === 'stop_requested' && stopSignal.reason === 'interrupt';
}

function messageOfReason(
  reason: Exclude<EndReason, 'input_ended'>,
  isCanary: boolean,
): string | undefined {
  switch (reason) {
    case 'task_stopped':
      return 'the task stopped the run';
    case 'too_many_failures':
      return 'too many rows failed';
    case 'limit_reached':
      return isCanary
        ? 'the canary rows are done: look at the output, then resume'
        : 'the limit of rows was reached';
    case 'stop_requested':
      return STOPPED;
  }
}

/** The ending of a run that broke off: its last checkpoint stands. */
export function endingOfError(
  error: unknown,
  { held, handles }: { readonly held: HeldRun; readonly handles: Pick<RunHandles, 'abortSignal'> },
): Ending {
  const wasAborted = error instanceof RunAborted;
  // Its server ends and could not wait: nobody has stopped it, and another takes it up.
  if (wasAborted && handles.abortSignal.reason === 'interrupt') {
    const { checkpoint } = held;
    return { status: 'executing', message: undefined, checkpoint, unprocessed: undefined };
  }
  const wasLeft = error instanceof RowmillError && /\(EPIPE\)/.test(error.message);
  return {
    status: wasAborted || wasLeft ? 'stopped' : 'internal_error',
    message: messageOf(error),
    checkpoint: held.checkpoint,
    unprocessed: undefined,
  };
}

/** The status and the last checkpoint are one commit; a store that fails then is the message. */
export async function storeEnding(
  { held, begun }: { readonly held: HeldRun; readonly begun: BegunRun },
  ending: Ending,
  ports: ServicePorts,
): Promise<Ending> {
  const { status, message, checkpoint } = ending;
  try {
    await held.setStatus(status, {
      message,
      checkpoint:
        checkpoint === undefined
          ? undefined
          : await withTails(
              checkpoint,
              { input: begun.csv?.input, outputPath: outputPathOf(begun.record, held.folder) },
              ports,
            ),
    });
    return ending;
  } catch (error) {
    const why = [message, messageOf(error)].filter((text) => text !== undefined).join('; ');
    const isLost = error instanceof RowmillError && error.code === 'run_busy';
    return { ...ending, status: 'internal_error', message: why, isLost };
  }
}

/** Cuts what a run that broke off has written back to its last checkpoint. */
export async function cutToCheckpoint(
  { begun: { record }, held }: { readonly begun: Pick<BegunRun, 'record'>; readonly held: HeldRun },
  { files, sha256 }: ServicePorts,
): Promise<void> {
  const { checkpoint, folder } = held;
  const path = outputPathOf(record, folder);
  if (checkpoint === undefined || path === undefined) return;
  const { outputBytes, errorsBytes, outputTailSha256 } = checkpoint;
  const confirm = () => held.confirm();
  const output = { path, bytes: outputBytes, tailSha256: outputTailSha256, confirm };
  await cutOutput(files, output, sha256);
  const errors = { path: `${folder}/${ERRORS_FILE}`, bytes: errorsBytes };
  const errorsTail = await hashOutput(files, errors, sha256);
  await cutOutput(files, { ...errors, tailSha256: errorsTail, confirm }, sha256);
}

const REFUSALS = new Set<ErrorCode>(['input_refused', 'arguments_invalid', 'usage', 'run_busy']);

/** Whether a run did not begin: the task, when it was opened, refused the file or the arguments, or another run has the output. */
export function isRefusal(error: unknown): boolean {
  return error instanceof RowmillError && REFUSALS.has(error.code);
}
