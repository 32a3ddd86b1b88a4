import type { Command } from 'commander';
import type {
  ShownExecution,
  ShownSystemJob,
  SystemDesk,
} from '../../engine/automation/system/system-desk.ts';
import { RowmillError } from '../../engine/errors.ts';
import type { CommandContext } from '../context.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { count, moment } from '../figures.ts';
import { wholeNumber } from '../flag-values.ts';
import { examples, refuseUnknownCommand } from '../help-texts.ts';
import { textTable } from '../text-table.ts';
import { visible } from '../visible-text.ts';

/** `system`: what a server does to look after itself. */
export function addSystemCommand(program: Command, context: CommandContext): void {
  const system = program
    .command('system')
    .description('What a server does to look after itself: when, and how it went');
  examples(
    system,
    'rowmill system list --profile work',
    'rowmill system run retention --profile work',
    'rowmill system log retention --profile work',
  );
  addList(system, context);
  addShow(system, context);
  addRun(system, context);
  addLog(system, context);
}

function addList(system: Command, context: CommandContext): void {
  const command = system
    .command('list', { isDefault: true })
    .description('List the jobs of the system')
    .allowExcessArguments()
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill system list --profile work');
  command.action(async ({ json }: { json?: boolean }) => {
    refuseUnknownCommand(system, command);
    const jobs = await (await deskOf(command, context)).list();
    const { screen } = context;
    if (json === true) {
      screen.json(jobs.map((each) => each.json));
      return;
    }
    const columns = [
      { title: 'JOB' },
      { title: 'RUNS' },
      { title: 'NEXT' },
      { title: 'LAST' },
      { title: 'DID', canShrink: true },
    ] as const;
    const rows = jobs.map((each) => [
      each.name,
      each.plan,
      nextWords(each),
      each.last === undefined ? '-' : moment(each.last.startedAt),
      each.last === undefined ? '' : didWords(each.last),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

function addShow(system: Command, context: CommandContext): void {
  const command = system
    .command('show')
    .description('All that is known of a job of the system')
    .argument('<job>', 'its name')
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill system show retention --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const job = await (await deskOf(command, context)).show(name);
    const { screen } = context;
    if (json === true) {
      screen.json(job.json);
      return;
    }
    const { last } = job;
    const facts = [
      ['job', job.name],
      ['does', job.description],
      ['runs', job.plan],
      ['by default', job.defaultPlan],
      ['next', nextWords(job)],
      ['last', last === undefined ? '-' : `${moment(last.startedAt)} ${didWords(last)}`],
    ];
    for (const [fact = '', value = ''] of facts) {
      screen.out(`${fact.padEnd(10)}  ${visible(value)}`);
    }
  });
}

function addRun(system: Command, context: CommandContext): void {
  const command = system
    .command('run')
    .description('Carry a job of the system out now, unless it is at work already')
    .argument('<job>', 'its name')
    .option('--json', 'print what it did as JSON');
  examples(command, 'rowmill system run retention --profile work');
  command.action(async (name: string, { json }: { json?: boolean }) => {
    const execution = await (await deskOf(command, context)).run(name);
    const { screen } = context;
    if (json === true) screen.json(execution.json);
    else screen.err(visible(`${name}: ${didWords(execution)}`));
    if (execution.status === 'error') context.exitCode = EXIT_CODES.internal.code;
  });
}

function addLog(system: Command, context: CommandContext): void {
  const command = system
    .command('log')
    .description('What a job of the system did each time, the last time first')
    .argument('<job>', 'its name')
    .option('--limit <n>', 'so many at most', wholeNumber(1), 20)
    .option('--json', 'print it as JSON');
  examples(command, 'rowmill system log retention --profile work');
  command.action(async (name: string, { limit, json }: { limit: number; json?: boolean }) => {
    const executions = await (await deskOf(command, context)).log(name, limit);
    const { screen } = context;
    if (json === true) {
      screen.json(executions.map((each) => each.json));
      return;
    }
    const columns = [
      { title: 'STARTED' },
      { title: 'MS', align: 'right' },
      { title: 'BY' },
      { title: 'STATUS' },
      { title: 'DID', canShrink: true },
    ] as const;
    const rows = executions.map((each) => [
      moment(each.startedAt),
      each.durationMs === undefined ? '' : count(each.durationMs),
      each.trigger,
      each.status,
      didWords(each),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}

async function deskOf(command: Command, context: CommandContext): Promise<SystemDesk> {
  const { server } = await context.open(command);
  if (server !== undefined) return server.system;
  throw new RowmillError(
    'usage',
    'a server (rowmill serve) has jobs of the system: say which by --server or --profile',
  );
}

function nextWords({ isExecuting, nextDueAt }: ShownSystemJob): string {
  if (isExecuting) return 'at work';
  return nextDueAt === undefined ? '-' : moment(nextDueAt);
}

/** `removed 3, bytes 48,210`; what went wrong; what to look at. */
function didWords({ status, counts, message, skipped }: ShownExecution): string {
  const done = Object.entries(counts)
    .filter(([, number]) => number > 0)
    .map(([name, number]) => `${name.replaceAll('_', ' ')} ${count(number)}`);
  const missed = skipped > 0 ? [`${count(skipped)} due times came meanwhile`] : [];
  const words = [...done, ...missed].join(', ');
  if (message !== undefined) return words === '' ? message : `${words}: ${message}`;
  if (words !== '') return words;
  return status === 'success' ? 'nothing to do' : status;
}
