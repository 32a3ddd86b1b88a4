import type { CsvTable } from '../../csv/csv-table.ts';
import { RowmillError } from '../../errors.ts';
import type { InputFile } from '../../ports/run-files.ts';
import { parseArguments } from '../../task/parse-arguments.ts';
import type { CsvTask } from '../../task/task.ts';
import { checkRows } from '../check/check-rows.ts';
import { identify } from './input-identity.ts';
import { copyOf, needsCopy, openTaskTable } from './open-input.ts';
import { findOwnOutput } from './own-output.ts';
import { addedColumns, planRun, type RunPlan } from './plan-run.ts';
import type { RunRecord } from '../run-record.ts';
import type { RunInput, RunRequest } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';
import { threadObstacle } from '../rows/thread-use.ts';

/** A run that may begin: checked, its input open, nothing stored and nothing written yet. */
export interface BegunRun {
  readonly record: RunRecord;
  readonly arguments: unknown;
  /** Undefined in a noinput run. */
  readonly csv:
    | { readonly input: InputFile; readonly table: CsvTable; readonly plan: RunPlan }
    | undefined;
}

/**
 * Checks all that can be checked before the first row and puts the record of the run together. Throws
 * a RowmillError for a request that cannot be carried out; nothing was changed then.
 */
export async function beginRun(request: RunRequest, ports: ServicePorts): Promise<BegunRun> {
  const { task } = request;
  refuseConflicts(request);
  await refuseSameFile(request, ports);
  const args = await parseArguments(task, request.arguments);
  const runId = request.runId ?? ports.makeId('run');
  const outputPath =
    request.output.kind === 'file' ? await ports.files.realPath(request.output.path) : undefined;
  await refuseMissingFolders(request, ports);
  const base: Omit<RunRecord, 'table' | 'inputIdentity' | 'outputHeader'> = {
    formatVersion: 1,
    runId,
    task: task.name,
    codeHash: request.codeHash,
    arguments: request.arguments,
    input: request.input,
    inputOptions: request.options,
    copyPath: undefined,
    isCopyWhole: false,
    output: request.output,
    outputPath,
    failedPath: request.failedPath,
    errorsPath: request.errorsPath,
    unprocessedPath: request.unprocessedPath,
    dropsErrorColumn: false,
    undoesGuard: false,
    fromRow: request.fromRow ?? 1,
    limit: request.limit,
    canary: request.canary,
    maxFailures: request.maxFailures,
    concurrency: request.concurrency,
    threads: request.threads,
    waitAfterRowMs: request.waitAfterRowMs,
    maxRowsPerSecond: request.maxRowsPerSecond,
    retry: request.retry,
    excelSafe: request.excelSafe,
    createdAtMs: ports.clock.now(),
    owner: request.owner,
    fileName: request.fileName,
    totalRows: request.totalRows,
  };
  if (task.kind === 'noinput') {
    const record = { ...base, table: undefined, inputIdentity: undefined, outputHeader: [] };
    return { record, arguments: args, csv: undefined };
  }
  return beginCsv({ ...request, task }, { base, arguments: args }, ports);
}

/** An hour of work must not end with a file that cannot be written. */
async function refuseMissingFolders(
  { output, failedPath, errorsPath, unprocessedPath }: RunRequest,
  { files }: ServicePorts,
): Promise<void> {
  const outputPath = output.kind === 'file' ? output.path : undefined;
  for (const path of [outputPath, failedPath, errorsPath, unprocessedPath]) {
    if (path !== undefined) await files.refuseUnwritable(path);
  }
}

async function beginCsv(
  request: RunRequest & { readonly task: CsvTask },
  {
    base,
    arguments: args,
  }: {
    readonly base: Omit<RunRecord, 'table' | 'inputIdentity' | 'outputHeader'>;
    readonly arguments: unknown;
  },
  ports: ServicePorts,
): Promise<BegunRun> {
  const { input, copyPath, isCopyWhole, table } = await openOrDiscard(request, base.runId, ports);
  try {
    const own = await findOwnOutput({
      input,
      table,
      inputPath:
        request.input.kind === 'file' ? await ports.files.realPath(request.input.path) : undefined,
      added: addedColumns(request.task, table.header, { arguments: args }),
      records: await ports.store.records(),
      causesOf: async (runId) => (await ports.store.get(runId)).state.causes,
    });
    const plan = planRun(request.task, table, {
      arguments: args,
      options: request.options,
      inputName: input.name,
      own,
    });
    if (request.onInvalid === 'abort') await refuseInvalidRows({ request, input, table, plan });
    const inputIdentity = input.isSeekable ? await identify(input, ports.sha256) : undefined;
    const record: RunRecord = {
      ...base,
      input: await keptInput(base, ports),
      copyPath,
      isCopyWhole,
      table,
      inputIdentity,
      outputHeader: plan.output.header,
      dropsErrorColumn: plan.own.dropsErrorColumn,
      undoesGuard: plan.own.undoesGuard,
    };
    return { record, arguments: args, csv: { input, table, plan } };
  } catch (error) {
    await input.close();
    await ports.store.discardFolder(base.runId);
    throw error;
  }
}

