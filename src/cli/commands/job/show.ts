import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { factLines } from '../../fact-lines.ts';
import { examples } from '../../help-texts.ts';
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
    const found = await (await deskOf(command, context)).show(name);
    const { screen } = context;
    if (json === true) {
      screen.json(found.json);
      return;
    }
    for (const line of factLines(found.json)) screen.out(line);
  });
}
