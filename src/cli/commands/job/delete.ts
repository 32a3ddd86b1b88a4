import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
import { deskOf } from './desk.ts';

/** `job delete`. */
export function addJobDeleteCommand(job: Command, context: CommandContext): void {
  const command = job
    .command('delete')
    .description('Remove a job with its versions; one that has runs must be archived first')
    .argument('<job>', 'its name')
    .option('--yes', 'do not ask')
    .option('--json', 'print the name as JSON');
  examples(command, 'rowmill job delete nightly --yes --profile work');
  command.action(async (name: string, { yes, json }: { yes?: boolean; json?: boolean }) => {
    const desk = await deskOf(command, context);
    const question = visible(`Remove the job ${name} with its versions and its runs?`);
    if (yes !== true && !(await context.confirm(question))) return;
    await desk.remove(name);
    if (json === true) context.screen.json({ name });
    else context.screen.err(visible(`job ${name} is gone`));
  });
}
