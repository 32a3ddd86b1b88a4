import { isElsewhere, RowmillError } from '../errors.ts';
import type { SftpSession } from '../ports/sftp-session.ts';
import type { SftpFiles } from '../task/run-resources.ts';
import type { SftpConnections } from './sftp-connections.ts';
import { LARGEST_TRANSFER, placeFile } from './sftp-files.ts';
import { sftpFilePath, sftpPath } from '../task/sftp-path.ts';

interface RunSftpOptions {
  readonly accountId: string;
  readonly runId: string;
  /** Names of the connections that the run's job may use; undefined: each of the account. */
  readonly allowed: () => Promise<readonly string[] | undefined>;
  readonly connections: Pick<SftpConnections, 'use'>;
}

/** The SFTP servers that a run may use. */
export function sftpOfRun({
  accountId,
  runId,
  allowed,
  connections,
}: RunSftpOptions): (connection: string) => SftpFiles {
  let written = 0;
  const refuseOthers = async (name: string): Promise<void> => {
    const names = await allowed();
    if (names === undefined || names.includes(name)) return;
    const there = names.join(', ') || 'none';
    const message = `the job may not use the SFTP connection ${JSON.stringify(name.slice(0, 100))}; it may use: ${there}`;
    throw new RowmillError('usage', message);
  };
  return (name) => {
    const once = async <Result>(
      work: (session: SftpSession) => Promise<Result>,
    ): Promise<Result> => {
      await refuseOthers(name);
      return connections.use(accountId, name, work);
    };
    /** For what may be done twice. */
    const again = async <Result>(
      work: (session: SftpSession) => Promise<Result>,
    ): Promise<Result> => {
      try {
        return await once(work);
      } catch (error) {
        if (!isElsewhere(error)) throw error;
        return once(work);
      }
    };
    return {
      async read(path) {
        const place = sftpFilePath(path);
        return again((session) => session.read(place, LARGEST_TRANSFER));
      },
      async write(path, content) {
        const place = sftpFilePath(path);
        if (content.length > LARGEST_TRANSFER) {
          const message = `SFTP ${name}: ${place}: ${content.length} bytes are more than ${LARGEST_TRANSFER}`;
          throw new RowmillError('input_too_large', message);
        }
        written += 1;
        const id = `${runId}-${written}`;
        await placeFile({ path: place, content, id }, once);
      },
      async list(folder) {
        const place = sftpPath(folder);
        const found = await again((session) => session.list(place));
        return [...found]
          .sort((a, b) => (a.name < b.name ? -1 : 1))
          .map(({ name: entry, kind, bytes, modifiedMs }) => ({
            name: entry,
            kind,
            bytes,
            modified_at: new Date(modifiedMs).toISOString(),
          }));
      },
      async rename(from, to) {
        const [source, target] = [sftpFilePath(from), sftpFilePath(to)];
        const renamed = await once((session) => session.rename(source, target));
        if (renamed === 'done') return;
        const why = renamed === 'taken' ? `${target} is there already` : `${source} is not there`;
        throw new RowmillError('sftp_failed', `SFTP ${name}: ${why}`);
      },
      async delete(path) {
        const place = sftpFilePath(path);
        return once((session) => session.remove(place));
      },
      async exists(path) {
        const place = sftpPath(path);
        return again(async (session) => (await session.entry(place)) !== undefined);
      },
    };
  };
}
