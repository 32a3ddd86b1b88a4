import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { count, moment } from '../../figures.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples, refuseUnknownCommand } from '../../help-texts.ts';
import { summaryJson } from '../../json-forms.ts';
import { shownPath } from '../../next-commands.ts';
import { textTable } from '../../text-table.ts';
import { statusWord } from './status-word.ts';

/** `runs list`, which plain `runs` is too. */
export function addRunsListCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('list', { isDefault: true })
    .description('List the runs, the last one first')
    .allowExcessArguments()
    .option('--limit <n>', 'so many at most', wholeNumber(1))
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill runs', 'rowmill runs list --limit 10 --json');
  command.action(async ({ limit, json }: { limit?: number; json?: boolean }) => {
    refuseUnknownCommand(runs, command);
    const service = await (await context.open(command)).runs();
    const found = [...(await service.list(limit))]
      .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
      .slice(0, limit);
    const { screen, host } = context;
    if (json === true) {
      screen.json(found.map(summaryJson));
      return;
    }
    if (found.length === 0) {
      screen.err('there are no runs here yet');
      return;
    }
    const columns = [
      { title: 'RUN' },
      { title: 'TASK', canShrink: true },
      { title: 'STATUS' },
      { title: 'OK', align: 'right' },
      { title: 'FAILED', align: 'right' },
      { title: 'BEGUN' },
      { title: 'INPUT', canShrink: true },
    ] as const;
    const rows = found.map((run) => [
      run.runId,
      run.task,
      statusWord(run),
      count(run.succeeded),
      count(run.failed),
      moment(run.createdAt),
      run.inputPath === undefined ? '' : shownPath(run.inputPath, host.workingDirectory),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}
