import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { addReportFlags } from '../run-flags.ts';
import { followRun, storedRun } from '../follow-run.ts';
import { controlLive } from './runs/control.ts';

/** `resume`: goes on with a run by its id. */
export function addResumeCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('resume')
    .description('Go on with a run from its last checkpoint');
  examples(
    command,
    'rowmill resume RUN',
    'rowmill resume RUN --tasks ./orders.ts --accept-new-code',
  );
  addResume(command, context);
}

/** What `resume` and `runs resume` are alike. */
export function addResume(command: Command, context: CommandContext): void {
  command
    .argument('<run>', 'its id, see: rowmill runs')
    .option('--accept-new-code', 'go on although the code of the task has changed');
  addReportFlags(command);
  command.action((runId: string, flags: ResumeFlags) =>
    resumeRun(context, command, { runId, flags }),
  );
}

/** Flags of `resume` and of `runs resume`. */
export interface ResumeFlags {
  readonly acceptNewCode?: boolean;
  readonly json?: boolean;
}

/** Lets the process that has paused a run go on with it; without one, carries the run out here. */
export async function resumeRun(
  context: CommandContext,
  command: Command,
  { runId, flags }: { readonly runId: string; readonly flags: ResumeFlags },
): Promise<void> {
  const workspace = await context.open(command);
  const service = await workspace.runs();
  let run = await service.show(runId);
  const acceptNewCode = flags.acceptNewCode ?? false;
  const { server } = workspace;
  if (run.isLive || server !== undefined) {
    const { runId: id } = run;
    const control = (signal: AbortSignal) =>
      server === undefined
        ? service.control(id, 'resume', signal)
        : server.resume(id, { acceptNewCode, signal });
    const isRemote = server !== undefined;
    run = await controlLive(context, command, { control, asked: 'resume', isRemote });
    if (run.isLive || isRemote) return;
  }
  const { task, codeHash } = await workspace.tasks.find(run.task);
  context.warnOfModules(workspace);
  await followRun(context, command, {
    ...storedRun(workspace, { task: run.task, printsPath: false }),
    begin: (handles) => service.resume(run.runId, { task, codeHash, acceptNewCode }, handles),
  });
}
