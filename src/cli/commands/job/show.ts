import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
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
    const facts = Object.entries(found.json).filter(([, value]) => value !== null && value !== '');
    const width = Math.max(...facts.map(([field]) => field.length));
    for (const [field, value] of facts) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      screen.out(`${field.replaceAll('_', ' ').padEnd(width)}  ${visible(text)}`);
    }
  });
}
