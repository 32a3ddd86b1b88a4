import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { addQueueAddCommand } from './queue/add.ts';
import { addQueueChangeCommand, addQueueCreateCommand } from './queue/create.ts';
import {
  addQueueDeleteCommand,
  addQueuePauseCommand,
  addQueueResumeCommand,
} from './queue/control.ts';
import {
  addQueueEntriesCommand,
  addQueueMoveCommand,
  addQueueRemoveCommand,
} from './queue/entries.ts';
import { addQueueListCommand, addQueueShowCommand } from './queue/list.ts';

/** `queue`: the lines in which starts of jobs wait. */
export function addQueueCommand(program: Command, context: CommandContext): void {
  const queue = program
    .command('queue')
    .description('The queues of a server: lines in which starts of jobs wait for their turn');
  examples(
    queue,
    'rowmill queue create onboard patients --worker-count 1 --profile work',
    'rowmill queue add patients @event.json --profile work',
    'rowmill queue entries patients --profile work',
  );
  for (const add of IN_ORDER_OF_HELP) add(queue, context);
}

const IN_ORDER_OF_HELP: readonly ((queue: Command, context: CommandContext) => void)[] = [
  addQueueListCommand,
  addQueueShowCommand,
  addQueueCreateCommand,
  addQueueChangeCommand,
  addQueueAddCommand,
  addQueueEntriesCommand,
  addQueueMoveCommand,
  addQueueRemoveCommand,
  addQueuePauseCommand,
  addQueueResumeCommand,
  addQueueDeleteCommand,
];
