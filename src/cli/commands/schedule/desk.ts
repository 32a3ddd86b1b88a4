import type { Command } from 'commander';
import type { ScheduleDesk } from '../../../engine/automation/schedule-desk.ts';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';

/** The schedules of the server that the flags or settings name. */
export async function scheduleDeskOf(
  command: Command,
  context: CommandContext,
): Promise<ScheduleDesk> {
  const { server } = await context.open(command);
  if (server !== undefined) return server.schedules;
  throw new RowmillError(
    'usage',
    'schedules are kept by a server (rowmill serve): say which by --server or --profile',
  );
}
