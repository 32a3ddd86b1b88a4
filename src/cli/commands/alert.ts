import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { addAlertAddCommand } from './alert/add.ts';
import {
  addAlertPauseCommand,
  addAlertRemoveCommand,
  addAlertResumeCommand,
  addAlertTestCommand,
} from './alert/control.ts';
import { addAlertListCommand, addAlertShowCommand } from './alert/list.ts';
import { addAlertIncidentsCommand, addAlertLogCommand } from './alert/log.ts';

/** `alert`: who is told when something is wrong. */
export function addAlertCommand(program: Command, context: CommandContext): void {
  const alert = program
    .command('alert')
    .description('Alerts of a server: who is told when runs fail, do not happen, or have no rows');
  examples(
    alert,
    'rowmill alert add --name ops --failures 3 --email ops@example.com --profile work',
    'rowmill alert add --name nightly-late --schedule nightly --late 900 --webhook https://example.com/hook --profile work',
    'rowmill alert log --profile work',
  );
  for (const add of IN_ORDER_OF_HELP) add(alert, context);
}

const IN_ORDER_OF_HELP: readonly ((alert: Command, context: CommandContext) => void)[] = [
  addAlertListCommand,
  addAlertShowCommand,
  addAlertAddCommand,
  addAlertTestCommand,
  addAlertLogCommand,
  addAlertIncidentsCommand,
  addAlertPauseCommand,
  addAlertResumeCommand,
  addAlertRemoveCommand,
];
