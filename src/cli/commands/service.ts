import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { addServiceAddCommand, addServiceUpdateCommand } from './service/define.ts';
import { addServiceCallCommand } from './service/call.ts';
import { addServiceDeleteCommand } from './service/delete.ts';
import { addServiceImportCommand } from './service/import.ts';
import { addServiceListCommand, addServiceShowCommand } from './service/list.ts';

/** `service`: what is done elsewhere, and called again and again. */
export function addServiceCommand(program: Command, context: CommandContext): void {
  const service = program
    .command('service')
    .description('The services that a server calls by HTTP, once a day or again and again');
  examples(
    service,
    'rowmill service add --name import_patients --endpoint https://his.example.com/import --daily-at 15:57 --zone Europe/Madrid --profile work',
    'rowmill service call import_patients --profile work',
    'rowmill service import external_services_daemon.php --profile work',
  );
  for (const add of IN_ORDER_OF_HELP) add(service, context);
}

const IN_ORDER_OF_HELP: readonly ((service: Command, context: CommandContext) => void)[] = [
  addServiceListCommand,
  addServiceShowCommand,
  addServiceAddCommand,
  addServiceUpdateCommand,
  addServiceCallCommand,
  addServiceImportCommand,
  addServiceDeleteCommand,
];
