import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { addJobArchiveCommand, addJobUnarchiveCommand } from './job/archive.ts';
import { addJobAddCommand, addJobUpdateCommand } from './job/define.ts';
import { addJobDeleteCommand } from './job/delete.ts';
import { addJobListCommand } from './job/list.ts';
import { addJobLogCommand, addJobLogsCommand } from './job/logs.ts';
import { addJobRunCommand } from './job/run.ts';
import { addJobAddSecretCommand, addJobRemoveSecretCommand } from './job/secrets.ts';
import { addJobStorageCommand } from './job/storage.ts';
import { addJobShowCommand } from './job/show.ts';
import { addJobDiffCommand, addJobVersionsCommand } from './job/versions.ts';

/** `job`: what a server keeps to be run again and again. */
export function addJobCommand(program: Command, context: CommandContext): void {
  const job = program
    .command('job')
    .description('The jobs of a server: what is stored to be run again and again');
  examples(
    job,
    'rowmill job add --name nightly --task contacts/clean --profile work',
    'rowmill job run nightly --wait --profile work',
    'rowmill job log nightly RUN --profile work',
  );
  for (const add of IN_ORDER_OF_HELP) add(job, context);
}

const IN_ORDER_OF_HELP: readonly ((job: Command, context: CommandContext) => void)[] = [
  addJobListCommand,
  addJobShowCommand,
  addJobAddCommand,
  addJobUpdateCommand,
  addJobAddSecretCommand,
  addJobRemoveSecretCommand,
  addJobRunCommand,
  addJobLogsCommand,
  addJobLogCommand,
  addJobStorageCommand,
  addJobVersionsCommand,
  addJobDiffCommand,
  addJobArchiveCommand,
  addJobUnarchiveCommand,
  addJobDeleteCommand,
];
