import { messageOf } from '../../errors.ts';
import type { WritableFile } from '../../ports/run-files.ts';
import type { HeldRun } from '../../ports/run-store.ts';
import type { RunFacts } from '../../task/run-context.ts';
import type { RunResources } from '../../task/run-resources.ts';
import { taskResources } from '../../task/task-resources.ts';
import type { Task } from '../../task/task.ts';
import type { BegunRun } from '../begin/begin-run.ts';
import type { Checkpoint } from './checkpoint.ts';
import { derive, deriveWhatCan } from './derive-at-end.ts';
import { filePaths, type FilePaths } from './file-paths.ts';
import type { Derived } from '../output/derive-files.ts';
import { executeCsv, executeNoinput, type ReadyRun } from './execute-run.ts';
import { ownOutputWarnings } from '../begin/own-output.ts';
import {
  cutToCheckpoint,
  endingOf,
  endingOfError,
  isRefusal,
  STOPPED,
  storeEnding,
  type Ending,
} from './run-ending.ts';
import { readStartState } from '../rows/start-state.ts';
import { RepairCounter } from '../rows/repaired-rows.ts';
import { LiveControl } from './live-control.ts';
import { refuseChangedOutput } from '../begin/output-identity.ts';
import { orLogged } from './or-logged.ts';
import { unlessAborted } from './run-gate.ts';
import type { RowRunEnd } from '../rows/run-rows.ts';
import type { RunSecretSource } from '../../ports/run-secrets.ts';
import { redactedLog, RunSecrets, type GuardedFacts } from '../secrets/run-secrets.ts';
import { ownerOf, type RunHandles, type RunResult } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';
import { planThreads } from '../rows/thread-use.ts';
import { isFinal, type RunStatus } from '../status.ts';

/** What carrying a run out works with. */
export interface CarryOut {
  readonly task: Task;
  readonly begun: BegunRun;
  /** Of the task's code as it is now. */
  readonly codeHash: string;
  readonly held: HeldRun;
  readonly handles: RunHandles;
}

/**
 * Carries out a run that is held: opens its files, tells the task, streams the rows, and brings status,
 * checkpoint and derived files to their end. Throws when the task refuses to begin; whatever goes wrong
 * after that is in the result.
 */
export async function carryOut(work: CarryOut, ports: ServicePorts): Promise<RunResult> {
  const { held, begun } = work;
  const paths = filePaths(work);
  await held.setStatus('executing', {});
  const startedAtMs = ports.clock.now();
  const secrets = new RunSecrets();
  const runLog = ports.openLog(held.folder);
  const log = redactedLog(runLog, secrets);
  const repairs = new RepairCounter();
  let ending: Ending;
  let isStored = false;
  let derived: Derived = {};
  let isBroken = false;
  let refusal: { readonly error: unknown } | undefined;
  try {
    ({ ending, isStored } = await untilEnd(work, { paths, log, repairs, secrets }, ports));
    // Before the status: a run that is final is not taken up again, and its files would be missing.
    if (isFinal(ending.status)) derived = await derive(work, { paths, ending }, ports);
  } catch (thrown) {
    isBroken = true;
    const error = secrets.redactError(thrown);
    ending = endingOfError(error, work);
    if (isRefusal(error) && held.checkpoint === undefined) refusal = { error };
    else log.error(messageOf(error), { stack: error instanceof Error ? error.stack : undefined });
  }
  const stored = isStored ? ending : await storeEnding(work, ending, ports);
  const isLost = stored.isLost === true;
  // A run that did not begin is removed by who began it, but not where another goes on with it.
  if (refusal !== undefined && !isLost) {
    await runLog.close();
    throw refusal.error;
  }
  if (isBroken && !isLost) await cutToCheckpoint(work, ports);
  if (!isFinal(ending.status) && !isLost)
    derived = await deriveWhatCan(work, { paths, ending: stored }, ports);
  await runLog.close();
  const { checkpoint = held.checkpoint } = stored;
  return {
    runId: begun.record.runId,
    task: begun.record.task,
    status: stored.status,
    succeeded: checkpoint?.succeeded ?? 0,
    failed: checkpoint?.failed ?? 0,
    unprocessed: derived.unprocessed ?? stored.unprocessed,
    elapsedMs: checkpoint?.elapsedMs ?? ports.clock.now() - startedAtMs,
    outputPath: paths.output,
    failedPath: derived.failedPath,
    errorsPath: derived.errorsPath,
    unprocessedPath: derived.unprocessedPath,
    causes: (checkpoint?.causes ?? []).slice(0, 20),
    repaired: repairs.found,
    message: joined(stored.message, derived.message),
    canResume: canResume(stored.status, work),
    hasRest: stored.unprocessed !== 0 && begun.csv?.input.isSeekable === true,
    wasFinished: false,
  };
}

