import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { count, moment } from '../../figures.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { scheduleDeskOf } from './desk.ts';

interface Flags {
  readonly limit: number;
  readonly verdict?: string;
  readonly json?: boolean;
}

/** `schedule firings`. */
export function addScheduleFiringsCommand(schedule: Command, context: CommandContext): void {
  const command = schedule
    .command('firings')
    .description('Every due time of a schedule and what became of it, the last one first')
    .argument('<schedule>', 'its name or id')
    .option('--limit <n>', 'so many at most', wholeNumber(1), 20)
    .option('--verdict <list>', 'only these: fired, skipped_overlap, skipped_missed, error, …')
    .option('--json', 'print them as JSON');
  examples(
    command,
    'rowmill schedule firings nightly --profile work',
    'rowmill schedule firings nightly --verdict error,skipped_missed --profile work',
  );
  command.action(async (name: string, { limit, verdict, json }: Flags) => {
    const desk = await scheduleDeskOf(command, context);
    const firings = await desk.firings(name, { limit, verdict });
    const { screen } = context;
    if (json === true) {
      screen.json(firings.map((each) => each.json));
      return;
    }
    if (firings.length === 0) {
      screen.err('there are none yet');
      return;
    }
    const columns = [
      { title: 'DUE' },
      { title: 'TIMES', align: 'right' },
      { title: 'VERDICT' },
      { title: 'RUN' },
      { title: 'OUTCOME' },
      { title: 'WHY', canShrink: true },
    ] as const;
    const rows = firings.map((each) => [
      moment(each.dueAt),
      count(each.count),
      each.verdict,
      each.runId ?? '',
      each.outcome ?? '',
      each.message ?? '',
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}
