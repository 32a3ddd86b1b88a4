import { RowmillError } from '../../errors.ts';
import { parseArguments } from '../../task/parse-arguments.ts';
import type { HeldRun } from '../../ports/run-store.ts';
import type { CsvTask, Task } from '../../task/task.ts';
import type { BegunRun } from './begin-run.ts';
import { planRun } from './plan-run.ts';
import type { PreparedRows } from './prepared-input.ts';
import { prepareRetry } from './prepare-retry.ts';
import { prepareRevert } from './prepare-revert.ts';
import { revertTask } from './revert-task.ts';
import { familyOf, refuseUnfinished, type RunFamily } from '../after/run-family.ts';
import { outputPathOf } from '../run-paths.ts';
import type { RunRecord } from '../run-record.ts';
import type { RetryRequest, RevertRequest, RunInput, RunParent } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';
import { writeStartState } from '../rows/start-state.ts';

/** A run that has a parent and is stored, and the task that it carries out. */
export interface CreatedChild extends BegunChild {
  readonly held: HeldRun;
}

interface BegunChild {
  readonly begun: BegunRun;
  readonly task: CsvTask;
  /** What a person should hear of it. */
  readonly message: string | undefined;
}

/** Makes a run that does rows of another one again. Nothing is stored of it when it throws. */
export function createRetry(
  runId: string,
  request: RetryRequest,
  ports: ServicePorts,
): Promise<CreatedChild> {
  return createChild(runId, (line) => beginRetry(runId, request, { line, ports }), ports);
}

/** Makes a run that undoes another one, in the same way. */
export function createRevert(
  runId: string,
  request: RevertRequest,
  ports: ServicePorts,
): Promise<CreatedChild> {
  return createChild(runId, () => beginRevert(runId, request, ports), ports);
}

/** The first run of the line is held meanwhile: two runs of its rows would do them twice. */
async function createChild(
  runId: string,
  begin: (line: HeldRun) => Promise<BegunChild>,
  ports: ServicePorts,
): Promise<CreatedChild> {
  const { root } = await familyOf(runId, ports);
  const line = await ports.store.hold(root.record.runId);
  try {
    const child = await begin(line);
    try {
      return { ...child, held: await ports.store.create(child.begun.record) };
    } catch (error) {
      await child.begun.csv?.input.close();
      throw error;
    }
  } finally {
    await line.release();
  }
}

async function beginRetry(
  runId: string,
  request: RetryRequest,
  { line, ports }: { readonly line: HeldRun; readonly ports: ServicePorts },
): Promise<BegunChild> {
  const family = await familyOf(runId, ports);
  const { parent, runId: id } = family.run.record;
  if (parent?.kind === 'revert') {
    throw new RowmillError(
      'usage',
      `run ${id} undid run ${parent.runId}: its rows are not run again`,
      { commands: `. rowmill runs revert ${parent.runId} undoes what is left` },
    );
  }
  const task = csvTaskOf(family, request);
  const { fixedPath } = request;
  refuseUnfinished(request.rows === 'failed' ? withoutResumable(family) : family.members);
  if (request.rows !== 'failed') refuseResumable(family);
  await refuseSameFile(family, { output: request.output, fixedPath }, ports);
  return inFolder(request, ports, async (child) => {
    const made = await prepareRetry(family, { ...request, folder: child.folder }, ports);
    if (task.start !== undefined) await keepState(family, { line, folder: child.folder }, ports);
    const input: RunInput =
      fixedPath === undefined ? family.run.record.input : { kind: 'file', path: fixedPath };
    const begun = await beginChild(
      { family, request, task, child: { ...child, kind: 'retry', input } },
      made,
      ports,
    );
    const { fixedAlready: fixed } = made;
    const message =
      fixed === 0
        ? undefined
        : `${fixed} ${fixed === 1 ? 'row' : 'rows'} of ${fixedPath} had been fixed before and ${fixed === 1 ? 'was' : 'were'} left alone`;
    return { begun, task, message };
  });
}

async function beginRevert(
  runId: string,
  request: RevertRequest,
  ports: ServicePorts,
): Promise<BegunChild> {
  const family = await familyOf(runId, ports);
  const { record } = family.run;
  const original = csvTaskOf(family, request);
  if (record.parent?.kind === 'revert') {
    throw new RowmillError('usage', `run ${runId} undid a run itself: start ${record.task} anew`);
  }
  const task = revertTask(original, record);
  refuseUnfinished([...family.members, ...family.reverts]);
  await refuseUnreverted(family, ports);
  await refuseSameFile(family, { output: request.output, fixedPath: undefined }, ports);
  return inFolder(request, ports, async (child) => {
    const made = await prepareRevert(family, child.folder, ports);
    const { input } = record;
    const begun = await beginChild(
      { family, request, task, child: { ...child, kind: 'revert', input } },
      made,
      ports,
    );
    return { begun, task, message: undefined };
  });
}

/** The task of a line, if its rows can be done again and its code is what it was. */
function csvTaskOf(
  { run }: RunFamily,
  { task, codeHash, acceptNewCode }: { task: Task; codeHash: string; acceptNewCode: boolean },
): CsvTask {
  const { runId, task: name, codeHash: then } = run.record;
  if (task.kind !== 'csv') {
    throw new RowmillError(
      'usage',
      `${name} reads no CSV: run ${runId} has no rows to come back to`,
    );
  }
  if (codeHash !== then && !acceptNewCode) {
    throw new RowmillError(
      'code_changed',
      `the code of ${name} is not what run ${runId} began with`,
      { commands: '. Go on all the same with --accept-new-code' },
    );
  }
  return task;
}

