import { isElsewhere, RowmillError } from '../errors.ts';
import type { SftpConnections } from '../hosting/sftp-connections.ts';
import { LARGEST_TRANSFER, placingFile } from '../hosting/sftp-files.ts';
import { sftpFilePath, sftpPath } from '../hosting/sftp-path.ts';
import type { ScriptSftp } from '../ports/script-executor.ts';
import type { SftpSession } from '../ports/sftp-session.ts';

interface JobSftpOptions {
  readonly accountId: string;
  readonly runId: string;
  /** Names of the connections that the job may use. */
  readonly allowed: readonly string[];
  readonly connections: Pick<SftpConnections, 'use'>;
}

/** The SFTP servers that a script of a job may use. */
export function sftpOfJob({
  accountId,
  runId,
  allowed,
  connections,
}: JobSftpOptions): (connection: string) => ScriptSftp {
  let written = 0;
  return (name) => {
    if (!allowed.includes(name)) {
      const there = allowed.join(', ') || 'none';
      const message = `the job may not use the SFTP connection ${JSON.stringify(name.slice(0, 100))}; it may use: ${there}`;
      throw new RowmillError('usage', message);
    }
    const once = <Result>(work: (session: SftpSession) => Promise<Result>): Promise<Result> =>
      connections.use(accountId, name, work);
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
        await again(placingFile({ path: place, content, id }));
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
