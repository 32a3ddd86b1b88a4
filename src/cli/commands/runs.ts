import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { addRunsAcknowledgeCommand } from './runs/acknowledge.ts';
import { addRunsPauseCommand, addRunsStopCommand } from './runs/control.ts';
import { addRunsDeleteCommand } from './runs/delete.ts';
import { addRunsErrorsCommand } from './runs/errors.ts';
import { addRunsFilesCommand } from './runs/files.ts';
import { addRunsListCommand } from './runs/list.ts';
import { addRunsLogCommand } from './runs/log.ts';
import { addRunsPruneCommand } from './runs/prune.ts';
import { addRunsRestoreCommand } from './runs/restore.ts';
import { addRunsResumeCommand } from './runs/resume.ts';
import { addRunsRetryCommand } from './runs/retry.ts';
import { addRunsRevertCommand } from './runs/revert.ts';
import { addRunsRowsCommand } from './runs/rows.ts';
import { addRunsSaveCommand } from './runs/save.ts';
import { addRunsShowCommand } from './runs/show.ts';
import { addRunsWatchCommand } from './runs/watch.ts';

/** `runs`: what has been run here. */
export function addRunsCommand(program: Command, context: CommandContext): void {
  const runs = program.command('runs').description('The runs of this data folder');
  examples(
    runs,
    'rowmill runs',
    'rowmill runs errors RUN --limit 20',
    'rowmill runs save RUN --failed failed.csv',
    'rowmill runs retry RUN failed.csv',
    'rowmill runs watch RUN',
  );
  for (const add of IN_ORDER_OF_HELP) add(runs, context);
}

const IN_ORDER_OF_HELP: readonly ((runs: Command, context: CommandContext) => void)[] = [
  addRunsListCommand,
  addRunsShowCommand,
  addRunsRowsCommand,
  addRunsErrorsCommand,
  addRunsLogCommand,
  addRunsFilesCommand,
  addRunsSaveCommand,
  addRunsRetryCommand,
  addRunsRevertCommand,
  addRunsWatchCommand,
  addRunsPauseCommand,
  addRunsResumeCommand,
  addRunsStopCommand,
  addRunsAcknowledgeCommand,
  addRunsDeleteCommand,
  addRunsPruneCommand,
  addRunsRestoreCommand,
];
