import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
import { scheduleDeskOf } from './desk.ts';
import { triggerWords } from './trigger-words.ts';

/** `schedule show`. */
export function addScheduleShowCommand(schedule: Command, context: CommandContext): void {
  const command = schedule
    .command('show')
    .description('All that is known of a schedule')
    .argument('<schedule>', 'its name or id')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill schedule show nightly --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const found = await (await scheduleDeskOf(command, context)).show(name);
    const { screen } = context;
    if (json === true) {
      screen.json(found.json);
      return;
    }
    const facts = Object.entries({ ...found.json, trigger: triggerWords(found.trigger) }).filter(
      ([, value]) => value !== null,
    );
    const width = Math.max(...facts.map(([field]) => field.length));
    for (const [field, value] of facts) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      screen.out(`${field.replaceAll('_', ' ').padEnd(width)}  ${visible(text)}`);
    }
  });
}
