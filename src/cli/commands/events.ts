import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import {
  addEventsCatalogueCommand,
  addEventsDescribeCommand,
  addEventsForgetCommand,
} from './events/catalogue.ts';
import { addEventsListCommand, addEventsShowCommand } from './events/list.ts';
import { addEventsSendCommand } from './events/send.ts';
import { addEventsTestCommand } from './events/test.ts';

/** `events`: what is told to the jobs of a server. */
export function addEventsCommand(program: Command, context: CommandContext): void {
  const events = program
    .command('events')
    .description('The events of a server: what is told to its jobs, and what became of it');
  examples(
    events,
    'rowmill events send appointment.create @event.json --profile work',
    'rowmill events list --profile work',
    'rowmill events catalogue --profile work',
  );
  for (const add of IN_ORDER_OF_HELP) add(events, context);
}

const IN_ORDER_OF_HELP: readonly ((events: Command, context: CommandContext) => void)[] = [
  addEventsListCommand,
  addEventsShowCommand,
  addEventsSendCommand,
  addEventsTestCommand,
  addEventsCatalogueCommand,
  addEventsDescribeCommand,
  addEventsForgetCommand,
];
