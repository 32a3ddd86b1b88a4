import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { factLines } from '../../fact-lines.ts';
import { count } from '../../figures.ts';
import { examples, refuseUnknownCommand } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { queueDeskOf } from './desk.ts';

/** `queue list`, which plain `queue` is too. */
export function addQueueListCommand(queue: Command, context: CommandContext): void {
  const command = queue
    .command('list', { isDefault: true })
    .description('List the queues, the last one first')
    .allowExcessArguments()
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill queue list --profile work');
  command.action(async ({ json }: { json?: boolean }) => {
    refuseUnknownCommand(queue, command);
    const queues = await (await queueDeskOf(command, context)).list();
    const { screen } = context;
    if (json === true) {
      screen.json(queues.map((each) => each.json));
      return;
    }
    if (queues.length === 0) {
      screen.err('there are no queues: rowmill queue create makes one');
      return;
    }
    const columns = [
      { title: 'NAME', canShrink: true },
      { title: 'WORKERS', align: 'right' },
      { title: 'ORDER' },
      { title: 'PAUSED' },
      { title: 'WAITING', align: 'right' },
      { title: 'WORKING', align: 'right' },
      { title: 'ENDED', align: 'right' },
      { title: 'REFUSED', align: 'right' },
    ] as const;
    const rows = queues.map(({ name, workerCount, order, isPaused, counts }) => [
      name,
      count(workerCount),
      order,
      isPaused ? 'yes' : 'no',
      count(counts['waiting'] ?? 0),
      count((counts['starting'] ?? 0) + (counts['working'] ?? 0)),
      count(counts['ended'] ?? 0),
      count(counts['refused'] ?? 0),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

/** `queue show`. */
export function addQueueShowCommand(queue: Command, context: CommandContext): void {
  const command = queue
    .command('show')
    .description('All that is known of a queue')
    .argument('<queue>', 'its name or id')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill queue show patients --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const found = await (await queueDeskOf(command, context)).show(name);
    const { screen } = context;
    if (json === true) {
      screen.json(found.json);
      return;
    }
    for (const line of factLines(found.json)) screen.out(line);
  });
}
