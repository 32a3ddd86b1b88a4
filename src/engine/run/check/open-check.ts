import type { CsvTable } from '../../csv/csv-table.ts';
import { RowmillError } from '../../errors.ts';
import type { InputFile } from '../../ports/run-files.ts';
import { parseArguments } from '../../task/parse-arguments.ts';
import type { CsvTask } from '../../task/task.ts';
import { openForReading } from '../begin/open-for-reading.ts';
import { findOwnOutput } from '../begin/own-output.ts';
import { addedColumns, planRun, type RunPlan } from '../begin/plan-run.ts';
import type { RunRequest } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/** A file, and how it is to go through a task. */
export type CheckRequest = Pick<RunRequest, 'task' | 'arguments' | 'input' | 'options' | 'owner'>;

/** A file that is open to be checked. `close` leaves nothing behind. */
export interface OpenedCheck {
  readonly task: CsvTask;
  /** What the task's schema made of the arguments. */
  readonly arguments: unknown;
  readonly input: InputFile;
  readonly table: CsvTable;
  readonly plan: RunPlan;
  close(): Promise<void>;
}

/** Opens a file as a run of the task would read it. Throws as a run that cannot begin. */
export async function openCheck(
  { task, arguments: given, input: wanted, options }: CheckRequest,
  ports: ServicePorts,
): Promise<OpenedCheck> {
  const { files, store } = ports;
  if (task.kind === 'noinput' || wanted.kind === 'none') {
    throw new RowmillError('usage', `${task.name}: there is no file to check`);
  }
  const args = await parseArguments(task, given);
  const opened = await openForReading({ task, input: wanted, options }, ports);
  const { input, table } = opened;
  const close = (): Promise<void> => opened.close();
  try {
    const own = await findOwnOutput({
      input,
      table,
      inputPath: wanted.kind === 'file' ? await files.realPath(wanted.path) : undefined,
      added: addedColumns(task, table.header, { arguments: args }),
      records: await store.records(),
      causesOf: async (runId) => (await store.get(runId)).state.causes,
    });
    const plan = planRun(task, table, { arguments: args, options, inputName: input.name, own });
    return { task, arguments: args, input, table, plan, close };
  } catch (error) {
    await close();
    throw error;
  }
}
