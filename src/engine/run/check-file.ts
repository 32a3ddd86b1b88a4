import { RowmillError } from '../errors.ts';
import { parseArguments } from '../task/parse-arguments.ts';
import { checkRows } from './check-rows.ts';
import { openTaskTable } from './open-input.ts';
import { planRun } from './plan-run.ts';
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
  { listeners }: RunHandles,
  { files, clock, store }: ServicePorts,
): Promise<CheckResult> {
  if (task.kind === 'noinput' || wanted.kind === 'none') {
    throw new RowmillError('usage', `${task.name}: there is no file to check`);
  }
  const startedAt = clock.now();
  const args = await parseArguments(task, given);
  const input =
    wanted.kind === 'file'
      ? await files.openInput(wanted.path)
      : await files.openStandardInput(undefined);
  try {
    const table = await openTaskTable(input, task, options);
    const plan = planRun(task, table, {
      arguments: args,
      options,
      inputName: input.name,
      own: await store.list(),
    });
    const checked = await checkRows({
      input,
      table,
      plan,
      limit,
      onProgress: ({ rows, invalid, byte }) =>
        listeners.onProgress?.({
          succeeded: rows - invalid,
          failed: invalid,
          bytesDone: byte,
          bytesTotal: input.size,
          elapsedMs: clock.now() - startedAt,
        }),
    });
    return {
      ...checked,
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
    await input.close();
  }
}
