import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { summaryJson } from '../../json-forms.ts';

/** `runs acknowledge`: the end of a run of a server was seen. */
export function addRunsAcknowledgeCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('acknowledge')
    .description('Say that the end of a run on a server was seen: it may be removed in its time')
    .argument('<run>', 'its id')
    .option('--json', 'print the run as JSON');
  examples(command, 'rowmill runs acknowledge RUN --profile work');
  command.action(async (runId: string, { json }: { json?: boolean }) => {
    const { server } = await context.open(command);
    if (server === undefined) {
      throw new RowmillError(
        'usage',
        'runs of this machine are kept until they are deleted: there is nothing to acknowledge',
      );
    }
    const run = await server.acknowledge(runId);
    if (json === true) context.screen.json(summaryJson(run));
    else context.screen.err(`${run.runId} is acknowledged`);
  });
}
