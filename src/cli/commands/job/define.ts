import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { messageOf, RowmillError } from '../../../engine/errors.ts';
import { OVERLAPS, type JsonObject } from '../../../engine/jobs/job-definition.ts';
import type { ShownJob } from '../../../engine/jobs/job-desk.ts';
import { SCRIPT_LOG_LEVELS } from '../../../engine/ports/script-executor.ts';
import { argumentsSchema, type JsonSchema } from '../../../engine/task/help.ts';
import { givenArguments } from '../../argument-values.ts';
import type { CommandContext } from '../../context.ts';
import { collect, pair, wholeNumber, type Pairs } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import type { ArgumentFlags } from '../../run-flags.ts';
import { visible } from '../../visible-text.ts';
import { deskOf } from './desk.ts';
import {
  addEventFlags,
  eventFields,
  saysEvent,
  subscribe,
  type EventFlags,
} from './event-flags.ts';
import { readScript } from './read-script.ts';

interface Flags extends ArgumentFlags, EventFlags {
  readonly name?: string;
  readonly description?: string;
  readonly task?: string;
  readonly entry?: string;
  readonly class?: string;
  readonly logLevel?: string;
  readonly schema?: string;
  readonly runAs?: string;
  readonly logLimit?: number;
  readonly runsPerMinute?: number;
  readonly continuation?: boolean;
  readonly overlap?: string;
  readonly executor?: string;
  readonly secret?: Pairs;
  readonly allow?: readonly string[] | false;
  readonly sftp?: readonly string[] | false;
  readonly monitored?: number | boolean;
  readonly json?: boolean;
}

/** `job add`. */
export function addJobAddCommand(job: Command, context: CommandContext): void {
  const command = withFlags(
    job
      .command('add')
      .description('Store a job')
      .argument('[script]', 'a file of JavaScript, TypeScript or Python, or a folder of such'),
  ).requiredOption('--name <name>', 'its name, unique in the account');
  examples(
    command,
    'rowmill job add --name nightly --task contacts/clean --profile work',
    'rowmill job add --name nightly --task contacts/clean --run-as robot --log-limit 500 --overlap allow --profile work',
  );
  command.action(async (script: string | undefined, flags: Flags) => {
    if ((flags.task === undefined) === (script === undefined)) {
      const message = 'say what the job runs: a script, or --task CATEGORY/ACTION';
      throw new RowmillError('usage', message);
    }
    const body = await bodyOf(flags, { command, context, script, task: flags.task });
    const desk = await deskOf(command, context);
    const made = await desk.add(body);
    await subscribe(desk, made.name, { flags, workingDirectory: context.host.workingDirectory });
    tell(made, { context, flags, what: 'is stored' });
  });
}

/** `job update`. */
export function addJobUpdateCommand(job: Command, context: CommandContext): void {
  const command = withFlags(
    job
      .command('update')
      .alias('change')
      .description('Change a job: what it is then is a new version, what is not said stays')
      .argument('<job>', 'its name')
      .argument('[script]', 'what it runs from now on, instead of --task'),
  ).option('--name <name>', 'its name from now on');
  examples(
    command,
    'rowmill job update nightly --runs-per-minute 10 --profile work',
    'rowmill job update nightly --arg factor=2 --no-continuation --profile work',
    'rowmill job change todo --on appointment.create --profile work',
  );
  command.action(async (name: string, script: string | undefined, flags: Flags) => {
    if (flags.task !== undefined && script !== undefined) {
      throw new RowmillError('usage', 'a job runs a script or --task, not both');
    }
    const desk = await deskOf(command, context);
    const before = (await desk.show(name)).task;
    const task = script === undefined ? (flags.task ?? before) : undefined;
    const body = await bodyOf(flags, { command, context, script, task });
    const changes = Object.keys(body).length > 0;
    if (!changes && !saysEvent(flags)) throw new RowmillError('usage', 'say what is to change');
    await subscribe(desk, name, { flags, workingDirectory: context.host.workingDirectory });
    const changed = changes ? await desk.change(name, body) : await desk.show(name);
    tell(changed, { context, flags, what: 'is as you said' });
  });
}

