import type { SftpConnections } from '../hosting/sftp-connections.ts';
import { sftpOfRun } from '../hosting/sftp-of-run.ts';
import type { JobStorages } from '../ports/job-storage.ts';
import type { JobVersion } from '../ports/job-store.ts';
import type { RunUse } from '../ports/run-secrets.ts';
import { storageFrom, type KeyValueStorage, type RunResources } from '../task/run-resources.ts';
import { jobOfRun, type JobOfRunPorts } from './job-of-run.ts';

interface JobResourcePorts extends JobOfRunPorts {
  readonly storages: Pick<JobStorages, 'of'>;
  readonly connections: Pick<SftpConnections, 'use'>;
}

/**
 * Tasks that jobs run have the storage of the job, and the SFTP connections that it names; others have the
 * storage of the task, and each connection of the account.
 */
export function resourcesOfJobs(
  storageOf: (use: RunUse) => KeyValueStorage,
  ports: JobResourcePorts,
): (use: RunUse) => RunResources {
  return (use) => {
    let found: Promise<JobVersion | undefined> | undefined;
    // Looked up when it is first needed, which is never in most runs; where that fails, again the next time.
    const version = async (): Promise<JobVersion | undefined> => {
      found ??= jobOfRun(use, ports).then((job) => job?.version);
      try {
        return await found;
      } catch (error) {
        found = undefined;
        throw error;
      }
    };
    const own = storageOf(use);
    const storage = async (): Promise<KeyValueStorage> => {
      const job = await version();
      return job === undefined ? own : ports.storages.of(job.jobId);
    };
    return {
      storage: storageFrom(storage),
      sftp: sftpOfRun({
        accountId: use.accountId,
        runId: use.runId,
        allowed: async () => (await version())?.definition.sftp,
        connections: ports.connections,
      }),
    };
  };
}