/** A run that was paused has failed rows that can be fixed meanwhile. */
function withoutResumable({ members, run }: RunFamily): RunFamily['members'] {
  return members.filter(({ record, isHeld }) => {
    const isIt = record.runId === run.record.runId;
    return !isIt || (isHeld && record.parent !== undefined);
  });
}

function refuseResumable({ run }: RunFamily): void {
  const { status } = run.state;
  if (status !== 'stopped' && status !== 'internal_error') return;
  const { runId } = run.record;
  throw new RowmillError(
    'wrong_status',
    `run ${runId} can go on itself with the rows whose turn never came`,
    { commands: `: rowmill resume ${runId}` },
  );
}

/** What was done last is undone first. */
async function refuseUnreverted(family: RunFamily, ports: ServicePorts): Promise<void> {
  const { run, members, subtree } = family;
  const { runId } = run.record;
  for (const { record, state } of members) {
    if (record.runId === runId || !subtree.has(record.runId) || state.succeeded === 0) continue;
    const { reverts } = await familyOf(record.runId, ports);
    if (reverts.some((revert) => revert.state.status === 'success')) continue;
    throw new RowmillError(
      'usage',
      `run ${record.runId} did rows of run ${runId} again: undo it first`,
      { commands: ` (rowmill runs revert ${record.runId})` },
    );
  }
}

/** Makes the folder of a new run; it is not kept when the run does not come about. */
async function inFolder<T>(
  { childId }: Pick<RevertRequest, 'childId'>,
  { store, makeId }: ServicePorts,
  make: (child: { readonly runId: string; readonly folder: string }) => Promise<T>,
): Promise<T> {
  const runId = childId ?? makeId('run');
  try {
    return await make({ runId, folder: await store.prepareFolder(runId) });
  } catch (error) {
    await store.discardFolder(runId);
    throw error;
  }
}

/** The newest run of a line has the state that all others led to. */
async function keepState(
  { members }: RunFamily,
  { line, folder }: { readonly line: HeldRun; readonly folder: string },
  { store, files }: ServicePorts,
): Promise<void> {
  for (const { record } of [...members].reverse()) {
    const held = record.parent === undefined ? line : await store.hold(record.runId);
    const state = held.checkpoint?.state;
    if (held !== line) await held.release();
    if (state === undefined) continue;
    await writeStartState(folder, state, files);
    return;
  }
}

async function beginChild(
  {
    family,
    request,
    task,
    child,
  }: {
    readonly family: RunFamily;
    readonly request: RevertRequest;
    readonly task: CsvTask;
    readonly child: {
      readonly runId: string;
      readonly kind: RunParent['kind'];
      readonly input: RunInput;
    };
  },
  made: PreparedRows,
  ports: ServicePorts,
): Promise<BegunRun> {
  const { record: root } = family.root;
  const { output, codeHash } = request;
  const { map, set } = root.inputOptions;
  const inputOptions = { map, set };
  const args = await parseArguments(task, root.arguments);
  const own = { dropsErrorColumn: false, undoesGuard: false };
  const context = { arguments: args, options: inputOptions, inputName: made.path, own };
  const plan = planRun(task, made.table, context);
  const record: RunRecord = {
    ...root,
    runId: child.runId,
    codeHash,
    // The file that came may go, and that of the first run is another.
    input: ports.keepsInputs === true ? { kind: 'file', path: made.path } : child.input,
    inputOptions,
    copyPath: made.path,
    isCopyWhole: true,
    inputIdentity: made.identity,
    table: made.table,
    output,
    outputPath: output.kind === 'file' ? await ports.files.realPath(output.path) : undefined,
    outputHeader: plan.output.header,
    failedPath: undefined,
    errorsPath: undefined,
    unprocessedPath: undefined,
    ...own,
    fromRow: 1,
    limit: undefined,
    canary: undefined,
    // They were meant for a whole file.
    maxFailures: undefined,
    threads: undefined,
    totalRows: made.count,
    concurrency: child.kind === 'revert' ? undefined : root.concurrency,
    createdAtMs: ports.clock.now(),
    owner: request.owner ?? root.owner,
    parent: { runId: family.run.record.runId, rootId: root.runId, kind: child.kind },
  };
  const input = await ports.files.openInput(made.path);
  return { record, arguments: args, csv: { input, table: made.table, plan } };
}

/** No file is written that a run of the line lives from. */
async function refuseSameFile(
  { members }: RunFamily,
  { output, fixedPath }: { output: RevertRequest['output']; fixedPath: string | undefined },
  { files }: ServicePorts,
): Promise<void> {
  if (output.kind !== 'file') return;
  await files.refuseUnwritable(output.path);
  const identity = await files.identityOf(output.path);
  if (identity === undefined) return;
  const taken: [string, string | undefined][] = [['the file with the fixed rows', fixedPath]];
  for (const { record, folder } of members) {
    const { runId, input } = record;
    taken.push([`the output of run ${runId}`, outputPathOf(record, folder)]);
    if (record.parent === undefined && input.kind === 'file')
      taken.push([`the input of run ${runId}`, input.path]);
  }
  for (const [what, path] of taken) {
    if (path === undefined || (await files.identityOf(path)) !== identity) continue;
    throw new RowmillError('usage', `${output.path} is ${what}: give another name`);
  }
}
