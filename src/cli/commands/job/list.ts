import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples, refuseUnknownCommand } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { deskOf } from './desk.ts';

interface Flags {
  readonly archived?: boolean;
  readonly active?: boolean;
  readonly json?: boolean;
}

/** `job list`, which plain `job` is too. */
export function addJobListCommand(job: Command, context: CommandContext): void {
  const command = job
    .command('list', { isDefault: true })
    .description('List the jobs, the last one first; archived ones too')
    .allowExcessArguments()
    .option('--archived', 'only those that are archived')
    .option('--active', 'only those that are not')
    .option('--json', 'print them as JSON');
  examples(
    command,
    'rowmill job list --profile work',
    'rowmill job list --active --json --profile work',
  );
  command.action(async ({ archived, active, json }: Flags) => {
    refuseUnknownCommand(job, command);
    const desk = await deskOf(command, context);
    const isArchived = archived === active ? undefined : archived === true;
    const jobs = await desk.list({ isArchived });
    const { screen } = context;
    if (json === true) {
      screen.json(jobs.map((each) => each.json));
      return;
    }
    if (jobs.length === 0) {
      screen.err('there are no such jobs: rowmill job add makes one');
      return;
    }
    const columns = [
      { title: 'NAME', canShrink: true },
      { title: 'ARCHIVED' },
      { title: 'USER' },
      { title: 'RUNS', canShrink: true },
      { title: 'VERSION', align: 'right' },
      { title: 'SCRIPT MD5' },
    ] as const;
    const rows = jobs.map((each) => [
      each.name,
      each.isArchived ? 'yes' : 'no',
      each.user,
      each.work,
      String(each.version),
      each.scriptMd5 ?? '',
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}
