import { Option, type Command } from 'commander';
import type { LogLines } from '../../../engine/jobs/job-desk.ts';
import { SCRIPT_LOG_LEVELS } from '../../../engine/ports/script-executor.ts';
import type { CommandContext } from '../../context.ts';
import { duration, moment } from '../../figures.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { deskOf } from './desk.ts';
import { recordLines } from './record-lines.ts';

interface Flags {
  readonly limit: number;
  readonly status?: string;
  readonly since?: string;
  readonly until?: string;
  readonly text?: string;
  readonly json?: boolean;
}

const DEFAULT_LIMIT = 50;

/** `job logs`. */
export function addJobLogsCommand(job: Command, context: CommandContext): void {
  const command = job
    .command('logs')
    .description('List the records of the runs of a job, the last one first')
    .argument('<job>', 'its name')
    .option(
      '--limit <n>',
      `so many at most (default: ${DEFAULT_LIMIT})`,
      wholeNumber(1),
      DEFAULT_LIMIT,
    )
    .option('--status <status>', 'only those, such as failure or failure,partial')
    .option('--since <time>', 'not before, such as 2026-11-21T09:00:00Z')
    .option('--until <time>', 'before')
    .option('--text <text>', 'with this in what it was given, its message or what it printed')
    .option('--json', 'print them as JSON');
  examples(
    command,
    'rowmill job logs nightly --profile work',
    'rowmill job logs nightly --status failure --since 2026-11-21T00:00:00Z --profile work',
  );
  command.action(async (name: string, { json, ...filter }: Flags) => {
    const runs = await (await deskOf(command, context)).logs(name, filter);
    const { screen } = context;
    if (json === true) {
      screen.json(runs.map((run) => run.json));
      return;
    }
    if (runs.length === 0) {
      screen.err('there are no such records');
      return;
    }
    const columns = [
      { title: 'RUN' },
      { title: 'CREATED' },
      { title: 'TOOK', align: 'right' },
      { title: 'STATUS' },
      { title: 'RESULT' },
      { title: 'BY' },
      { title: 'VERSION', align: 'right' },
      { title: 'MESSAGE', canShrink: true },
    ] as const;
    const rows = runs.map((run) => [
      run.runId,
      moment(run.createdAt),
      duration(run.durationMs),
      run.status,
      run.resultCode ?? '',
      run.trigger,
      String(run.version),
      run.message ?? '',
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

interface LogFlags extends LogLines {
  readonly json?: boolean;
}

/** `job log`. */
export function addJobLogCommand(job: Command, context: CommandContext): void {
  const command = job
    .command('log')
    .description('The record of one run of a job')
    .argument('<job>', 'its name')
    .argument('<run>', 'id of the run')
    .addOption(
      new Option('--level <level>', 'lines of its log of this level and above').choices(
        SCRIPT_LOG_LEVELS,
      ),
    )
    .option('--limit <n>', 'the last so many lines of its log', wholeNumber(1))
    .option('--json', 'print it as JSON');
  examples(
    command,
    'rowmill job log nightly run_7kq2m4xw9abc --profile work',
    'rowmill job log nightly run_7kq2m4xw9abc --level warn --limit 20 --profile work',
  );
  command.action(async (name: string, runId: string, { json, ...lines }: LogFlags) => {
    const run = await (await deskOf(command, context)).log(name, runId, lines);
    if (json === true) context.screen.json(run.json);
    else for (const line of recordLines(run)) context.screen.out(line);
  });
}
