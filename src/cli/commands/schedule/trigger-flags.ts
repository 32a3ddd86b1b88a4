import { Option, type Command } from 'commander';
import { messageOf, RowmillError } from '../../../engine/errors.ts';
import { wholeNumber } from '../../flag-values.ts';

/** Flags that say when. */
export interface TriggerFlags {
  readonly each?: string;
  readonly every?: number;
  readonly dailyAt?: string;
  readonly cron?: string;
  readonly rrule?: string;
  readonly start?: string;
  readonly zone?: string;
  readonly after?: string;
  readonly on?: string;
  readonly folder?: string;
  readonly sftp?: string;
  readonly glob?: string;
  readonly stable?: number;
  readonly poll?: number;
  readonly trigger?: string;
}

const ALIGNED: Readonly<Record<string, string>> = {
  minute: 'minutely',
  hour: 'hourly',
  day: 'daily',
};

export function addTriggerFlags(command: Command): Command {
  return command
    .optionsGroup('When:')
    .addOption(
      new Option('--each <length>', 'at each full minute, hour or day of UTC').choices(
        Object.keys(ALIGNED),
      ),
    )
    .option('--every <seconds>', 'every so many seconds', wholeNumber(1))
    .option('--daily-at <time>', 'once a day at hh:mm or hh:mm:ss')
    .option('--cron <expression>', 'as cron has it, such as "30 2 * * MON-FRI"')
    .option('--rrule <rule>', 'as calendars have it, such as FREQ=MONTHLY;BYDAY=-1FR')
    .option('--start <time>', 'the first time of --rrule, such as 2027-01-29T09:00')
    .option('--zone <name>', 'time zone of these, such as Europe/Madrid (default: UTC)')
    .option('--after <schedule>', 'when a run of that schedule has ended')
    .addOption(
      new Option('--on <end>', 'how it has ended, for --after').choices([
        'success',
        'failure',
        'end',
      ]),
    )
    .option('--folder <path>', 'when a file arrives in this folder of the server')
    .option('--sftp <name>', 'the SFTP connection on whose server that folder lies')
    .option('--glob <pattern>', 'which names, for --folder, such as "*.csv"')
    .option('--stable <seconds>', 'how long it has not changed, for --folder', wholeNumber(0))
    .option('--poll <seconds>', 'how often is looked, for --folder', wholeNumber(1))
    .option('--trigger <json>', 'any trigger, as the HTTP API has it');
}

/**
 * The trigger that the flags name, as the server takes it; undefined where none does. `idOf` finds the
 * schedule that `--after` names.
 */
export async function triggerOf(
  flags: TriggerFlags,
  idOf: (name: string) => Promise<string>,
): Promise<unknown> {
  const { zone, start, on } = flags;
  const kinds = {
    '--each': flags.each === undefined ? undefined : { kind: ALIGNED[flags.each] },
    '--every': flags.every === undefined ? undefined : { kind: 'interval', seconds: flags.every },
    '--daily-at':
      flags.dailyAt === undefined ? undefined : { kind: 'daily_at', time: flags.dailyAt, zone },
    '--cron': flags.cron === undefined ? undefined : { kind: 'cron', expression: flags.cron, zone },
    '--rrule':
      flags.rrule === undefined ? undefined : { kind: 'rrule', rule: flags.rrule, start, zone },
    '--after':
      flags.after === undefined
        ? undefined
        : { kind: 'after_run', of: await idOf(flags.after), on },
    '--folder':
      flags.folder === undefined
        ? undefined
        : {
            kind: 'file',
            folder: flags.folder,
            sftp: flags.sftp,
            glob: flags.glob,
            stable_seconds: flags.stable,
            poll_seconds: flags.poll,
          },
    '--trigger': flags.trigger === undefined ? undefined : readJson(flags.trigger),
  };
  const said = Object.entries(kinds).filter(([, trigger]) => trigger !== undefined);
  const [first, second] = said;
  if (first !== undefined && second !== undefined) {
    throw new RowmillError('usage', `${first[0]} and ${second[0]} both say when: expected one`);
  }
  refuseLost(first?.[0], {
    '--zone': zone,
    '--start': start,
    '--on': on,
    '--sftp': flags.sftp,
    '--glob': flags.glob,
    '--stable': flags.stable,
    '--poll': flags.poll,
  });
  return first?.[1];
}

const GOES_WITH: Readonly<Record<string, readonly string[]>> = {
  '--zone': ['--daily-at', '--cron', '--rrule'],
  '--start': ['--rrule'],
  '--on': ['--after'],
  '--sftp': ['--folder'],
  '--glob': ['--folder'],
  '--stable': ['--folder'],
  '--poll': ['--folder'],
};

/** A flag that would mean nothing is a mistake. */
function refuseLost(
  kind: string | undefined,
  given: Readonly<Record<string, string | number | undefined>>,
): void {
  for (const [flag, value] of Object.entries(given)) {
    const others = GOES_WITH[flag] ?? [];
    if (value !== undefined && !others.includes(kind ?? '')) {
      throw new RowmillError('usage', `${flag} ${value} goes with ${others.join(' or ')}`);
    }
  }
  if (kind === '--rrule' && given['--start'] === undefined) {
    throw new RowmillError('usage', '--rrule needs its first time: --start 2027-01-29T09:00');
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new RowmillError('usage', `--trigger ${text}: ${messageOf(cause)}`, { cause });
  }
}
