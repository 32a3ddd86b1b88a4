import type { Command } from 'commander';
import type { EventDesk } from '../../../engine/automation/event-desk.ts';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';

/** The events of the server that the flags or settings name. */
export async function eventDeskOf(command: Command, context: CommandContext): Promise<EventDesk> {
  const { server } = await context.open(command);
  if (server !== undefined) return server.events;
  throw new RowmillError(
    'usage',
    'events are told to a server (rowmill serve): say which by --server or --profile',
  );
}
