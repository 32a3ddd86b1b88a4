import type { Command } from 'commander';
import type { ScheduleDesk, ShownLeftFiles } from '../../../engine/automation/schedule-desk.ts';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';
import { scheduleDeskOf } from './desk.ts';
import { nextWords } from './trigger-words.ts';

/** `schedule fire`. */
export function addScheduleFireCommand(schedule: Command, context: CommandContext): void {
  addControl(schedule, context, {
    name: 'fire',
    description: 'Let a schedule fire now, also while it is paused',
    act: async (desk, name) => {
      const { json } = await desk.fire(name);
      return {
        json,
        words: `schedule ${name} fires: rowmill schedule firings shows what becomes of it`,
      };
    },
  });
}

/** `schedule pause`. */
export function addSchedulePauseCommand(schedule: Command, context: CommandContext): void {
  addControl(schedule, context, {
    name: 'pause',
    description: 'Let a schedule fire no more until it is resumed; what it has started goes on',
    act: async (desk, name) => {
      const { json } = await desk.change(name, { paused: true });
      return { json, words: `schedule ${name} is paused` };
    },
  });
}

/** `schedule resume`. */
export function addScheduleResumeCommand(schedule: Command, context: CommandContext): void {
  addControl(schedule, context, {
    name: 'resume',
    description: 'Let a schedule fire again, from its next time on',
    act: async (desk, name) => {
      const resumed = await desk.change(name, { paused: false });
      return { json: resumed.json, words: `schedule ${name} goes on: ${nextWords(resumed)}` };
    },
  });
}

/** `schedule remove`. */
export function addScheduleRemoveCommand(schedule: Command, context: CommandContext): void {
  const command = schedule
    .command('remove')
    .description('Remove a schedule with its firings; runs that it has started stay')
    .argument('<schedule>', 'its name or id')
    .option('--yes', 'do not ask')
    .option('--force', 'also where its folder cannot be looked into: what it claimed stays there')
    .option('--json', 'print the name, and what is left, as JSON');
  examples(
    command,
    'rowmill schedule remove nightly --yes --profile work',
    'rowmill schedule remove orders --force --yes --profile work',
  );
  command.action(async (name: string, { yes, force, json }: RemoveFlags) => {
    const desk = await scheduleDeskOf(command, context);
    const question = visible(`Remove the schedule ${name} and what is known of its due times?`);
    if (yes !== true && !(await context.confirm(question))) return;
    const left = await desk.remove(name, { isForced: force === true });
    if (json === true) {
      context.screen.json({ name, ...(left === undefined ? {} : { left }) });
      return;
    }
    const [first = '', ...files] = left === undefined ? [] : leftWords(left);
    context.screen.err(visible(`schedule ${name} is gone${first}`));
    for (const file of files) context.screen.err(visible(file));
  });
}

interface RemoveFlags {
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** A line, and one for each file. */
function leftWords({ why, sftp, claimed, files }: ShownLeftFiles): readonly string[] {
  const place = sftp === null ? claimed : `${claimed} of the SFTP connection ${sftp}`;
  const what = files.length === 0 ? 'nothing is known to lie' : 'these lie';
  return [
    `; what it had claimed stays below ${place} (${why}): ${what} there`,
    ...files.map(({ firing_id: id, name, is_done: isDone, run_id: runId }) => {
      const done = runId === null ? ' (no run began)' : ` (${runId} has ended)`;
      return `  ${id}/${name ?? ''}${isDone ? done : ''}`;
    }),
  ];
}

function addControl(
  schedule: Command,
  context: CommandContext,
  {
    name: word,
    description,
    act,
  }: {
    readonly name: string;
    readonly description: string;
    readonly act: (
      desk: ScheduleDesk,
      name: string,
    ) => Promise<{ readonly json: Readonly<Record<string, unknown>>; readonly words: string }>;
  },
): void {
  const command = schedule
    .command(word)
    .description(description)
    .argument('<schedule>', 'its name or id')
    .option('--json', 'print what the server says as JSON');
  examples(command, `rowmill schedule ${word} nightly --profile work`);
  command.action(async (name: string, { json: isJson }: { json?: boolean }) => {
    const desk = await scheduleDeskOf(command, context);
    const { json, words } = await act(desk, name);
    if (isJson === true) context.screen.json(json);
    else context.screen.err(visible(words));
  });
}
