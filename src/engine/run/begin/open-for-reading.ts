import type { CsvTable } from '../../csv/csv-table.ts';
import type { InputFile } from '../../ports/run-files.ts';
import type { CsvTask } from '../../task/task.ts';
import { copyOf, needsCopy, openTaskTable } from './open-input.ts';
import type { RunInput, RunRequest } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';

/**
 * Opens a file that is only looked at: what cannot be read in place is copied for the moment. Without a
 * task nothing is known of its columns.
 */
export async function openForReading(
  {
    task,
    input: wanted,
    options,
  }: {
    readonly task: CsvTask | undefined;
    readonly input: Exclude<RunInput, { readonly kind: 'none' }>;
    readonly options: RunRequest['options'];
  },
  { files }: Pick<ServicePorts, 'files'>,
): Promise<{
  readonly input: InputFile;
  readonly table: CsvTable;
  close(): Promise<void>;
}> {
  const opened =
    wanted.kind === 'file'
      ? await files.openInput(wanted.path)
      : await files.openStandardInput(undefined);
  const toClose: (() => Promise<void>)[] = [() => opened.close()];
  const close = async (): Promise<void> => {
    for (const end of toClose.splice(0)) await end();
  };
  try {
    if (!(await needsCopy(opened, options))) {
      return { input: opened, table: await openTaskTable(opened, task, options), close };
    }
    const scratch = await files.makeTemporaryFolder();
    toClose.push(() => scratch.remove());
    const copied = await copyOf(opened, { path: `${scratch.path}/input.csv`, options }, { files });
    toClose.unshift(() => copied.input.close());
    const found = await openTaskTable(copied.input, task, { ...options, encoding: 'utf-8' });
    return { input: copied.input, table: copied.describe(found), close };
  } catch (error) {
    await close();
    throw error;
  }
}
