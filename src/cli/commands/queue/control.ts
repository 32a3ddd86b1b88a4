import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
import { queueDeskOf } from './desk.ts';

/** `queue pause`. */
export function addQueuePauseCommand(queue: Command, context: CommandContext): void {
  addSwitch(queue, context, {
    name: 'pause',
    description: 'Begin nothing more; what is at work goes on',
    paused: true,
    said: 'is paused',
  });
}

/** `queue resume`. */
export function addQueueResumeCommand(queue: Command, context: CommandContext): void {
  addSwitch(queue, context, {
    name: 'resume',
    description: 'Go on with what waits',
    paused: false,
    said: 'goes on',
  });
}

function addSwitch(
  queue: Command,
  context: CommandContext,
  {
    name,
    description,
    paused,
    said,
  }: {
    readonly name: string;
    readonly description: string;
    readonly paused: boolean;
    readonly said: string;
  },
): void {
  const command = queue
    .command(name)
    .description(description)
    .argument('<queue>', 'its name or id');
  examples(command, `rowmill queue ${name} patients --profile work`);
  command.action(async (which: string) => {
    const changed = await (await queueDeskOf(command, context)).change(which, { paused });
    context.screen.err(visible(`queue ${changed.name} ${said}`));
  });
}

/** `queue delete`. */
export function addQueueDeleteCommand(queue: Command, context: CommandContext): void {
  const command = queue
    .command('delete')
    .description('Remove a queue in which nothing waits, and no job')
    .argument('<queue>', 'its name or id')
    .option('--yes', 'do not ask');
  examples(command, 'rowmill queue delete patients --yes --profile work');
  command.action(async (name: string, { yes }: { yes?: boolean }) => {
    const desk = await queueDeskOf(command, context);
    const question = visible(`Remove the queue ${name} with what it tells of its entries?`);
    if (yes !== true && !(await context.confirm(question))) return;
    await desk.remove(name);
    context.screen.err(visible(`queue ${name} is gone`));
  });
}
