import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples, refuseUnknownCommand } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { scheduleDeskOf } from './desk.ts';
import { nextWords, triggerWords } from './trigger-words.ts';

/** `schedule list`, which plain `schedule` is too. */
export function addScheduleListCommand(schedule: Command, context: CommandContext): void {
  const command = schedule
    .command('list', { isDefault: true })
    .description('List the schedules, the last one first')
    .allowExcessArguments()
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill schedule list --profile work');
  command.action(async ({ json }: { json?: boolean }) => {
    refuseUnknownCommand(schedule, command);
    const schedules = await (await scheduleDeskOf(command, context)).list();
    const { screen } = context;
    if (json === true) {
      screen.json(schedules.map((each) => each.json));
      return;
    }
    if (schedules.length === 0) {
      screen.err('there are no schedules: rowmill schedule add makes one');
      return;
    }
    const columns = [
      { title: 'NAME', canShrink: true },
      { title: 'STARTS', canShrink: true },
      { title: 'WHEN', canShrink: true },
      { title: 'NEXT' },
    ] as const;
    const rows = schedules.map((each) => [
      each.name,
      each.work,
      triggerWords(each.trigger),
      nextWords(each),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}
