import { Option, type Command } from 'commander';
import { ROW_OUTCOMES, type RowFilter, type RunRow } from '../../../engine/run/run-service.ts';
import type { CommandContext } from '../../context.ts';
import { count } from '../../figures.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { shorten, visible, visibleJson } from '../../visible-text.ts';
import { mapped } from './mapped.ts';

/** `runs rows`. */
export function addRunsRowsCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('rows')
    .description('The rows of a run, with what became of each')
    .argument('<run>', 'its id')
    .addOption(new Option('--outcome <what>', 'only those').choices(ROW_OUTCOMES))
    .option('--column <name>', 'failed rows whose error names this column')
    .option('--message <text>', 'failed rows whose error has this text in it')
    .option('--limit <n>', 'so many at most', wholeNumber(1))
    .option('--after <n>', 'those behind row N', wholeNumber(0))
    .option('--json', 'print one JSON object a line');
  examples(
    command,
    'rowmill runs rows RUN --limit 20',
    'rowmill runs rows RUN --outcome failed --column email',
    'rowmill runs rows RUN --after 1000 --json | jq -c .cells',
  );
  command.action(async (runId: string, flags: RowFilter & { json?: boolean }) => {
    const service = await (await context.open(command)).runs();
    const { runId: id } = await service.show(runId);
    const { screen } = context;
    const { json, ...filter } = flags;
    const form =
      json === true
        ? (row: RunRow) => visibleJson(rowJson(row))
        : (row: RunRow) => shorten(rowText(row), screen.stdoutWidth);
    await screen.stream(mapped(service.rows(id, filter), form));
  });
}

function rowJson({ number, line, outcome, error, cells }: RunRow): Record<string, unknown> {
  return { row: number ?? null, line: line ?? null, outcome, error: error ?? null, cells };
}

function rowText({ number, line, outcome, error, cells }: RunRow): string {
  const where = number === undefined ? 'beside the rows' : `row ${count(number)}`;
  const at = line === undefined ? '' : ` (line ${count(line)})`;
  const why = error === undefined ? '' : ` ${error} |`;
  const shown = Object.entries(cells).map(([name, cell]) => `${name}=${cell}`);
  return visible(`${where}${at} ${outcome}:${why} ${shown.join('  ')}`);
}
