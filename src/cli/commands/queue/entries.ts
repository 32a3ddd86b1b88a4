import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { visible } from '../../visible-text.ts';
import { queueDeskOf } from './desk.ts';

interface ListFlags {
  readonly limit: number;
  readonly status?: string;
  readonly json?: boolean;
}

/** `queue entries`. */
export function addQueueEntriesCommand(queue: Command, context: CommandContext): void {
  const command = queue
    .command('entries')
    .description('List the entries of a queue, in the order of their positions')
    .argument('<queue>', 'its name or id')
    .option('--limit <n>', 'so many at most', wholeNumber(1), 100)
    .option('--status <list>', 'only these: waiting, working, ended, refused')
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill queue entries patients --status waiting --profile work');
  command.action(async (name: string, { limit, status, json }: ListFlags) => {
    const entries = await (await queueDeskOf(command, context)).entries(name, { limit, status });
    const { screen } = context;
    if (json === true) {
      screen.json(entries.map((each) => each.json));
      return;
    }
    if (entries.length === 0) {
      screen.err('there are none: rowmill queue add adds some');
      return;
    }
    const columns = [
      { title: 'ENTRY' },
      { title: 'PRIORITY', align: 'right' },
      { title: 'STATUS' },
      { title: 'OUTCOME' },
      { title: 'RUN' },
      { title: 'ARGUMENTS', canShrink: true },
    ] as const;
    const rows = entries.map((each) => [
      each.id,
      String(each.priority),
      each.status,
      each.outcome ?? '',
      each.runId ?? '',
      each.message ?? JSON.stringify(each.arguments),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

interface MoveFlags {
  readonly first?: boolean;
  readonly last?: boolean;
  readonly before?: string;
  readonly after?: string;
  readonly priority?: string;
}

/** `queue move`. */
export function addQueueMoveCommand(queue: Command, context: CommandContext): void {
  const command = queue
    .command('move')
    .description('Put an entry that waits somewhere else in its line, or give it a priority')
    .argument('<queue>', 'its name or id')
    .argument('<entry>', 'id of the entry')
    .option('--first', 'it is next')
    .option('--last', 'it is the last')
    .option('--before <entry>', 'before another')
    .option('--after <entry>', 'behind another')
    .option('--priority <n>', 'its priority, where the queue goes by that');
  examples(command, 'rowmill queue move patients ent_7kq2m4xw9abc --first --profile work');
  command.action(async (name: string, entryId: string, flags: MoveFlags) => {
    const patch = patchOf(flags);
    await (await queueDeskOf(command, context)).changeEntry(name, entryId, patch);
    context.screen.err(visible(`entry ${entryId} is moved`));
  });
}

function patchOf({ first, last, before, after, priority }: MoveFlags) {
  const moves = [
    ...(first === true ? ['first'] : []),
    ...(last === true ? ['last'] : []),
    ...(before === undefined ? [] : [{ before }]),
    ...(after === undefined ? [] : [{ after }]),
  ];
  if (moves.length > 1)
    throw new RowmillError('usage', 'say one place: --first, --last, --before or --after');
  const [move] = moves;
  if (priority !== undefined && !/^-?\d{1,7}$/.test(priority)) {
    throw new RowmillError('usage', `--priority ${priority}: expected a whole number`);
  }
  if (move === undefined && priority === undefined) {
    throw new RowmillError('usage', 'say where: --first, --last, --before, --after or --priority');
  }
  return {
    ...(move === undefined ? {} : { move }),
    ...(priority === undefined ? {} : { priority: Number(priority) }),
  };
}

/** `queue remove`. */
export function addQueueRemoveCommand(queue: Command, context: CommandContext): void {
  const command = queue
    .command('remove')
    .description('Take an entry that waits out of its line')
    .argument('<queue>', 'its name or id')
    .argument('<entry>', 'id of the entry');
  examples(command, 'rowmill queue remove patients ent_7kq2m4xw9abc --profile work');
  command.action(async (name: string, entryId: string) => {
    await (await queueDeskOf(command, context)).removeEntry(name, entryId);
    context.screen.err(visible(`entry ${entryId} is gone`));
  });
}
