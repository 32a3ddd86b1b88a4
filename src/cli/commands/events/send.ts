import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { readEventName } from '../../event-name.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { readWrittenObject } from '../../read-json.ts';
import { visible } from '../../visible-text.ts';
import { eventDeskOf } from './desk.ts';
import { tellDeliveries } from './lines.ts';

interface Flags {
  readonly wait?: number;
  readonly json?: boolean;
}

/** `events send`. */
export function addEventsSendCommand(events: Command, context: CommandContext): void {
  const command = events
    .command('send')
    .description('Tell an event: the jobs that wait for it are started with its payload')
    .argument('<event>', 'object.event, such as appointment.create')
    .argument('[payload]', 'a JSON object, or @file', '{}')
    .option('--wait <seconds>', 'until every job has taken it or has not', wholeNumber(0))
    .option('--json', 'print the event as JSON');
  examples(
    command,
    'rowmill events send appointment.create @event.json --profile work',
    'rowmill events send patient.admit --wait 10 --profile work',
  );
  command.action(async (name: string, written: string, { wait, json }: Flags) => {
    const { workingDirectory } = context.host;
    const payload = await readWrittenObject(written, { what: 'payload', workingDirectory });
    const event = { ...readEventName(name), payload, ...(wait === undefined ? {} : { wait }) };
    const told = await (await eventDeskOf(command, context)).send(event);
    const { screen } = context;
    if (json === true) {
      screen.json(told.json);
      return;
    }
    screen.err(visible(`event ${told.id} is told`));
    tellDeliveries(told, screen);
  });
}
