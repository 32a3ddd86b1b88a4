import { RowmillError } from '../../errors.ts';
import type { InputFile } from '../../ports/run-files.ts';
import type { HeldRun } from '../../ports/run-store.ts';
import { parseArguments } from '../../task/parse-arguments.ts';
import type { CsvTask, Task } from '../../task/task.ts';
import type { BegunRun } from '../begin/begin-run.ts';
import { refuseChangedInput } from '../begin/input-identity.ts';
import { refuseChangedOutput, refuseOtherWriter } from '../begin/output-identity.ts';
import { planRun } from '../begin/plan-run.ts';
import { outputPathOf } from '../run-paths.ts';
import type { RunRecord, StoredRun } from '../run-record.ts';
import type { RunRequest } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/** What a resume is given. */
export interface ResumeOptions {
  /** Set where the run is gone on with by the same command: what may change of it is taken over. */
  readonly request?: RunRequest | undefined;
  readonly task: Task;
  readonly codeHash: string;
  readonly acceptNewCode: boolean;
}

/**
 * Opens what is stored of a run. Refuses when the input or the task's code is no longer what the run
 * began with.
 */
export async function reopenRun(
  stored: StoredRun,
  held: HeldRun,
  { options, ports }: { readonly options: ResumeOptions; readonly ports: ServicePorts },
): Promise<BegunRun> {
  const { task, codeHash, acceptNewCode } = options;
  const { status, succeeded, failed } = stored.state;
  // A canary has been looked at when its run is resumed: not where none of its rows, or not all, are done.
  const isBegun = status !== 'pending' && status !== 'executing';
  const isCanary = !isBegun && succeeded + failed < (stored.record.canary ?? 0);
  const record: RunRecord = {
    ...stored.record,
    ...(isCanary ? {} : { canary: undefined }),
    ...(options.request === undefined ? {} : changesOf(options.request)),
  };
  if (record.output.kind === 'stdout') {
    throw new RowmillError(
      'run_not_resumable',
      `run ${record.runId} wrote to standard output, which cannot be cut back to a checkpoint: start it again`,
    );
  }
  if (record.codeHash !== codeHash && !acceptNewCode) {
    throw new RowmillError(
      'code_changed',
      `the code of ${record.task} is not what run ${record.runId} began with: rows before and after would differ. Go on all the same with --accept-new-code, or start again without --resume`,
    );
  }
  await refuseOtherWriter(record, ports);
  const { checkpoint, folder } = held;
  const path = outputPathOf(record, folder);
  if (checkpoint !== undefined && path !== undefined) {
    const { outputBytes: bytes, outputTailSha256: tailSha256 } = checkpoint;
    await refuseChangedOutput(ports.files, { path, bytes, tailSha256 }, ports.sha256);
  }
  const args = await parseArguments(task, record.arguments);
  if (task.kind === 'noinput') return { record, arguments: args, csv: undefined };
  return reopenCsv(task, { record, arguments: args, held }, ports);
}

async function reopenCsv(
  task: CsvTask,
  { record, arguments: args, held }: { record: RunRecord; arguments: unknown; held: HeldRun },
  ports: ServicePorts,
): Promise<BegunRun> {
  const { table, inputIdentity } = record;
  if (table === undefined || inputIdentity === undefined) {
    throw new RowmillError(
      'run_not_resumable',
      `run ${record.runId} read a stream that was not kept: start it again`,
    );
  }
  const input = await openStored(record, ports);
  try {
    const { checkpoint } = held;
    await refuseChangedInput(
      input,
      {
        identity: inputIdentity,
        byte: checkpoint?.position.byte ?? 0,
        tailSha256: checkpoint?.tailSha256,
      },
      ports.sha256,
    );
    const plan = planRun(task, table, {
      arguments: args,
      options: record.inputOptions,
      inputName: input.name,
      own: { dropsErrorColumn: record.dropsErrorColumn, undoesGuard: record.undoesGuard },
    });
    return { record, arguments: args, csv: { input, table, plan } };
  } catch (error) {
    await input.close();
    throw error;
  }
}

/** Opens the input of a stored run again: its copy, its spool, or the file itself. */
export async function openStored(
  { input, copyPath, isCopyWhole, runId }: RunRecord,
  { files }: ServicePorts,
): Promise<InputFile> {
  if (copyPath !== undefined && (isCopyWhole || (await files.isSpoolWhole(copyPath)))) {
    return files.openInput(copyPath);
  }
  if (input.kind === 'stdin') return files.openStandardInput(copyPath);
  if (input.kind === 'file') return files.openInput(input.path);
  throw new RowmillError('run_not_resumable', `run ${runId} has no input to go on with`);
}

