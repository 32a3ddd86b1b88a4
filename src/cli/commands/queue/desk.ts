import type { Command } from 'commander';
import type { QueueDesk } from '../../../engine/automation/queue-desk.ts';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';

/** The queues of the server that the flags or settings name. */
export async function queueDeskOf(command: Command, context: CommandContext): Promise<QueueDesk> {
  const { server } = await context.open(command);
  if (server !== undefined) return server.queues;
  throw new RowmillError(
    'usage',
    'queues are kept by a server (rowmill serve): say which by --server or --profile',
  );
}
