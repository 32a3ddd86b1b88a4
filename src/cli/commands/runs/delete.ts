import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { examples } from '../../help-texts.ts';

interface Flags {
  readonly purge?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `runs delete`. */
export function addRunsDeleteCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('delete')
    .description('Delete runs and their folders (those of a server can be restored for a while)')
    .argument('<run...>', 'their ids')
    .option('--purge', 'for good, at once: they cannot be restored')
    .option('--yes', 'do not ask')
    .option('--json', 'print the ids that are deleted as JSON');
  examples(
    command,
    'rowmill runs delete RUN RUN --yes',
    'rowmill runs delete RUN --purge --yes --profile work',
  );
  command.action(async (runIds: string[], { purge, yes, json }: Flags) => {
    const service = await (await context.open(command)).runs();
    const found = await Promise.all(runIds.map((runId) => service.show(runId)));
    const ids = found.map(({ runId }) => runId);
    if (yes !== true && !(await context.confirm(`Delete ${ids.join(', ')} and all files of it?`))) {
      context.exitCode = EXIT_CODES.stopped.code;
      return;
    }
    // Those that came from another one are newer, and go before it.
    const newestFirst = [...found].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
    for (const { runId } of newestFirst) {
      await service.delete(runId, { isFinal: purge === true });
    }
    if (json === true) context.screen.json({ deleted: ids });
    else for (const id of ids) context.screen.err(`${id} is deleted`);
  });
}
