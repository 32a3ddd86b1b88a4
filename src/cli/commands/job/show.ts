import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { factLines } from '../../fact-lines.ts';
import { examples } from '../../help-texts.ts';
import { isObject } from '../../read-json.ts';
import { visible } from '../../visible-text.ts';
import { triggerWords } from '../schedule/trigger-words.ts';
import { deskOf } from './desk.ts';

/** `job show`. */
export function addJobShowCommand(job: Command, context: CommandContext): void {
  const command = job
    .command('show')
    .description('All that is known of a job')
    .argument('<job>', 'its name')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill job show nightly --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const desk = await deskOf(command, context);
    const found = await desk.show(name);
    const triggers = await desk.triggers(name);
    const { screen } = context;
    if (json === true) {
      screen.json({ ...found.json, triggers });
      return;
    }
    for (const line of factLines(found.json)) screen.out(line);
    for (const { name: schedule, trigger, paused } of triggers) {
      const words = isObject(trigger) ? triggerWords(trigger) : '';
      const state = paused === true ? ', paused' : '';
      screen.out(visible(`starts at  ${words} (${String(schedule)}${state})`));
    }
  });
}
