import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';
import type { ServerWorkspace } from '../../host.ts';

/** The server that the flags or settings name. */
export async function alertServer(
  command: Command,
  context: CommandContext,
): Promise<ServerWorkspace> {
  const { server } = await context.open(command);
  if (server !== undefined) return server;
  throw new RowmillError(
    'usage',
    'alerts are kept by a server (rowmill serve): say which by --server or --profile',
  );
}
