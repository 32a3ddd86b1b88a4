import { Option, type Command } from 'commander';
import { MISSED_POLICIES } from '../../../engine/automation/plan-firings.ts';
import { OVERLAP_POLICIES } from '../../../engine/automation/trigger.ts';
import { RowmillError } from '../../../engine/errors.ts';
import { argumentsSchema } from '../../../engine/task/help.ts';
import { givenArguments } from '../../argument-values.ts';
import type { CommandContext } from '../../context.ts';
import { pair, wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import type { ArgumentFlags } from '../../run-flags.ts';
import { visible } from '../../visible-text.ts';
import { deskOf } from '../job/desk.ts';
import { scheduleDeskOf } from './desk.ts';
import { addTriggerFlags, triggerOf, type TriggerFlags } from './trigger-flags.ts';
import { nextWords } from './trigger-words.ts';

interface Flags extends ArgumentFlags, TriggerFlags {
  readonly name: string;
  readonly task?: string;
  readonly job?: string;
  readonly file?: string;
  readonly of?: string;
  readonly class?: string;
  readonly overlap?: string;
  readonly missed?: string;
  readonly missedWindow?: number;
  readonly paused?: boolean;
  readonly json?: boolean;
}

/** `schedule add`. */
export function addScheduleAddCommand(schedule: Command, context: CommandContext): void {
  const command = schedule
    .command('add')
    .description('Start a task, or a job, at certain times or when files arrive')
    .requiredOption('--name <name>', 'its name, unique in the account')
    .option('--task <name>', 'category/action of the task that is started')
    .option('--job <name>', 'the job that is started, in place of a task')
    .option('--arg <name=value>', 'an argument of each run (repeatable)', pair)
    .option('--args-file <file>', 'arguments as a JSON object')
    .option('--of <source>', 'one run for each item of a source, one after the other')
    .option('--class <names>', 'only items of these classes, with commas between')
    .option('--file <path>', 'the file of the server that each run reads')
    .addOption(
      new Option('--overlap <what>', 'when a run of it has not ended').choices(OVERLAP_POLICIES),
    )
    .addOption(
      new Option('--missed <what>', 'times that nobody was there for').choices(MISSED_POLICIES),
    )
    .option('--missed-window <seconds>', 'how old one may be, for --missed all', wholeNumber(1))
    .option('--paused', 'it does not fire until it is resumed')
    .option('--json', 'print the schedule as JSON');
  addTriggerFlags(command);
  examples(
    command,
    'rowmill schedule add --name nightly --task table/export --daily-at 02:30 --zone Europe/Madrid --profile work',
    'rowmill schedule add --name poll --job close-visits --every 60 --overlap queue --profile work',
    'rowmill schedule add --name clean-up --job clean-up --of telephony --class account,monthly --each day --profile work',
    'rowmill schedule add --name orders --task contacts/clean --folder /srv/in/orders --glob *.csv --profile work',
  );
  command.action(async (flags: Flags) => {
    const desk = await scheduleDeskOf(command, context);
    const trigger = await triggerOf(flags, async (name) => (await desk.show(name)).id);
    if (trigger === undefined) {
      throw new RowmillError(
        'usage',
        'say when: --daily-at 02:30, --every 60, --cron … (see --help)',
      );
    }
    const said = {
      name: flags.name,
      task: flags.task,
      job: flags.job && (await (await deskOf(command, context)).show(flags.job)).json['id'],
      arguments: await argumentsOf(flags, command, context),
      trigger,
      file: flags.file,
      each: eachOf(flags),
      overlap: flags.overlap,
      missed: flags.missed,
      missed_window: flags.missedWindow,
      paused: flags.paused,
    };
    const made = await desk.add(
      Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    );
    const { screen } = context;
    if (flags.json === true) screen.json(made.json);
    else screen.err(visible(`schedule ${made.name} is made: ${nextWords(made)}`));
  });
}

function eachOf({ of: source, class: classes }: Flags): unknown {
  if (source !== undefined) return { source, classes: classes?.split(',') };
  if (classes === undefined) return undefined;
  throw new RowmillError('usage', `--class ${classes} goes with --of`);
}

/** As the schema of the task has them; those of a job are what they look like. */
async function argumentsOf(
  flags: Flags,
  command: Command,
  context: CommandContext,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (flags.arg === undefined && flags.argsFile === undefined) return undefined;
  let schema;
  if (flags.task !== undefined) {
    const { tasks } = await context.open(command);
    schema = argumentsSchema((await tasks.find(flags.task)).task);
  }
  return givenArguments(schema, flags, {
    workingDirectory: context.host.workingDirectory,
    warn: (message) => context.screen.warn(message),
  });
}