/** What the stretches of a run share. */
interface Shared {
  readonly paths: FilePaths;
  readonly log: RunFacts['log'];
  readonly repairs: RepairCounter;
  readonly secrets: RunSecrets;
}

/** Carries out one stretch of rows after the other: a pause that others ask for ends one, and is waited out. */
async function untilEnd(
  work: CarryOut,
  shared: Shared,
  ports: ServicePorts,
): Promise<{ readonly ending: Ending; readonly isStored: boolean }> {
  const { held, begun, handles } = work;
  const { record, csv } = begun;
  handles.stopSignal.addEventListener('abort', () => csv?.input.distrustEnd(), { once: true });
  const canPause = csv === undefined || csv.input.isSeekable;
  const control = new LiveControl({ held, handles, canPause }, ports);
  for (;;) {
    const stretch = { ...work, handles: control.stretch() };
    const reached = await endingOf(await execute(stretch, shared, ports), stretch);
    if (reached.status !== 'paused' || !control.isPause)
      return { ending: reached, isStored: false };
    const ending = await storeEnding(work, reached, ports);
    if (ending.status !== 'paused') return { ending, isStored: false };
    shared.log.info('paused on request');
    handles.listeners.onPaused?.(record.runId);
    const asked = await control.untilAsked();
    if (asked === 'end') return { ending, isStored: true };
    if (asked === 'stop')
      return { ending: { ...ending, status: 'stopped', message: STOPPED }, isStored: false };
    await held.setStatus('executing', {});
    await refuseOtherOutput(work, shared.paths, ports);
  }
}

/** While a run is paused, anybody may do anything to its output. */
async function refuseOtherOutput(
  { held }: CarryOut,
  { output: path }: FilePaths,
  { files, sha256 }: ServicePorts,
): Promise<void> {
  if (path === undefined || held.checkpoint === undefined) return;
  const { outputBytes: bytes, outputTailSha256: tailSha256 } = held.checkpoint;
  await refuseChangedOutput(files, { path, bytes, tailSha256 }, sha256);
}

async function execute(work: CarryOut, shared: Shared, ports: ServicePorts): Promise<RowRunEnd> {
  const { task, begun } = work;
  const { runId, arguments: given, owner } = begun.record;
  const use = { ...ownerOf({ owner }), runId, task, arguments: given };
  const source = await ports.secretsOf(use);
  shared.secrets.use(source);
  try {
    return await executeWith(
      { source, resources: ports.resourcesOf(use) },
      { work, shared },
      ports,
    );
  } finally {
    await source.close();
  }
}

