import { resolve } from 'node:path';
import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { JsonObject } from '../../../engine/jobs/job-definition.ts';
import type { ShownJob } from '../../../engine/jobs/job-desk.ts';
import { argumentsSchema } from '../../../engine/task/help.ts';
import { givenArguments } from '../../argument-values.ts';
import type { CommandContext } from '../../context.ts';
import { exitCodeOfRun } from '../../exit-codes.ts';
import { pair } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { readWrittenObject } from '../../read-json.ts';
import type { ArgumentFlags } from '../../run-flags.ts';
import { visible } from '../../visible-text.ts';
import { deskOf } from './desk.ts';
import { recordLines } from './record-lines.ts';

interface Flags extends ArgumentFlags {
  readonly event?: string;
  readonly draft?: string;
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** `job run`. */
export function addJobRunCommand(job: Command, context: CommandContext): void {
  const command = job
    .command('run')
    .description('Start a job now')
    .argument('<job>', 'its name, or its id')
    .argument('[file]', 'a CSV, for a task that reads one: it is uploaded')
    .option('--arg <name=value>', 'an argument, over those of the job (repeatable)', pair)
    .option('--args-file <file>', 'arguments as a JSON object')
    .option('--event <json>', 'all of it as a JSON object, or @file')
    .option('--draft <id>', 'the same, uploaded before')
    .option('--wait', 'until it has ended; then the record is printed')
    .option('--json', 'print the record as JSON');
  examples(
    command,
    'rowmill job run nightly --profile work',
    'rowmill job run prices wanted.csv --wait --profile work',
    'rowmill job run nightly --arg factor=2 --wait --profile work',
  );
  command.action(async (name: string, file: string | undefined, flags: Flags) => {
    if (file !== undefined && flags.draft !== undefined) {
      throw new RowmillError('usage', `${file} and --draft ${flags.draft}: give one of both`);
    }
    const desk = await deskOf(command, context);
    const args = await startArguments(await desk.toStart(name), flags, { command, context });
    const draft = flags.draft === undefined ? {} : { draft: flags.draft };
    const waits = flags.wait === true;
    const stop = new AbortController();
    const unlisten = context.host.onSignal(() => stop.abort());
    const start = { arguments: args, ...draft };
    const path = file === undefined ? undefined : resolve(context.host.workingDirectory, file);
    const run = await desk
      .start(name, start, { file: path, waits, signal: stop.signal })
      .finally(unlisten);
    const { screen } = context;
    if (flags.json === true) screen.json(run.json);
    else if (waits) for (const line of recordLines(run)) screen.out(line);
    else screen.err(visible(`run ${run.runId} of the job ${name} has begun`));
    if (!waits) return;
    context.exitCode = exitCodeOfRun({
      result: run,
      signal: stop.signal.aborted ? 'SIGINT' : undefined,
      isCanary: false,
      inputIsPipe: false,
    });
  });
}

async function startArguments(
  { argumentSchema, task: taskName }: Pick<ShownJob, 'argumentSchema' | 'task'>,
  flags: Pick<Flags, 'arg' | 'argsFile' | 'event'>,
  { command, context }: { command: Command; context: CommandContext },
): Promise<JsonObject> {
  const { workingDirectory } = context.host;
  const hasArguments = flags.arg !== undefined || flags.argsFile !== undefined;
  if (flags.event !== undefined) {
    if (!hasArguments) {
      return readWrittenObject(flags.event, { what: '--event', workingDirectory });
    }
    throw new RowmillError('usage', 'an event is all a job is given: leave --arg out');
  }
  if (!hasArguments) return {};
  let schema = argumentSchema;
  if (schema === undefined && taskName !== undefined) {
    const { tasks } = await context.open(command);
    schema = argumentsSchema((await tasks.find(taskName)).task);
  }
  return givenArguments(schema, flags, {
    workingDirectory,
    warn: (message) => context.screen.warn(message),
  });
}
