import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { moment } from '../../figures.ts';
import { examples, refuseUnknownCommand } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { visible } from '../../visible-text.ts';
import { alertServer } from './desk.ts';

/** `alert list`, which plain `alert` is too. */
export function addAlertListCommand(alert: Command, context: CommandContext): void {
  const command = alert
    .command('list', { isDefault: true })
    .description('List the alerts, the last one first')
    .allowExcessArguments()
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill alert list --profile work');
  command.action(async ({ json }: { json?: boolean }) => {
    refuseUnknownCommand(alert, command);
    const alerts = await (await alertServer(command, context)).alerts.list();
    const { screen } = context;
    if (json === true) {
      screen.json(alerts.map((each) => each.json));
      return;
    }
    if (alerts.length === 0) {
      screen.err('there are no alerts: rowmill alert add makes one');
      return;
    }
    const columns = [
      { title: 'NAME', canShrink: true },
      { title: 'OVER', canShrink: true },
      { title: 'WHEN', canShrink: true },
      { title: 'TELLS', canShrink: true },
    ] as const;
    const rows = alerts.map((each) => [
      each.name,
      each.scope,
      each.isPaused ? 'paused' : each.condition,
      each.tells.join(' '),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

/** `alert show`. */
export function addAlertShowCommand(alert: Command, context: CommandContext): void {
  const command = alert
    .command('show')
    .description('All that is known of an alert, and what it has found that lasts')
    .argument('<alert>', 'its name or id')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill alert show ops --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const found = await (await alertServer(command, context)).alerts.show(name);
    const { screen } = context;
    if (json === true) {
      screen.json({ ...found.json, open: found.open.map((each) => each.json) });
      return;
    }
    const { scope, condition } = found;
    const facts = Object.entries({ ...found.json, scope, condition }).filter(
      ([, value]) => value !== null,
    );
    const width = Math.max(...facts.map(([field]) => field.length));
    for (const [field, value] of facts) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      screen.out(`${field.replaceAll('_', ' ').padEnd(width)}  ${visible(text)}`);
    }
    for (const { openedAt, summary } of found.open) {
      screen.out(visible(`lasts since ${moment(openedAt)}: ${summary}`));
    }
  });
}