/** Where the input of a run is from now on. */
async function keptInput(
  { runId, input }: Pick<RunRecord, 'runId' | 'input'>,
  { files, store, keepsInputs = false }: ServicePorts,
): Promise<RunInput> {
  if (!keepsInputs || input.kind !== 'file') return input;
  const path = `${await store.prepareFolder(runId)}/input.csv`;
  await files.link(input.path, path);
  return { kind: 'file', path };
}

/** What was copied of an input that is refused is not kept. */
async function openOrDiscard(
  request: RunRequest & { readonly task: CsvTask },
  runId: string,
  ports: ServicePorts,
): Promise<OpenedInput> {
  try {
    return await openRequestInput(request, runId, ports);
  } catch (error) {
    await ports.store.discardFolder(runId);
    throw error;
  }
}

interface OpenedInput {
  readonly input: InputFile;
  readonly copyPath: string | undefined;
  readonly isCopyWhole: boolean;
  readonly table: CsvTable;
}

/** Opens the input of a request and finds out how it is read; a copy is made where its bytes cannot be. */
async function openRequestInput(
  request: RunRequest & { readonly task: CsvTask },
  runId: string,
  ports: ServicePorts,
): Promise<OpenedInput> {
  const { files, store } = ports;
  const { input: wanted, task, options } = request;
  if (wanted.kind === 'none') throw missingFile(task.name);
  const folder = () => store.prepareFolder(runId);
  let spoolPath: string | undefined;
  if (wanted.kind === 'stdin' && wanted.spool) spoolPath = `${await folder()}/input.csv`;
  const input =
    wanted.kind === 'file'
      ? await files.openInput(wanted.path)
      : await files.openStandardInput(spoolPath);
  try {
    if (!(await needsCopy(input, options))) {
      const table = await openTaskTable(input, task, options);
      return { input, copyPath: spoolPath, isCopyWhole: false, table };
    }
    const copyPath = `${await folder()}/input.utf-8.csv`;
    const copied = await copyOf(input, { path: copyPath, options }, ports);
    const table = await openTaskTable(copied.input, task, { ...options, encoding: 'utf-8' });
    await input.close();
    return { input: copied.input, copyPath, isCopyWhole: true, table: copied.describe(table) };
  } catch (error) {
    await input.close();
    throw error;
  }
}

/** No file is written that is read, or written twice. */
async function refuseSameFile(
  { input, output, failedPath, errorsPath, unprocessedPath }: RunRequest,
  { files }: ServicePorts,
): Promise<void> {
  const seen = new Map<string, string>();
  const named = [
    ['the input', input.kind === 'file' ? input.path : undefined],
    ['the output (-o)', output.kind === 'file' ? output.path : undefined],
    ['--failed', failedPath],
    ['--errors', errorsPath],
    ['--unprocessed', unprocessedPath],
  ] as const;
  for (const [name, path] of named) {
    const identity = path === undefined ? undefined : await files.identityOf(path);
    if (identity === undefined) continue;
    const other = seen.get(identity);
    if (other !== undefined) {
      throw new RowmillError('usage', `${path} is ${other} and ${name} at once: give two names`);
    }
    seen.set(identity, name);
  }
}

function refuseConflicts({ task, input, concurrency, threads }: RunRequest): void {
  if (task.kind === 'csv' && input.kind === 'none') throw missingFile(task.name);
  if (task.kind === 'noinput' && input.kind !== 'none') {
    throw new RowmillError('usage', `${task.name} takes no input, but was given a file`);
  }
  if (task.kind === 'csv' && task.start !== undefined && (concurrency ?? 1) > 1) {
    throw new RowmillError(
      'usage',
      `${task.name} carries a state from row to row: concurrency ${concurrency} is not possible`,
    );
  }
  const obstacle = (threads ?? 1) > 1 ? threadObstacle(task, concurrency) : undefined;
  if (obstacle !== undefined) {
    throw new RowmillError(
      'usage',
      `${task.name} ${obstacle}: ${threads} threads are not possible`,
    );
  }
}

function missingFile(taskName: string): RowmillError {
  return new RowmillError('usage', `${taskName} reads a CSV: name a file, or - for standard input`);
}

async function refuseInvalidRows({
  request,
  input,
  table,
  plan,
}: {
  readonly request: RunRequest;
  readonly input: InputFile;
  readonly table: CsvTable;
  readonly plan: RunPlan;
}): Promise<void> {
  if (!input.isSeekable) {
    throw new RowmillError(
      'usage',
      '--on-invalid abort reads the input twice, which standard input without a copy cannot do',
    );
  }
  const found = await checkRows({
    input,
    table,
    plan,
    limit: Math.min(request.limit ?? Infinity, request.canary ?? Infinity),
    fromRow: request.fromRow,
  });
  if (found.invalid === 0) return;
  const causes = found.causes
    .slice(0, 5)
    .map(({ column, message, count }) => `${column ?? 'row'}: ${message} (${count})`);
  throw new RowmillError(
    'input_refused',
    `${input.name}: ${found.invalid} of ${found.rows} rows are invalid and --on-invalid is abort. ${causes.join('; ')}`,
    { problems: causes },
  );
}
