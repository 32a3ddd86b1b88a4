import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { summaryJson } from '../../json-forms.ts';

/** `runs restore`: a run of a server that was deleted comes back. */
export function addRunsRestoreCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('restore')
    .description('Bring a deleted run of a server back, until it is purged')
    .argument('<run>', 'its id')
    .option('--json', 'print the run as JSON');
  examples(command, 'rowmill runs restore RUN --profile work');
  command.action(async (runId: string, { json }: { json?: boolean }) => {
    const { server } = await context.open(command);
    if (server === undefined) {
      throw new RowmillError('usage', 'runs of this machine are gone when they are deleted');
    }
    const run = await server.restore(runId);
    if (json === true) context.screen.json(summaryJson(run));
    else context.screen.err(`${run.runId} is back`);
  });
}
