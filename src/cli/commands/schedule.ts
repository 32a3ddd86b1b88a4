import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { addScheduleAddCommand } from './schedule/add.ts';
import {
  addScheduleFireCommand,
  addSchedulePauseCommand,
  addScheduleRemoveCommand,
  addScheduleResumeCommand,
} from './schedule/control.ts';
import { addScheduleFiringsCommand } from './schedule/firings.ts';
import { addScheduleListCommand } from './schedule/list.ts';
import { addSchedulePreviewCommand } from './schedule/preview.ts';
import { addScheduleShowCommand } from './schedule/show.ts';

/** `schedule`: what a server starts by itself, and when. */
export function addScheduleCommand(program: Command, context: CommandContext): void {
  const schedule = program
    .command('schedule')
    .description('The schedules of a server: what it starts by itself, and when');
  examples(
    schedule,
    'rowmill schedule add --name nightly --task table/export --daily-at 02:30 --zone Europe/Madrid --profile work',
    'rowmill schedule preview --daily-at 02:30 --zone Europe/Madrid --profile work',
    'rowmill schedule firings nightly --profile work',
  );
  for (const add of IN_ORDER_OF_HELP) add(schedule, context);
}

const IN_ORDER_OF_HELP: readonly ((schedule: Command, context: CommandContext) => void)[] = [
  addScheduleListCommand,
  addScheduleShowCommand,
  addScheduleAddCommand,
  addSchedulePreviewCommand,
  addScheduleFireCommand,
  addScheduleFiringsCommand,
  addSchedulePauseCommand,
  addScheduleResumeCommand,
  addScheduleRemoveCommand,
];
