import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { messageOf, RowmillError } from '../../../engine/errors.ts';
import { OVERLAPS, type JsonObject } from '../../../engine/jobs/job-definition.ts';
import type { ShownJob } from '../../../engine/jobs/job-desk.ts';
import { argumentsSchema } from '../../../engine/task/help.ts';
import { givenArguments } from '../../argument-values.ts';
import type { CommandContext } from '../../context.ts';
import { pair, wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import type { ArgumentFlags } from '../../run-flags.ts';
import { visible } from '../../visible-text.ts';
import { deskOf } from './desk.ts';

interface Flags extends ArgumentFlags {
  readonly name?: string;
  readonly description?: string;
  readonly task?: string;
  readonly schema?: string;
  readonly runAs?: string;
  readonly logLimit?: number;
  readonly runsPerMinute?: number;
  readonly continuation?: boolean;
  readonly overlap?: string;
  readonly json?: boolean;
}

/** `job add`. */
export function addJobAddCommand(job: Command, context: CommandContext): void {
  const command = withFlags(job.command('add').description('Store a job')).requiredOption(
    '--name <name>',
    'its name, unique in the account',
  );
  examples(
    command,
    'rowmill job add --name nightly --task contacts/clean --profile work',
    'rowmill job add --name nightly --task contacts/clean --run-as robot --log-limit 500 --overlap allow --profile work',
  );
  command.action(async (flags: Flags) => {
    if (flags.task === undefined) {
      throw new RowmillError('usage', 'say what the job runs: --task CATEGORY/ACTION');
    }
    const body = await bodyOf(flags, { command, context, task: flags.task });
    tell(await (await deskOf(command, context)).add(body), { context, flags, what: 'is stored' });
  });
}

/** `job update`. */
export function addJobUpdateCommand(job: Command, context: CommandContext): void {
  const command = withFlags(
    job
      .command('update')
      .description('Change a job: what it is then is a new version, what is not said stays')
      .argument('<job>', 'its name'),
  ).option('--name <name>', 'its name from now on');
  examples(
    command,
    'rowmill job update nightly --runs-per-minute 10 --profile work',
    'rowmill job update nightly --arg factor=2 --no-continuation --profile work',
  );
  command.action(async (name: string, flags: Flags) => {
    const desk = await deskOf(command, context);
    const { work } = await desk.show(name);
    const body = await bodyOf(flags, { command, context, task: flags.task ?? work });
    if (Object.keys(body).length === 0) throw new RowmillError('usage', 'say what is to change');
    tell(await desk.change(name, body), { context, flags, what: 'is as you said' });
  });
}

function withFlags(command: Command): Command {
  return command
    .option('--task <name>', 'category/action of the task that runs')
    .option('--description <text>', 'for people')
    .option('--arg <name=value>', 'an argument (repeatable)', pair)
    .option('--args-file <file>', 'arguments as a JSON object')
    .option('--schema <file>', 'a JSON Schema that the arguments of every start must fit')
    .option('--run-as <account>', 'in whose name it runs')
    .option('--log-limit <n>', 'how many records of runs are kept', wholeNumber(1))
    .option('--runs-per-minute <n>', 'starts at most in any minute', wholeNumber(1))
    .option('--no-continuation', 'a run that broke off is not taken up again')
    .option('--continuation', 'it is, from its last checkpoint')
    .addOption(new Option('--overlap <what>', 'when a run of it has not ended').choices(OVERLAPS))
    .option('--json', 'print the job as JSON');
}

/** What was said of a job, as the server takes it. */
async function bodyOf(
  flags: Flags,
  { command, context, task }: { command: Command; context: CommandContext; task: string },
): Promise<JsonObject> {
  const { workingDirectory } = context.host;
  const hasArguments = flags.arg !== undefined || flags.argsFile !== undefined;
  const said = {
    name: flags.name,
    description: flags.description,
    task: flags.task,
    arguments: hasArguments ? await argumentsOf(task, flags, { command, context }) : undefined,
    argument_schema:
      flags.schema === undefined
        ? undefined
        : await readJsonFile(resolve(workingDirectory, flags.schema), '--schema'),
    run_as: flags.runAs,
    log_limit: flags.logLimit,
    runs_per_minute: flags.runsPerMinute,
    // Commander's default of a --no- flag is true: what nobody said is not sent.
    allow_continuation:
      command.getOptionValueSource('continuation') === 'cli' ? flags.continuation : undefined,
    overlap: flags.overlap,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

async function argumentsOf(
  taskName: string,
  flags: ArgumentFlags,
  { command, context }: { command: Command; context: CommandContext },
): Promise<JsonObject> {
  const { tasks } = await context.open(command);
  const { task } = await tasks.find(taskName);
  return givenArguments(argumentsSchema(task), flags, {
    workingDirectory: context.host.workingDirectory,
    warn: (message) => context.screen.warn(message),
  });
}

async function readJsonFile(path: string, flag: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown;
  } catch (error) {
    throw new RowmillError('usage', `${flag} ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function tell(
  job: ShownJob,
  { context, flags, what }: { context: CommandContext; flags: Flags; what: string },
): void {
  const { screen } = context;
  if (flags.json === true) screen.json(job.json);
  else screen.err(visible(`job ${job.name} ${what}: version ${job.version}`));
}
