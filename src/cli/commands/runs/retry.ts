import { resolve } from 'node:path';
import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { readDelimiter, readEncoding } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { addReportFlags } from '../../run-flags.ts';
import { followRun, storedRun } from '../../follow-run.ts';

interface RetryFlags {
  readonly output?: string;
  readonly unprocessed?: boolean;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly acceptNewCode?: boolean;
  readonly yes?: boolean;
}

/** `runs retry`: rows of a run are done again, as a run of their own. */
export function addRunsRetryCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('retry')
    .description('Do the failed rows of a run again, as they are or as a file has them fixed')
    .argument('<run>', 'its id')
    .argument(
      '[file]',
      'a fixed failed.csv, any CSV with _row, or the edited output of the run; rows that are not in it stay failed',
    )
    .option('--unprocessed', 'the rows whose turn never came, instead of the failed ones')
    .option('-o, --output <file>', 'where the output of these rows goes (default: the run folder)')
    .option('--delimiter <char>', 'of the file, where it is not found out', readDelimiter)
    .option('--encoding <name>', 'of the file, where it is not found out', readEncoding)
    .option('--accept-new-code', 'go on although the code of the task has changed')
    .option('--yes', 'do not ask before a destructive task');
  examples(
    command,
    'rowmill runs retry RUN',
    'rowmill runs retry RUN failed.csv',
    'rowmill runs save RUN --merged merged.csv',
  );
  addReportFlags(command);
  command.action((runId: string, file: string | undefined, flags: RetryFlags) =>
    retryRun(context, command, { runId, file, flags }),
  );
}

async function retryRun(
  context: CommandContext,
  command: Command,
  {
    runId,
    file,
    flags,
  }: {
    readonly runId: string;
    readonly file: string | undefined;
    readonly flags: RetryFlags;
  },
): Promise<void> {
  if (file !== undefined && flags.unprocessed === true) {
    throw new RowmillError(
      'usage',
      'a file has fixed rows, and --unprocessed means others: give one',
    );
  }
  const workspace = await context.open(command);
  const service = await workspace.runs();
  const run = await service.show(runId);
  const { task, codeHash } = await workspace.tasks.find(run.task);
  context.warnOfModules(workspace);
  if (task.isDestructive && flags.yes !== true) {
    const question = `${task.name} is destructive: ${task.description}. Do rows of ${runId} again?`;
    if (!(await context.confirm(question))) {
      context.exitCode = EXIT_CODES.stopped.code;
      return;
    }
  }
  const at = (path: string): string => resolve(context.host.workingDirectory, path);
  const { output, delimiter, encoding, unprocessed, acceptNewCode = false } = flags;
  const { parent } = await service.family(run.runId);
  await followRun(context, command, {
    ...storedRun(workspace, { task: run.task, printsPath: output === undefined }),
    mergesInto: parent?.rootId ?? run.runId,
    begin: (handles) =>
      service.retry(
        run.runId,
        {
          task,
          codeHash,
          acceptNewCode,
          rows: unprocessed === true ? 'unprocessed' : 'failed',
          fixedPath: file === undefined ? undefined : at(file),
          inputOptions: { delimiter, encoding },
          output:
            output === undefined ? { kind: 'run_folder' } : { kind: 'file', path: at(output) },
        },
        handles,
      ),
  });
}
