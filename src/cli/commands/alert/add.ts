import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';
import { collect, wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import type { ServerWorkspace } from '../../host.ts';
import { visible } from '../../visible-text.ts';
import { alertServer } from './desk.ts';

interface Flags {
  readonly name: string;
  readonly job?: string;
  readonly schedule?: string;
  readonly task?: string;
  readonly failures?: number;
  readonly monitored?: boolean;
  readonly zeroRows?: boolean;
  readonly errorRate?: string;
  readonly late?: number;
  readonly stale?: number;
  readonly email?: readonly string[];
  readonly webhook?: readonly string[];
  /** False for `--no-recovery`. */
  readonly recovery: boolean;
  readonly quiet?: number;
  readonly quietHours?: string;
  readonly zone?: string;
  readonly json?: boolean;
}

/** `alert add`. */
export function addAlertAddCommand(alert: Command, context: CommandContext): void {
  const command = alert
    .command('add')
    .description('Tell somebody when something is wrong, and when it is over')
    .requiredOption('--name <name>', 'its name, unique in the account')
    .optionsGroup('Over what (default: each job and task of the account):')
    .option('--job <job>', 'a job, by its name or id')
    .option('--schedule <schedule>', 'a schedule, by its name or id')
    .option('--task <name>', 'category/action of a task')
    .optionsGroup('When:')
    .option('--failures <n>', 'so many runs in a row have failed', wholeNumber(1))
    .option('--monitored', 'the same for each job with monitored, after as many as that says')
    .option('--zero-rows', 'a run has ended well and had no row')
    .option('--error-rate <percent>', 'more than so many percent of the rows of a run have failed')
    .option('--late <seconds>', 'a due time of the schedule has passed so long ago', wholeNumber(1))
    .option('--stale <seconds>', 'no run has ended well for so long', wholeNumber(1))
    .optionsGroup('Who is told:')
    .option('--email <address>', 'by mail (repeatable)', collect)
    .option('--webhook <url or id>', 'by a signed message (repeatable)', collect)
    .option('--no-recovery', 'not when it is over')
    .option('--quiet <seconds>', 'so long no second one of the same (default: 300)', wholeNumber(0))
    .option('--quiet-hours <from-to>', 'what happens in these is told at their end, 22:00-07:00')
    .option('--zone <name>', 'time zone of --quiet-hours (default: UTC)')
    .option('--json', 'print the alert as JSON');
  examples(
    command,
    'rowmill alert add --name ops --failures 3 --email ops@example.com --profile work',
    'rowmill alert add --name import-rows --job import --zero-rows --webhook https://example.com/hook --profile work',
    'rowmill alert add --name nightly-late --schedule nightly --late 900 --email ops@example.com --profile work',
  );
  command.action(async (flags: Flags) => {
    const { screen } = context;
    const condition = conditionOf(flags);
    const quietHours = quietHoursOf(flags);
    const server = await alertServer(command, context);
    const scope = await scopeOf(flags, server);
    const secrets: Record<string, string> = {};
    const webhooks: string[] = [];
    for (const target of flags.webhook ?? []) {
      if (!/^https?:/.test(target)) {
        webhooks.push(target);
        continue;
      }
      const { id, secret } = await server.alerts.addWebhook(target);
      webhooks.push(id);
      secrets[target] = secret;
    }
    const said = {
      name: flags.name,
      scope,
      condition,
      webhooks,
      emails: flags.email,
      recovery: flags.recovery,
      quiet: flags.quiet,
      quiet_hours: quietHours,
    };
    const made = await server.alerts.add(
      Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)),
    );
    if (flags.json === true) screen.json({ ...made.json, secrets });
    else screen.err(visible(`alert ${made.name} is made: ${made.condition} over ${made.scope}`));
    for (const [url, secret] of Object.entries(flags.json === true ? {} : secrets)) {
      screen.err(visible(`messages to ${url} are signed by this, which is shown once: ${secret}`));
    }
  });
}

function conditionOf(flags: Flags): Readonly<Record<string, unknown>> {
  const { failures, monitored, zeroRows, errorRate, late, stale } = flags;
  const conditions = {
    '--failures': failures === undefined ? undefined : { kind: 'failures', count: failures },
    '--monitored': monitored === true ? { kind: 'monitored' } : undefined,
    '--zero-rows': zeroRows === true ? { kind: 'zero_rows' } : undefined,
    '--error-rate':
      errorRate === undefined ? undefined : { kind: 'error_rate', percent: percentOf(errorRate) },
    '--late': late === undefined ? undefined : { kind: 'late', after: late },
    '--stale': stale === undefined ? undefined : { kind: 'no_success', within: stale },
  };
  const [first, second] = Object.entries(conditions).filter(([, said]) => said !== undefined);
  if (first !== undefined && second !== undefined) {
    throw new RowmillError('usage', `${first[0]} and ${second[0]} both say when: expected one`);
  }
  if (first?.[1] === undefined) {
    throw new RowmillError(
      'usage',
      'say when: --failures 3, --zero-rows, --late 900 … (see --help)',
    );
  }
  return first[1];
}

function percentOf(text: string): number {
  const percent = Number(text.replace(/%$/, ''));
  if (text !== '' && percent >= 0 && percent < 100) return percent;
  throw new RowmillError('usage', `--error-rate ${text}: expected a percentage such as 5`);
}

function quietHoursOf({ quietHours, zone }: Flags): Readonly<Record<string, unknown>> | undefined {
  if (quietHours === undefined) {
    if (zone === undefined) return undefined;
    throw new RowmillError('usage', `--zone ${zone} goes with --quiet-hours`);
  }
  const [from, to, ...more] = quietHours.split('-');
  if (from !== undefined && to !== undefined && more.length === 0) {
    return { from, to, ...(zone === undefined ? {} : { zone }) };
  }
  throw new RowmillError('usage', `--quiet-hours ${quietHours}: expected two times, 22:00-07:00`);
}

async function scopeOf(
  { job, schedule, task }: Flags,
  server: ServerWorkspace,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const said = { '--job': job, '--schedule': schedule, '--task': task };
  const [first, second] = Object.entries(said).filter(([, name]) => name !== undefined);
  if (first !== undefined && second !== undefined) {
    throw new RowmillError('usage', `${first[0]} and ${second[0]} both say over what`);
  }
  if (job !== undefined) return { kind: 'job', job: (await server.jobs.show(job)).json['id'] };
  if (schedule !== undefined) {
    return { kind: 'schedule', schedule: (await server.schedules.show(schedule)).id };
  }
  return task === undefined ? undefined : { kind: 'task', task };
}
