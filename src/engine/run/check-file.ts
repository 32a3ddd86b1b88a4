import { RowmillError } from '../errors.ts';
import { parseArguments } from '../task/parse-arguments.ts';
import { checkRows } from './check-rows.ts';
import { dryRun } from './dry-run.ts';
import { copyOf, needsCopy, openTaskTable } from './open-input.ts';
import { findOwnOutput } from './own-output.ts';
import { addedColumns, planRun } from './plan-run.ts';
import type { StoredRun } from './run-record.ts';
import type { CheckResult, RunHandles, RunRequest } from './run-service.ts';
import type { ServicePorts } from './service-ports.ts';

/** A run without effects: the whole file is read and verified, nothing is called and nothing written. */
export async function checkFile(
  {
    task,
    arguments: given,
    input: wanted,
    options,
    limit,
  }: Pick<RunRequest, 'task' | 'arguments' | 'input' | 'options' | 'limit'>,
  handles: RunHandles,
  ports: ServicePorts,
): Promise<CheckResult> {
  const { files, clock, store } = ports;
  const { listeners } = handles;
  if (task.kind === 'noinput' || wanted.kind === 'none') {
    throw new RowmillError('usage', `${task.name}: there is no file to check`);
  }
  const startedAt = clock.now();
  const args = await parseArguments(task, given);
  const opened =
    wanted.kind === 'file'
      ? await files.openInput(wanted.path)
      : await files.openStandardInput(undefined);
  let scratch: Awaited<ReturnType<typeof files.makeTemporaryFolder>> | undefined;
  let copied: Awaited<ReturnType<typeof copyOf>> | undefined;
  try {
    if (await needsCopy(opened, options)) {
      scratch = await files.makeTemporaryFolder();
      copied = await copyOf(opened, { path: `${scratch.path}/input.csv`, options }, { files });
    }
    const input = copied?.input ?? opened;
    const wantedTable = copied === undefined ? options : { ...options, encoding: 'utf-8' };
    const found = await openTaskTable(input, task, wantedTable);
    const table = copied?.describe(found) ?? found;
    const runs = await store.list();
    const own = await findOwnOutput({
      input,
      table,
      inputPath: wanted.kind === 'file' ? await files.realPath(wanted.path) : undefined,
      added: addedColumns(task, table.header, { arguments: args }),
      records: runs.map(({ record }) => record),
      causesOf: async (runId) => (await store.get(runId)).state.causes,
    });
    const plan = planRun(task, table, {
      arguments: args,
      options,
      inputName: input.name,
      own,
    });
    const checked = await checkRows({
      input,
      table,
      plan,
      limit,
      stopSignal: handles.stopSignal,
      breathe: () => clock.breathe(),
      onProgress: ({ rows, invalid, byte }) =>
        listeners.onProgress?.({
          succeeded: rows - invalid,
          failed: invalid,
          bytesDone: byte,
          bytesTotal: input.size,
          elapsedMs: clock.now() - startedAt,
        }),
    });
    const canReadAgain = task.dryRun && input.isSeekable;
    const tried = canReadAgain
      ? await dryRun({ task, input, table, plan, arguments: args }, handles, ports)
      : undefined;
    return {
      ...checked,
      dryRun: tried,
      expectedRunMs: expectedRunMs(checked.rows, task.name, runs),
      task: task.name,
      dialect: table.dialect,
      encoding: table.encoding,
      header: plan.header,
      warnings: table.warnings,
      matches: plan.match.matches.map(({ column, header, how }) => ({ column, header, how })),
      unknownColumns: plan.match.unknown,
      elapsedMs: clock.now() - startedAt,
    };
  } finally {
    await opened.close();
    if (copied !== undefined) await copied.input.close();
    await scratch?.remove();
  }
}

/** By the newest run of the task that processed enough rows for a rate. */
function expectedRunMs(
  rows: number,
  taskName: string,
  runs: readonly StoredRun[],
): number | undefined {
  const earlier = runs.find(
    ({ record, state }) =>
      record.task === taskName && state.elapsedMs > 0 && state.succeeded + state.failed > 0,
  );
  if (earlier === undefined) return undefined;
  const { elapsedMs, succeeded, failed } = earlier.state;
  return Math.round((rows * elapsedMs) / (succeeded + failed));
}
