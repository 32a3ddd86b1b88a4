import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { JobDesk } from '../../../engine/jobs/job-desk.ts';
import type { CommandContext } from '../../context.ts';

/** The jobs of the server that the flags or settings name. */
export async function deskOf(command: Command, context: CommandContext): Promise<JobDesk> {
  const { server } = await context.open(command);
  if (server !== undefined) return server.jobs;
  throw new RowmillError(
    'usage',
    'jobs are kept by a server (rowmill serve): say which by --server or --profile',
  );
}
