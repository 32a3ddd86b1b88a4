import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
import { serviceDesksOf } from './desk.ts';

/** `service delete`. */
export function addServiceDeleteCommand(service: Command, context: CommandContext): void {
  const command = service
    .command('delete')
    .description('Remove a service with the records of its calls')
    .argument('<service>', 'its name')
    .option('--yes', 'do not ask')
    .option('--json', 'print the name as JSON');
  examples(command, 'rowmill service delete import_patients --yes --profile work');
  command.action(async (name: string, { yes, json }: { yes?: boolean; json?: boolean }) => {
    const { services } = await serviceDesksOf(command, context);
    const question = visible(`Remove the service ${name} and the records of its calls?`);
    if (yes !== true && !(await context.confirm(question))) return;
    await services.remove(name);
    const { screen } = context;
    if (json === true) screen.json({ removed: name });
    else screen.err(visible(`service ${name} is removed`));
  });
}
