import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { RowmillError } from '../../../engine/errors.ts';
import type { StartableJob } from '../../../engine/jobs/job-desk.ts';
import { examples, refuseUnknownCommand } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';
import { scheduleDeskOf } from '../schedule/desk.ts';
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
    const { screen } = context;
    const jobs = await desk.list({ isArchived }).catch((error: unknown) => {
      const isForbidden = error instanceof RowmillError && error.code === 'permission_denied';
      if (isForbidden && isArchived === undefined) return undefined;
      throw error;
    });
    if (jobs === undefined) {
      listStartable(await desk.startable(), json === true, context);
      return;
    }
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
      { title: 'POLL', align: 'right' },
      { title: 'RUNS', canShrink: true },
      { title: 'VERSION', align: 'right' },
      { title: 'SCRIPT MD5' },
    ] as const;
    const polls = await pollSeconds(command, context);
    const rows = jobs.map((each) => [
      each.name,
      each.isArchived ? 'yes' : 'no',
      each.user,
      polls === undefined ? '?' : (polls.get(each.id)?.join(', ') ?? '-'),
      each.work,
      String(each.version),
      each.scriptMd5 ?? '',
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

/** For a key that may start jobs and see no more of them. */
function listStartable(
  jobs: readonly StartableJob[],
  isJson: boolean,
  { screen }: CommandContext,
): void {
  if (isJson) {
    screen.json(jobs.map((each) => each.json));
    return;
  }
  if (jobs.length === 0) {
    screen.err('there is no job that this key may start');
    return;
  }
  const columns = [
    { title: 'NAME', canShrink: true },
    { title: 'ARGUMENTS', canShrink: true },
    { title: 'DESCRIPTION', canShrink: true },
  ] as const;
  const rows = jobs.map(({ name, description, argumentSchema }) => [
    name,
    Object.keys(argumentSchema?.['properties'] ?? {}).join(', ') || '-',
    description,
  ]);
  for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
}

/** By id of a job: after how many seconds its schedules start it. Undefined for a key that sees none. */
async function pollSeconds(
  command: Command,
  context: CommandContext,
): Promise<ReadonlyMap<string, readonly number[]> | undefined> {
  const polls = new Map<string, readonly number[]>();
  try {
    for (const { jobId: id, trigger, isPaused } of await (
      await scheduleDeskOf(command, context)
    ).list()) {
      const { kind, seconds } = trigger;
      if (kind !== 'interval' || typeof seconds !== 'number' || id === undefined || isPaused) {
        continue;
      }
      polls.set(
        id,
        [...(polls.get(id) ?? []), seconds].toSorted((a, b) => a - b),
      );
    }
  } catch (error) {
    if (error instanceof RowmillError && error.code === 'permission_denied') return undefined;
    throw error;
  }
  return polls;
}