/**
 * Throws when the files of a finished run are no longer those it was about. To say that it is done would
 * leave a new input undone, every night of a job that always says --resume. An input that is gone has
 * been put away.
 */
export async function refuseOtherFiles(
  { record, folder }: StoredRun,
  ports: ServicePorts,
): Promise<void> {
  const { files, store, sha256 } = ports;
  await refuseOtherWriter(record, ports);
  const held = await store.hold(record.runId);
  const { checkpoint } = held;
  await held.release();
  if (checkpoint === undefined) return;
  const path = outputPathOf(record, folder);
  const { outputBytes: bytes, outputTailSha256 } = checkpoint;
  if (path !== undefined) {
    await refuseChangedOutput(files, { path, bytes, tailSha256: outputTailSha256 }, sha256);
  }
  const { input: from, inputIdentity: identity } = record;
  if (from.kind !== 'file' || record.copyPath !== undefined || identity === undefined) return;
  const input = await files.openInput(from.path).catch(() => undefined);
  if (input === undefined) return;
  try {
    const { position, tailSha256 } = checkpoint;
    await refuseChangedInput(input, { identity, byte: position.byte, tailSha256 }, sha256);
  } finally {
    await input.close();
  }
}

const FLAGS = {
  delimiter: '--delimiter',
  quote: '--quote',
  escape: '--escape',
  encoding: '--encoding',
  skipLines: '--skip-lines',
  fromRow: '--from-row',
} as const;

/** What a request may change of a run that goes on: files beside the output, pace and bounds. */
function changesOf(request: RunRequest): Partial<RunRecord> {
  const { failedPath, errorsPath, unprocessedPath, limit, canary, maxFailures } = request;
  const { concurrency, threads, waitAfterRowMs, maxRowsPerSecond, retry } = request;
  const asked = {
    failedPath,
    errorsPath,
    unprocessedPath,
    limit,
    canary,
    maxFailures,
    concurrency,
    threads,
    waitAfterRowMs,
    maxRowsPerSecond,
    retry,
  };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

/** Throws when a request to go on with a run asks for something else than it began with. */
export function refuseOtherRequest({ record }: StoredRun, request: RunRequest): void {
  const asked = [
    ['--arg', request.arguments, record.arguments],
    ['--map', request.options.map ?? {}, record.inputOptions.map ?? {}],
    ['--set', request.options.set ?? {}, record.inputOptions.set ?? {}],
  ] as const;
  const { delimiter, quote, escape, encoding, skipLines } = request.options;
  const given = { delimiter, quote, escape, encoding, skipLines, fromRow: request.fromRow };
  const then = { ...record.inputOptions, fromRow: record.fromRow };
  const changed = (Object.keys(given) as (keyof typeof given)[]).filter(
    (name) => given[name] !== undefined && given[name] !== then[name],
  );
  const isSafeChanged = request.excelSafe && !record.excelSafe;
  const differences = asked
    .filter(([, now, then]) => !isSameRecord(now, then))
    .map(([name]) => name as string);
  differences.push(
    ...changed.map((name) => FLAGS[name]),
    ...(isSafeChanged ? ['--excel-safe'] : []),
  );
  if (differences.length === 0) return;
  throw new RowmillError(
    'usage',
    `run ${record.runId} began with other ${differences.join(', ')}: rows before and after would differ. Give the same, or start again without --resume`,
  );
}

function isSameRecord(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
): boolean {
  const sorted = (record: Readonly<Record<string, unknown>>) =>
    JSON.stringify(Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1)));
  return sorted(a) === sorted(b);
}

/** The newest run of the same task, input and output, if there is one. */
export async function findRun(
  { task, input, output }: RunRequest,
  ports: ServicePorts,
): Promise<StoredRun | undefined> {
  const { files, store } = ports;
  const inputPath = input.kind === 'file' ? await files.realPath(input.path) : undefined;
  const outputPath = output.kind === 'file' ? await files.realPath(output.path) : undefined;
  for (const record of await store.records()) {
    const isSame =
      record.parent === undefined &&
      record.task === task.name &&
      record.input.kind === input.kind &&
      record.output.kind === output.kind &&
      record.outputPath === outputPath &&
      (record.input.kind !== 'file' || (await files.realPath(record.input.path)) === inputPath);
    if (isSame) return store.get(record.runId);
  }
  return undefined;
}