async function executeWith(
  { source, resources }: { readonly source: RunSecretSource; readonly resources: RunResources },
  { work, shared }: { readonly work: CarryOut; readonly shared: Shared },
  ports: ServicePorts,
): Promise<RowRunEnd> {
  const { task, begun, codeHash, held, handles } = work;
  const { paths, log, repairs, secrets } = shared;
  const startedAtMs = ports.clock.now();
  const { record, csv } = begun;
  const stored = held.checkpoint;
  const from: Checkpoint = stored ?? {
    position: csv?.table.data ?? { byte: 0, number: 1, line: 0 },
    outputBytes: 0,
    errorsBytes: 0,
    succeeded: 0,
    failed: 0,
    causes: [],
    state: await startStateOf(begun, held, ports),
    elapsedMs: 0,
  };
  const closed: Omit<GuardedFacts, 'opened'> = {
    runId: record.runId,
    ...ownerOf(record),
    arguments: begun.arguments,
    header: csv?.plan.header ?? [],
    signal: handles.abortSignal,
    log,
    secrets,
    ...taskResources(resources, secrets),
    fetch: ports.fetch,
  };
  const { abortSignal } = handles;
  const opened: unknown = await unlessAborted(
    abortSignal,
    task.open?.({ ...closed, opened: undefined } as never),
  );
  const facts: GuardedFacts = { ...closed, opened };
  const pace = {
    waitAfterRowMs: record.waitAfterRowMs ?? task.waitAfterRowMs,
    maxRowsPerSecond: record.maxRowsPerSecond ?? task.maxRowsPerSecond,
    // Of rows that failed before, any number may fail again.
    maxFailures: record.maxFailures ?? (record.parent === undefined ? task.maxFailures : undefined),
    retry: record.retry ?? task.retry,
  };
  const threads = planThreads(task, record, pace);
  const files: WritableFile[] = [];
  try {
    // A server that stalled until here, and has lost the run, would cut what another has written.
    const confirm = () => held.confirm();
    const output =
      paths.output === undefined
        ? ports.files.openStandardOutput()
        : await ports.files.openOutput(paths.output, from.outputBytes, confirm);
    files.push(output);
    const errors = await ports.files.openOutput(paths.errors, from.errorsBytes, confirm);
    files.push(errors);
    handles.listeners.onStarted?.({
      runId: record.runId,
      task: task.name,
      inputBytes: csv?.input.size,
      dialect: csv?.table.dialect,
      encoding: csv?.table.encoding,
      header: csv?.plan.header ?? [],
      warnings:
        csv === undefined
          ? []
          : [...csv.table.warnings, ...ownOutputWarnings(csv.plan.own), ...threads.warnings],
      resumedAfterRows: stored === undefined ? undefined : stored.succeeded + stored.failed,
    });
    const run: ReadyRun = {
      record,
      held,
      from,
      startedAtMs,
      facts,
      resources,
      carriedSecrets: threads.count > 1 ? source.carried() : undefined,
      output,
      errors,
      handles,
      repairs,
      keepsCheckpoints: paths.output !== undefined && (csv === undefined || csv.input.isSeekable),
      pace,
      threads: threads.count,
      codeHash,
      concurrency: record.concurrency ?? (task.kind === 'csv' ? task.concurrency : 1),
    };
    const end =
      task.kind === 'noinput' || csv === undefined
        ? await executeNoinput(run, task as Extract<Task, { kind: 'noinput' }>, ports)
        : await executeCsv(run, { task, ...csv }, ports);
    for (const file of files) await file.sync();
    return end;
  } finally {
    await orLogged('cleanup', log, () =>
      unlessAborted(abortSignal, task.cleanup?.(facts as never)),
    );
    for (const file of files) {
      await orLogged('closing a file', log, () => file.close());
    }
    await orLogged('close', log, () => unlessAborted(abortSignal, task.close?.(opened as never)));
  }
}

/** The carried state that a run with a parent goes on from. */
async function startStateOf(
  { record }: BegunRun,
  { folder }: HeldRun,
  { files }: ServicePorts,
): Promise<Uint8Array | undefined> {
  return record.parent === undefined ? undefined : readStartState(folder, files);
}

/** Both messages, or the one that is said once. */
function joined(first: string | undefined, second: string | undefined): string | undefined {
  const messages = [first, second].filter((text) => text !== undefined);
  return messages.length === 0 ? undefined : [...new Set(messages)].join('; ');
}

function canResume(status: RunStatus, { begun: { record, csv } }: CarryOut): boolean {
  const isOpen = status === 'paused' || status === 'stopped' || status === 'internal_error';
  return isOpen && record.output.kind !== 'stdout' && (csv === undefined || csv.input.isSeekable);
}
