import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { examples } from '../../help-texts.ts';
import { readWrittenObject } from '../../read-json.ts';
import { visible } from '../../visible-text.ts';
import { eventDeskOf } from './desk.ts';

interface Flags {
  readonly filter: string;
  readonly payload: string;
  readonly json?: boolean;
}

/** `events test`. */
export function addEventsTestCommand(events: Command, context: CommandContext): void {
  const command = events
    .command('test')
    .description('Try a filter on a payload: which of its conditions are not met. Tells nothing')
    .requiredOption('--filter <json>', 'a MongoDB $match query, or @file')
    .requiredOption('--payload <json>', 'a JSON object, or @file')
    .option('--json', 'print it as JSON');
  examples(
    command,
    'rowmill events test --filter @filter.json --payload @event.json --profile work',
  );
  command.action(async ({ filter, payload, json }: Flags) => {
    const { workingDirectory } = context.host;
    const query = await readWrittenObject(filter, { what: '--filter', workingDirectory });
    const event = await readWrittenObject(payload, { what: '--payload', workingDirectory });
    const tested = await (await eventDeskOf(command, context)).test(query, event);
    const { screen } = context;
    if (json === true) screen.json(tested.json);
    else {
      for (const { clause, isMet } of tested.clauses) {
        screen.out(visible(`${isMet ? 'met    ' : 'not met'}  ${JSON.stringify(clause)}`));
      }
      screen.err(tested.matches ? 'the filter lets it through' : 'it is filtered');
    }
    if (!tested.matches) context.exitCode = EXIT_CODES.all_failed.code;
  });
}
