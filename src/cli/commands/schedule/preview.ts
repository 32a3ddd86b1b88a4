import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';
import { wholeNumber } from '../../flag-values.ts';
import { examples } from '../../help-texts.ts';
import { scheduleDeskOf } from './desk.ts';
import { addTriggerFlags, triggerOf, type TriggerFlags } from './trigger-flags.ts';

/** What the marks of the API mean. */
const MARKS: Readonly<Record<string, string>> = {
  moved: 'its time does not exist on that day',
  repeated: 'its time comes twice on that day',
  clocks_changed: 'the clocks were changed since',
  left_out_before: 'one before it was left out: its time does not exist',
};

interface Flags extends TriggerFlags {
  readonly count: number;
  readonly json?: boolean;
}

/** `schedule preview`. */
export function addSchedulePreviewCommand(schedule: Command, context: CommandContext): void {
  const command = schedule
    .command('preview')
    .description('The next times of a schedule, or of one that is yet to be made')
    .argument('[schedule]', 'its name or id, in place of the flags that say when')
    .option('--count <n>', 'how many', wholeNumber(1), 10)
    .option('--json', 'print them as JSON');
  addTriggerFlags(command);
  examples(
    command,
    'rowmill schedule preview nightly --profile work',
    'rowmill schedule preview --daily-at 02:30 --zone Europe/Madrid --count 3 --profile work',
  );
  command.action(async (name: string | undefined, flags: Flags) => {
    const desk = await scheduleDeskOf(command, context);
    const said = await triggerOf(flags, async (other) => (await desk.show(other)).id);
    if ((name === undefined) === (said === undefined)) {
      throw new RowmillError('usage', 'say either which schedule, or when: --daily-at 02:30');
    }
    const trigger = name === undefined ? said : (await desk.show(name)).trigger;
    const { occurrences } = await desk.preview(trigger, flags.count);
    const { screen } = context;
    if (flags.json === true) {
      screen.json(occurrences.map((each) => each.json));
      return;
    }
    for (const { local, marks } of occurrences) {
      const words = marks.map((mark) => MARKS[mark] ?? mark);
      screen.out(words.length === 0 ? local : `${local}  ${words.join('; ')}`);
    }
  });
}
