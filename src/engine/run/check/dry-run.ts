import { cellFormat } from '../../csv/write/format-cell.ts';
import type { CsvTable } from '../../csv/csv-table.ts';
import { readBlocks } from '../../csv/read/reader.ts';
import type { InputFile } from '../../ports/run-files.ts';
import type { RunResources } from '../../task/run-resources.ts';
import { taskResources } from '../../task/task-resources.ts';
import type { CsvTask } from '../../task/task.ts';
import { Committer } from '../carry/committer.ts';
import { accessOf } from '../rows/cell-access.ts';
import { OutputPage } from '../output/output-page.ts';
import type { RunPlan } from '../begin/plan-run.ts';
import { RowShape } from '../rows/row-shape.ts';
import { runRows } from '../rows/run-rows.ts';
import { ownerOf, type CheckResult, type RunHandles, type RunOwner } from '../run-service.ts';
import { RunSecrets, type GuardedFacts } from '../secrets/run-secrets.ts';
import type { ServicePorts } from '../service-ports.ts';

/** Rows of a check for which the function of a task is called, at most. */
const DRY_RUN_ROWS = 100;

/** A file that is open to be tried, and whose it is. */
interface Trial {
  readonly task: CsvTask;
  readonly input: InputFile;
  readonly table: CsvTable;
  readonly plan: RunPlan;
  readonly arguments: unknown;
  /** The arguments before the task's schema made values of them. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly owner: RunOwner | undefined;
}

type TrialPorts = Pick<
  ServicePorts,
  'clock' | 'codec' | 'secretsOf' | 'resourcesOf' | 'fetch' | 'makeId'
>;
type TrialHandles = Pick<RunHandles, 'stopSignal' | 'abortSignal'>;

/** Calls a task that declares `dryRun` for the first rows of a file; what it writes goes nowhere. */
export async function dryRun(
  trial: Trial,
  handles: TrialHandles,
  ports: TrialPorts,
): Promise<CheckResult['dryRun']> {
  const runId = ports.makeId('check');
  const { task, given } = trial;
  const use = { ...ownerOf(trial), runId, task, arguments: given };
  const source = await ports.secretsOf(use);
  const secrets = new RunSecrets(source);
  try {
    return await tryRows(
      { ...trial, runId, secrets, resources: ports.resourcesOf(use) },
      handles,
      ports,
    );
  } catch (error) {
    throw secrets.redactError(error);
  } finally {
    await source.close();
  }
}

async function tryRows(
  {
    task,
    input,
    table,
    plan,
    arguments: args,
    owner,
    runId,
    secrets,
    resources,
  }: Trial & {
    readonly runId: string;
    readonly secrets: RunSecrets;
    readonly resources: RunResources;
  },
  handles: TrialHandles,
  ports: TrialPorts,
): Promise<CheckResult['dryRun']> {
  const nothing = () => undefined;
  const nowhere = { append: () => Promise.resolve(), sync: () => Promise.resolve() };
  const closed: Omit<GuardedFacts, 'opened'> = {
    runId,
    ...ownerOf({ owner }),
    arguments: args,
    header: plan.header,
    signal: handles.abortSignal,
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    secrets,
    ...taskResources(resources, secrets),
    fetch: ports.fetch,
  };
  const opened: unknown = await task.open?.({ ...closed, opened: undefined } as never);
  const facts: GuardedFacts = { ...closed, opened };
  try {
    const { checkpoint } = await runRows({
      task,
      facts,
      rowOf: (number) => number,
      rowKeyPrefix: runId,
      reader: readBlocks(input, table),
      access: accessOf(table, { independent: true, undoesGuard: plan.own.undoesGuard }),
      shape: new RowShape(plan.columns, nothing),
      page: new OutputPage({
        plan: plan.output,
        format: cellFormat(table.dialect),
        isExcelSafe: false,
        rewritesCells: false,
      }),
      committer: new Committer({ output: nowhere, errors: undefined, checkpoints: undefined }),
      clock: ports.clock,
      codec: ports.codec,
      pace: {},
      threads: undefined,
      concurrency: task.concurrency,
      from: {
        position: table.data,
        outputBytes: 0,
        errorsBytes: 0,
        succeeded: 0,
        failed: 0,
        causes: [],
        state: undefined,
        elapsedMs: 0,
      },
      fromRow: 1,
      limit: DRY_RUN_ROWS,
      stopSignal: handles.stopSignal,
      abortSignal: handles.abortSignal,
      onProgress: nothing,
    });
    const { succeeded, failed, causes } = checkpoint;
    return { rows: succeeded + failed, succeeded, failed, causes: causes.slice(0, 20) };
  } finally {
    try {
      await task.cleanup?.(facts as never);
    } finally {
      await task.close?.(opened as never);
    }
  }
}
