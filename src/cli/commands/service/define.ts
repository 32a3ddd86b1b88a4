import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { messageOf, RowmillError } from '../../../engine/errors.ts';
import type { JsonObject } from '../../../engine/jobs/job-definition.ts';
import type { ShownService } from '../../../engine/services/service-desk.ts';
import type { CommandContext } from '../../context.ts';
import { positiveNumber, wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
import { serviceDesksOf } from './desk.ts';
import { nextCall } from './list.ts';

interface Flags {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly parameters?: string | undefined;
  readonly timeout?: number | undefined;
  readonly allowConcurrency?: boolean | undefined;
  readonly dailyAt?: string | undefined;
  readonly zone?: string | undefined;
  readonly onSuccess?: number | undefined;
  readonly onIdle?: number | undefined;
  readonly onError?: number | undefined;
  readonly onTimeout?: number | undefined;
  readonly paused?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** `service add`. */
export function addServiceAddCommand(service: Command, context: CommandContext): void {
  const command = withFlags(
    service.command('add').description('Have a service called, as its plan says'),
  )
    .requiredOption('--name <name>', 'its name, unique in the account')
    .requiredOption('--endpoint <url>', 'its complete URL: what is called by POST')
    .option('--paused', 'it is called by hand only, until it is resumed');
  examples(
    command,
    'rowmill service add --name import_patients --endpoint https://his.example.com/import --daily-at 15:57 --zone Europe/Madrid --profile work',
    'rowmill service add --name poll --endpoint https://his.example.com/poll --on-success 10 --on-idle 300 --on-error 10 --on-timeout 300 --profile work',
  );
  command.action(async (flags: Flags) => {
    const plan = planOf(flags);
    if (plan === undefined) {
      throw new RowmillError(
        'usage',
        'say when: --daily-at 15:57 --zone Europe/Madrid, or --on-success 10 --on-idle 300 …',
      );
    }
    const body = await bodyOf(flags, context);
    const { services } = await serviceDesksOf(command, context);
    tell(await services.add(body), { context, flags, what: 'is added' });
  });
}

/** `service update`. */
export function addServiceUpdateCommand(service: Command, context: CommandContext): void {
  const command = withFlags(
    service
      .command('update')
      .description('Change, pause or resume a service: what is not said stays')
      .argument('<service>', 'its name'),
  )
    .option('--name <name>', 'its name from now on')
    .option('--endpoint <url>', 'its complete URL from now on')
    .option('--paused', 'it is called by hand only, until it is resumed')
    .option('--no-paused', 'it is called again, as its plan says');
  examples(
    command,
    'rowmill service update import_patients --timeout 600 --profile work',
    'rowmill service update import_patients --paused --profile work',
  );
  command.action(async (name: string, flags: Flags) => {
    const isSaid = command.getOptionValueSource('paused') === 'cli';
    const body = await bodyOf({ ...flags, ...(isSaid ? {} : { paused: undefined }) }, context);
    if (Object.keys(body).length === 0) throw new RowmillError('usage', 'say what is to change');
    const { services } = await serviceDesksOf(command, context);
    tell(await services.change(name, body), { context, flags, what: 'is as you said' });
  });
}

function withFlags(command: Command): Command {
  return command
    .option('--description <text>', 'for people')
    .option('--parameters <json>', 'what it is sent: a JSON object, or @file')
    .option('--timeout <seconds>', 'after so long it is taken not to respond (300)', positiveNumber)
    .option('--allow-concurrency', 'it may be called while a call of it is under way')
    .option('--daily-at <time>', 'once a day, at hh:mm or hh:mm:ss')
    .option('--zone <name>', 'the time zone of --daily-at (UTC)')
    .option('--on-success <seconds>', 'again so long after a success (60)', wholeNumber(0))
    .option('--on-idle <seconds>', 'again so long after it had nothing to do (60)', wholeNumber(0))
    .option('--on-error <seconds>', 'again so long after an error (60)', wholeNumber(0))
    .option('--on-timeout <seconds>', 'again so long after a timeout (60)', wholeNumber(0))
    .option('--json', 'print the service as JSON');
}

/** Undefined where nothing was said of it. */
function planOf(flags: Flags): JsonObject | undefined {
  const { dailyAt, zone, onSuccess, onIdle, onError, onTimeout } = flags;
  const intervals = said({
    on_success: onSuccess,
    on_idle: onIdle,
    on_error: onError,
    on_timeout: onTimeout,
  });
  const isEmpty = Object.keys(intervals).length === 0;
  if (dailyAt !== undefined) {
    const day = { period: 'daily', time: dailyAt, timezone: zone };
    return said({ ...day, intervals: isEmpty ? undefined : intervals });
  }
  if (zone !== undefined) throw new RowmillError('usage', `--zone ${zone} goes with --daily-at`);
  return isEmpty ? undefined : { period: 'interval', intervals };
}

async function bodyOf(flags: Flags, { host }: CommandContext): Promise<JsonObject> {
  return said({
    name: flags.name,
    description: flags.description,
    endpoint: flags.endpoint,
    parameters:
      flags.parameters === undefined
        ? undefined
        : await readParameters(flags.parameters, host.workingDirectory),
    timeout: flags.timeout,
    allow_concurrency: flags.allowConcurrency,
    execution_plan: planOf(flags),
    paused: flags.paused,
  });
}

/** JSON as it is written, or the file behind `@`. What it must be says the server. */
async function readParameters(written: string, workingDirectory: string): Promise<unknown> {
  try {
    const isFile = written.startsWith('@');
    return JSON.parse(
      isFile ? await readFile(resolve(workingDirectory, written.slice(1)), 'utf8') : written,
    );
  } catch (error) {
    const message = `--parameters ${written}: ${messageOf(error)}`;
    throw new RowmillError('usage', message, { cause: error });
  }
}

function said(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function tell(
  service: ShownService,
  { context, flags, what }: { context: CommandContext; flags: Flags; what: string },
): void {
  const { screen } = context;
  if (flags.json === true) screen.json(service.json);
  else screen.err(visible(`service ${service.name} ${what}; next: ${nextCall(service)}`));
}
