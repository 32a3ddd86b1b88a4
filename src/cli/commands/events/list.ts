import type { Command } from 'commander';
import type { ShownEvent } from '../../../engine/automation/event-desk.ts';
import type { CommandContext } from '../../context.ts';
import { readEventName } from '../../event-name.ts';
import { moment } from '../../figures.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples, refuseUnknownCommand } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { visible } from '../../visible-text.ts';
import { eventDeskOf } from './desk.ts';
import { tellDeliveries } from './lines.ts';

interface Flags {
  readonly name?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** `events list`, which plain `events` is too. */
export function addEventsListCommand(events: Command, context: CommandContext): void {
  const command = events
    .command('list', { isDefault: true })
    .description('List the events that were told, the last one first')
    .allowExcessArguments()
    .option('--name <event>', 'only these, such as appointment.create')
    .option('--limit <n>', 'so many at most', wholeNumber(1), 20)
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill events list --name appointment.create --profile work');
  command.action(async ({ name, limit, json }: Flags) => {
    refuseUnknownCommand(events, command);
    const { object, event } = name === undefined ? NO_NAME : readEventName(name);
    const found = await (await eventDeskOf(command, context)).list({ object, event, limit });
    const { screen } = context;
    if (json === true) {
      screen.json(found.map((each) => each.json));
      return;
    }
    if (found.length === 0) {
      screen.err('there are none: rowmill events send tells one');
      return;
    }
    const columns = [
      { title: 'TOLD' },
      { title: 'ID' },
      { title: 'EVENT', canShrink: true },
      { title: 'VERDICTS', canShrink: true },
    ] as const;
    const rows = found.map((each) => [
      moment(each.createdAt),
      each.id,
      each.name,
      verdictsOf(each),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

const NO_NAME = { object: undefined, event: undefined };

/** `onboard fired, audit filtered`. */
function verdictsOf({ deliveries }: ShownEvent): string {
  if (deliveries.length === 0) return 'nobody waits for it';
  return deliveries.map(({ name, verdict }) => `${name} ${verdict}`).join(', ');
}

/** `events show`. */
export function addEventsShowCommand(events: Command, context: CommandContext): void {
  const command = events
    .command('show')
    .description('One event, with what became of it at each that waits for it')
    .argument('<event>', 'its id')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill events show evt_7kq2m4xw9abc --profile work');
  command.action(async (id: string, { json }: { json?: boolean }) => {
    const found = await (await eventDeskOf(command, context)).show(id);
    const { screen } = context;
    if (json === true) {
      screen.json(found.json);
      return;
    }
    screen.out(visible(`${found.name}, told ${moment(found.createdAt)}`));
    screen.out(visible(JSON.stringify(found.json['payload'])));
    tellDeliveries(found, screen);
  });
}
