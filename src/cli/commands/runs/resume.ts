import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { addResume } from '../resume.ts';

/** `runs resume`: the same as `resume`, beside `pause` and `stop`. */
export function addRunsResumeCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('resume')
    .description('Let a paused run go on, in its own process or, where that has gone, in this one');
  examples(command, 'rowmill runs resume RUN');
  addResume(command, context);
}
