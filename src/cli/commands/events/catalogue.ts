import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { readEventName } from '../../event-name.ts';
import { examples } from '../../help-texts.ts';
import { readWrittenObject } from '../../read-json.ts';
import { textTable } from '../../text-table.ts';
import { visible } from '../../visible-text.ts';
import { eventDeskOf } from './desk.ts';

/** `events catalogue`. */
export function addEventsCatalogueCommand(events: Command, context: CommandContext): void {
  const command = events
    .command('catalogue')
    .description('List the events that are known: those of the server, and those of the account')
    .option('--json', 'print them as JSON, with an example of each');
  examples(command, 'rowmill events catalogue --profile work');
  command.action(async ({ json }: { json?: boolean }) => {
    const kinds = await (await eventDeskOf(command, context)).catalogue();
    const { screen } = context;
    if (json === true) {
      screen.json(kinds.map((kind) => kind.json));
      return;
    }
    const columns = [
      { title: 'EVENT' },
      { title: 'TOLD BY' },
      { title: 'WHAT IT IS', canShrink: true },
    ] as const;
    const rows = kinds.map((kind) => [
      kind.name,
      kind.isOfServer ? 'server' : 'account',
      kind.description,
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

/** `events describe`. */
export function addEventsDescribeCommand(events: Command, context: CommandContext): void {
  const command = events
    .command('describe')
    .description('Say in the catalogue what an event of the account is')
    .argument('<event>', 'object.event, such as appointment.create')
    .argument('<description>', 'for people')
    .option('--example <json>', 'a payload, or @file');
  examples(
    command,
    'rowmill events describe appointment.create Booked --example @event.json --profile work',
  );
  command.action(async (name: string, description: string, flags: { example?: string }) => {
    const { workingDirectory } = context.host;
    const example =
      flags.example === undefined
        ? {}
        : await readWrittenObject(flags.example, { what: '--example', workingDirectory });
    const desk = await eventDeskOf(command, context);
    await desk.describe(readEventName(name), { description, example });
    context.screen.err(visible(`${name} is in the catalogue`));
  });
}

/** `events forget`. */
export function addEventsForgetCommand(events: Command, context: CommandContext): void {
  const command = events
    .command('forget')
    .description('Take an event out of the catalogue; jobs that wait for it still do')
    .argument('<event>', 'object.event');
  examples(command, 'rowmill events forget appointment.create --profile work');
  command.action(async (name: string) => {
    await (await eventDeskOf(command, context)).forget(readEventName(name));
    context.screen.err(visible(`${name} is in the catalogue no more`));
  });
}
