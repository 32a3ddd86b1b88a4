import type { z } from 'zod';
import type { StoredSftpConnection } from '../engine/ports/sftp-store.ts';
import { ApiProblem } from './problem.ts';
import type { Call } from './route.ts';
import type { OneSftp } from './wire/sftp-wire.ts';

export type SftpCall = Pick<Call<z.output<typeof OneSftp>>, 'params' | 'actor' | 'ports'>;

/** The SFTP connection of the call. Another account's is not there. */
export async function ownSftp({
  params: { sftp_name: name },
  actor,
  ports,
}: SftpCall): Promise<StoredSftpConnection> {
  const found = await ports.sftp.store.find(actor.accountId, name);
  if (found !== undefined) return found;
  throw new ApiProblem('not_found', `there is no SFTP connection ${name}`);
}
