import { Option, type Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import { QUEUE_ORDERS } from '../../../engine/ports/queue-store.ts';
import type { CommandContext } from '../../context.ts';
import { positiveNumber, wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
import { deskOf } from '../job/desk.ts';
import { queueDeskOf } from './desk.ts';

interface Flags {
  readonly workerCount?: number;
  readonly order?: string;
  readonly runsPerMinute?: number;
  readonly rowsPerSecond?: number;
  readonly description?: string;
  readonly paused?: boolean;
  readonly json?: boolean;
}

/** `queue create`. */
export function addQueueCreateCommand(queue: Command, context: CommandContext): void {
  const command = withFlags(
    queue
      .command('create')
      .description('Make a queue for a job: whatever starts the job waits there from now on')
      .argument('<job>', 'name of the job; - for a queue that any job can name')
      .argument('<queue>', 'name of the queue, unique in the account'),
  ).option('--paused', 'nothing is begun until it is resumed');
  examples(
    command,
    'rowmill queue create onboard patients --worker-count 1 --profile work',
    'rowmill queue create - slow --worker-count 2 --runs-per-minute 30 --order priority --profile work',
  );
  command.action(async (jobName: string, name: string, flags: Flags) => {
    const job = jobName === '-' ? undefined : await idOf(jobName, command, context);
    const said = { name, job, ...saidOf(flags), paused: flags.paused };
    const made = await (await queueDeskOf(command, context)).create(withoutUnsaid(said));
    if (flags.json === true) context.screen.json(made.json);
    else context.screen.err(visible(`queue ${made.name} is made: ${workers(made.workerCount)}`));
  });
}

/** `queue change`. */
export function addQueueChangeCommand(queue: Command, context: CommandContext): void {
  const command = withFlags(
    queue
      .command('change')
      .description('Change a queue; what is at work goes on')
      .argument('<queue>', 'its name or id'),
  );
  examples(command, 'rowmill queue change patients --worker-count 3 --profile work');
  command.action(async (name: string, flags: Flags) => {
    const patch = withoutUnsaid(saidOf(flags));
    if (Object.keys(patch).length === 0) throw new RowmillError('usage', 'say what is to change');
    const changed = await (await queueDeskOf(command, context)).change(name, patch);
    if (flags.json === true) context.screen.json(changed.json);
    else context.screen.err(visible(`queue ${name} has ${workers(changed.workerCount)}`));
  });
}

function withFlags(command: Command): Command {
  return command
    .option('--worker-count <n>', 'runs at the same time; 1: one after another', wholeNumber(1))
    .addOption(new Option('--order <order>', 'which is next').choices(QUEUE_ORDERS))
    .option('--runs-per-minute <n>', 'starts at most in any minute', wholeNumber(1))
    .option('--rows-per-second <n>', 'the pace of each run', positiveNumber)
    .option('--description <text>', 'for people')
    .option('--json', 'print the queue as JSON');
}

function saidOf(flags: Flags) {
  return {
    worker_count: flags.workerCount,
    order: flags.order,
    runs_per_minute: flags.runsPerMinute,
    rows_per_second: flags.rowsPerSecond,
    description: flags.description,
  };
}

function withoutUnsaid(said: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

async function idOf(name: string, command: Command, context: CommandContext): Promise<string> {
  const { json } = await (await deskOf(command, context)).show(name);
  return String(json['id']);
}

function workers(count: number): string {
  return count === 1 ? '1 worker, one run after another' : `${count} workers`;
}
