import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { count, moment } from '../../figures.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { alertServer } from './desk.ts';

interface Flags {
  readonly limit: number;
  readonly json?: boolean;
}

/** `alert log`. */
export function addAlertLogCommand(alert: Command, context: CommandContext): void {
  const command = alert
    .command('log')
    .description('What was told to whom, and whether it came there, the last message first')
    .option('--limit <n>', 'so many at most', wholeNumber(1), 20)
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill alert log --profile work');
  command.action(async ({ limit, json }: Flags) => {
    const messages = await (await alertServer(command, context)).alerts.log(limit);
    const { screen } = context;
    if (json === true) {
      screen.json(messages.map((each) => each.json));
      return;
    }
    const columns = [
      { title: 'TIME' },
      { title: 'TYPE' },
      { title: 'ALERT', canShrink: true },
      { title: 'TO', canShrink: true },
      { title: 'STATUS', canShrink: true },
      { title: 'TRIES', align: 'right' },
      { title: 'WHAT', canShrink: true },
    ] as const;
    const rows = messages.map((each) => [
      moment(each.createdAt),
      each.type.replace('alert.', ''),
      each.alert,
      each.to.replace('mailto:', ''),
      each.heldUntil === undefined ? each.status : `held until ${moment(each.heldUntil)}`,
      count(each.attempts),
      each.words,
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

/** `alert incidents`. */
export function addAlertIncidentsCommand(alert: Command, context: CommandContext): void {
  const command = alert
    .command('incidents')
    .description('What alerts have found, and whether it lasts, the last one first')
    .argument('[alert]', 'of this one only, by its name or id')
    .option('--limit <n>', 'so many at most', wholeNumber(1), 20)
    .option('--json', 'print them as JSON');
  examples(
    command,
    'rowmill alert incidents --profile work',
    'rowmill alert incidents ops --profile work',
  );
  command.action(async (name: string | undefined, { limit, json }: Flags) => {
    const { alerts } = await alertServer(command, context);
    const incidents = await alerts.incidents(name, limit);
    const { screen } = context;
    if (json === true) {
      screen.json(incidents.map((each) => each.json));
      return;
    }
    const columns = [
      { title: 'OPENED' },
      { title: 'OVER' },
      { title: 'TOLD' },
      { title: 'WHAT', canShrink: true },
    ] as const;
    const rows = incidents.map((each) => [
      moment(each.openedAt),
      each.resolvedAt === undefined ? 'lasts' : moment(each.resolvedAt),
      each.isMuted ? 'no' : 'yes',
      each.summary,
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}
