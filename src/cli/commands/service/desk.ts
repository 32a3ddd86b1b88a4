import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';
import type { ServerWorkspace } from '../../host.ts';

/** The services of the server that the flags or settings name, and the jobs that they are. */
export async function serviceDesksOf(
  command: Command,
  context: CommandContext,
): Promise<Pick<ServerWorkspace, 'services' | 'jobs'>> {
  const { server } = await context.open(command);
  if (server !== undefined) return server;
  throw new RowmillError(
    'usage',
    'services are called by a server (rowmill serve): say which by --server or --profile',
  );
}
