import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
import { alertServer } from './desk.ts';

/** `alert test`. */
export function addAlertTestCommand(alert: Command, context: CommandContext): void {
  const command = alert
    .command('test')
    .description('Send a test to all who are told by an alert')
    .argument('<alert>', 'its name or id')
    .option('--json', 'print who is told as JSON');
  examples(command, 'rowmill alert test ops --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const told = await (await alertServer(command, context)).alerts.test(name);
    if (json === true) context.screen.json({ told });
    else
      context.screen.err(
        visible(`told: ${told.join(', ')}; rowmill alert log shows whether it came`),
      );
  });
}

/** `alert pause`. */
export function addAlertPauseCommand(alert: Command, context: CommandContext): void {
  addSwitch(alert, context, {
    name: 'pause',
    description: 'Let an alert look at nothing until it is resumed',
    paused: true,
  });
}

/** `alert resume`. */
export function addAlertResumeCommand(alert: Command, context: CommandContext): void {
  addSwitch(alert, context, {
    name: 'resume',
    description: 'Let an alert look again, at what ends from now on',
    paused: false,
  });
}

/** `alert remove`. */
export function addAlertRemoveCommand(alert: Command, context: CommandContext): void {
  const command = alert
    .command('remove')
    .description('Remove an alert with what it has found')
    .argument('<alert>', 'its name or id')
    .option('--yes', 'do not ask')
    .option('--json', 'print the name as JSON');
  examples(command, 'rowmill alert remove ops --yes --profile work');
  command.action(async (name: string, { yes, json }: { yes?: boolean; json?: boolean }) => {
    const { alerts } = await alertServer(command, context);
    if (yes !== true && !(await context.confirm(visible(`Remove the alert ${name}?`)))) return;
    await alerts.remove(name);
    if (json === true) context.screen.json({ name });
    else context.screen.err(visible(`alert ${name} is gone`));
  });
}

function addSwitch(
  alert: Command,
  context: CommandContext,
  {
    name: word,
    description,
    paused,
  }: { readonly name: string; readonly description: string; readonly paused: boolean },
): void {
  const command = alert
    .command(word)
    .description(description)
    .argument('<alert>', 'its name or id')
    .option('--json', 'print the alert as JSON');
  examples(command, `rowmill alert ${word} ops --profile work`);
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const changed = await (await alertServer(command, context)).alerts.change(name, { paused });
    if (json === true) context.screen.json(changed.json);
    else context.screen.err(visible(`alert ${name} is ${paused ? 'paused' : 'at work'}`));
  });
}
