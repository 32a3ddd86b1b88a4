import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { addReportFlags } from '../run-flags.ts';
import { followRun } from './run.ts';

/** `resume`: goes on with a run by its id. */
export function addResumeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('resume')
    .description('Go on with a run from its last checkpoint')
    .argument('<run>', 'its id, see: rowmill runs')
    .option('--accept-new-code', 'go on although the code of the task has changed');
  examples(
    command,
    'rowmill resume RUN',
    'rowmill resume RUN --tasks ./orders.ts --accept-new-code',
  );
  addReportFlags(command);
  command.action(async (runId: string, flags: { acceptNewCode?: boolean }) => {
    const workspace = await context.open(command);
    const service = await workspace.runs();
    const run = await service.show(runId);
    const { task, codeHash } = await workspace.tasks.find(run.task);
    context.warnOfModules(workspace);
    const acceptNewCode = flags.acceptNewCode ?? false;
    await followRun(context, command, {
      task: run.task,
      progress: workspace.settings.progress,
      isCanary: false,
      // What came through a pipe was kept whole, or there would be nothing to resume.
      inputIsPipe: false,
      stdoutIsData: false,
      printsPath: false,
      sameWords: [],
      begin: (handles) => service.resume(run.runId, { task, codeHash, acceptNewCode }, handles),
    });
  });
}
