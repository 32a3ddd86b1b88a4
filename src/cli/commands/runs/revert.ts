import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Task } from '../../../engine/task/task.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { count } from '../../figures.ts';
import { examples } from '../../help-texts.ts';
import { addReportFlags } from '../../run-flags.ts';
import { followRun, storedRun } from '../../follow-run.ts';

interface RevertFlags {
  readonly output?: string;
  readonly acceptNewCode?: boolean;
  readonly yes?: boolean;
}

/** `runs revert`: what a run did is undone, as a run of its own. */
export function addRunsRevertCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('revert')
    .description('Undo a run row by row, the last one first; for tasks that say how (revert)')
    .argument('<run>', 'its id')
    .option(
      '-o, --output <file>',
      'where the rows go, with an error beside those that stay (default: the run folder)',
    )
    .option('--accept-new-code', 'go on although the code of the task has changed')
    .option('--yes', 'do not ask');
  examples(command, 'rowmill runs revert RUN', 'rowmill runs revert RUN --yes -o undone.csv');
  addReportFlags(command);
  command.action((runId: string, flags: RevertFlags) =>
    revertRun(context, command, { runId, flags }),
  );
}

async function revertRun(
  context: CommandContext,
  command: Command,
  { runId, flags }: { readonly runId: string; readonly flags: RevertFlags },
): Promise<void> {
  const workspace = await context.open(command);
  const service = await workspace.runs();
  const run = await service.show(runId);
  const { task, codeHash } = await workspace.tasks.find(run.task);
  context.warnOfModules(workspace);
  const { output, acceptNewCode = false } = flags;
  const request = {
    task,
    codeHash,
    acceptNewCode,
    output:
      output === undefined
        ? ({ kind: 'run_folder' } as const)
        : ({ kind: 'file', path: resolve(context.host.workingDirectory, output) } as const),
  };
  const question = `Undo the ${count(run.succeeded)} rows of ${run.task} that run ${run.runId} did?`;
  const mayBe = isReversible(task) || workspace.server !== undefined;
  if (mayBe && flags.yes !== true && !(await context.confirm(question))) {
    context.exitCode = EXIT_CODES.stopped.code;
    return;
  }
  await followRun(context, command, {
    ...storedRun(workspace, { task: run.task, printsPath: output === undefined }),
    begin: (handles) => service.revert(run.runId, request, handles),
  });
}

/** One that is not is refused with the reason, and nothing is asked. Of a server's only the server knows. */
function isReversible(task: Task): boolean {
  return task.kind === 'csv' && task.revert !== undefined;
}
