import type { Command } from 'commander';
import type { RunErrorLine } from '../../../engine/run/run-service.ts';
import type { CommandContext } from '../../context.ts';
import { count } from '../../figures.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { errorLineJson } from '../../json-forms.ts';
import { visible, visibleJson } from '../../visible-text.ts';
import { mapped } from './mapped.ts';

/** `runs errors`. */
export function addRunsErrorsCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('errors')
    .description('The failed rows of a run, each with its reason')
    .argument('<run>', 'its id')
    .option('--limit <n>', 'so many at most', wholeNumber(1))
    .option('--json', 'print one JSON object a line');
  examples(
    command,
    'rowmill runs errors RUN',
    'rowmill runs errors RUN --json | jq -r .message | sort | uniq -c',
  );
  command.action(async (runId: string, { limit, json }: { limit?: number; json?: boolean }) => {
    const service = await (await context.open(command)).runs();
    const run = await service.show(runId);
    const form =
      json === true ? (line: RunErrorLine) => visibleJson(errorLineJson(line)) : errorText;
    await context.screen.stream(mapped(service.errors(run.runId), form, limit));
  });
}

function errorText({ row, line, column, value, message }: RunErrorLine): string {
  const where = `row ${count(row)} (line ${count(line)})`;
  const shown = value === undefined || value === '' ? '' : `"${value}" `;
  return visible(
    column === undefined ? `${where}: ${message}` : `${where}: ${column}: ${shown}${message}`,
  );
}