function withFlags(command: Command): Command {
  return addEventFlags(command)
    .option('--task <name>', 'category/action of the task that runs')
    .option('--entry <file>', 'the file of a folder that has the class of the job')
    .option('--class <name>', 'the name of that class, where the file has several')
    .option('--description <text>', 'for people')
    .option('--arg <name=value>', 'an argument (repeatable)', pair)
    .option('--args-file <file>', 'arguments as a JSON object')
    .option('--schema <file>', 'a JSON Schema that the arguments of every start must fit')
    .option('--run-as <account>', 'in whose name it runs')
    .addOption(
      new Option('--log-level <level>', 'what a script logs below it is dropped').choices(
        SCRIPT_LOG_LEVELS,
      ),
    )
    .option('--log-limit <n>', 'how many records of runs are kept', wholeNumber(1))
    .option('--runs-per-minute <n>', 'starts at most in any minute', wholeNumber(1))
    .option('--no-continuation', 'a run that broke off is not taken up again')
    .option('--continuation', 'it is, from its last checkpoint')
    .addOption(new Option('--overlap <what>', 'when a run of it has not ended').choices(OVERLAPS))
    .option('--executor <name>', 'what a script is executed by: rowmill executor list')
    .option('--secret <key=name>', 'a secret of the account, by its key (repeatable)', pair)
    .option(
      '--sftp <name>',
      'an SFTP connection that its script or task may use (repeatable)',
      collect,
    )
    .option('--no-sftp', 'none')
    .option('--allow <role>', 'keys of this role may start it (repeatable)', collect)
    .option('--no-allow', 'no role may')
    .option('--monitored [failures]', 'tell of so many failed runs in a row', wholeNumber(1))
    .option('--no-monitored', 'tell nobody')
    .option('--json', 'print the job as JSON');
}

/** What was said of a job, as the server takes it. */
async function bodyOf(
  flags: Flags,
  {
    command,
    context,
    script,
    task,
  }: {
    command: Command;
    context: CommandContext;
    script: string | undefined;
    task: string | undefined;
  },
): Promise<JsonObject> {
  const { workingDirectory } = context.host;
  const isSaid = (flag: string): boolean => command.getOptionValueSource(flag) === 'cli';
  const hasArguments = flags.arg !== undefined || flags.argsFile !== undefined;
  const schema =
    flags.schema === undefined
      ? undefined
      : await readJsonFile(resolve(workingDirectory, flags.schema), '--schema');
  const said = {
    name: flags.name,
    description: flags.description,
    task: flags.task,
    script:
      script === undefined
        ? undefined
        : await readScript(resolve(workingDirectory, script), {
            entry: flags.entry,
            className: flags.class,
          }),
    arguments: hasArguments
      ? await argumentsOf({ schema, task }, flags, { command, context })
      : undefined,
    argument_schema: schema,
    run_as: flags.runAs,
    log_level: flags.logLevel,
    log_limit: flags.logLimit,
    runs_per_minute: flags.runsPerMinute,
    // Commander's default of a --no- flag is true: what nobody said is not sent.
    allow_continuation: isSaid('continuation') ? flags.continuation : undefined,
    overlap: flags.overlap,
    ...eventFields(command, flags),
    executor: flags.executor,
    secrets: flags.secret,
    sftp: Array.isArray(flags.sftp) ? flags.sftp : isSaid('sftp') ? [] : undefined,
    allow: Array.isArray(flags.allow) ? flags.allow : isSaid('allow') ? [] : undefined,
    monitored: isSaid('monitored') ? monitoredOf(flags.monitored) : undefined,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

function monitoredOf(given: Flags['monitored']): JsonObject | boolean {
  return typeof given === 'number' ? { failures: given } : given === true;
}

async function argumentsOf(
  { schema, task }: { schema: unknown; task: string | undefined },
  flags: ArgumentFlags,
  { command, context }: { command: Command; context: CommandContext },
): Promise<JsonObject> {
  const typedBy = isSchema(schema) ? schema : await schemaOf(task, { command, context });
  return givenArguments(typedBy, flags, {
    workingDirectory: context.host.workingDirectory,
    warn: (message) => context.screen.warn(message),
  });
}

/** The schema of a task's arguments; a script has none. */
async function schemaOf(
  taskName: string | undefined,
  { command, context }: { command: Command; context: CommandContext },
) {
  if (taskName === undefined) return undefined;
  const { tasks } = await context.open(command);
  return argumentsSchema((await tasks.find(taskName)).task);
}

/** Whether it is one at all is for the server to say. */
function isSchema(schema: unknown): schema is JsonSchema {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema);
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
