import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { customAlphabet } from 'nanoid';
import { RowmillError } from './engine/errors.ts';
import type { BeginSha256 } from './engine/ports/hash.ts';
import { ID_LETTERS } from './engine/ports/ids.ts';
import type { ServicePorts } from './engine/run/service-ports.ts';
import { storageFrom, type KeyValueStorage } from './engine/task/run-resources.ts';
import { ThreadRowExecutor } from './executors/threads/thread-row-executor.ts';
import { LocalRunFiles } from './files/local/local-run-files.ts';
import { environmentSecrets } from './system/environment-secrets.ts';
import { makePooledFetch, pooledFetch } from './system/pooled-fetch.ts';
import { AddressRules } from './system/public-address.ts';
import { openRunLog } from './system/run-log.ts';
import { systemClock } from './system/system-clock.ts';
import { v8StateCodec } from './system/v8-state-codec.ts';
import type { ThreadPlaces } from './thread.ts';

const makeIdText = customAlphabet(ID_LETTERS, 12);

const beginSha256: BeginSha256 = () => {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
};

/** What a thread of a run begins with, and where it finds the tasks. */
export interface ThreadSource {
  readonly entry: URL;
  readonly tasks: readonly string[];
}

/**
 * What runs need of this machine, whatever the store they live in. Without `threads` each has one thread.
 * With `allowAddresses` the requests of runs reach the public internet and what is listed, nothing else.
 */
export function machinePorts(
  dataDir: string,
  {
    threads,
    allowAddresses,
  }: {
    readonly threads?: ThreadSource | undefined;
    readonly allowAddresses?: readonly string[] | undefined;
  },
): Omit<ServicePorts, 'store'> {
  return {
    files: new LocalRunFiles(process),
    clock: systemClock,
    codec: v8StateCodec,
    sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
    beginSha256,
    makeId: (prefix) => `${prefix}_${makeIdText()}`,
    makeStop,
    openLog: openRunLog,
    secretsOf: async () => environmentSecrets(process.env),
    resourcesOf: ({ task }) => ({
      storage: storageAtFirstUse(dataDir, task.name),
      sftp: (connection) => {
        const message = `there is no SFTP connection ${connection} here: a server has them (rowmill serve, rowmill sftp add), for the runs that it carries out`;
        throw new RowmillError('usage', message);
      },
    }),
    fetch:
      allowAddresses === undefined
        ? pooledFetch
        : makePooledFetch(new AddressRules(allowAddresses)),
    rowExecutor:
      threads &&
      new ThreadRowExecutor<ThreadPlaces>(threads.entry, {
        tasks: threads.tasks,
        allowAddresses,
      }),
  };
}

/** Most tasks keep nothing. */
function storageAtFirstUse(dataDir: string, taskName: string): KeyValueStorage {
  let opened: Promise<KeyValueStorage> | undefined;
  const open = async (): Promise<KeyValueStorage> => {
    const { LocalTaskStorage } = await import('./stores/local/local-task-storage.ts');
    return new LocalTaskStorage(dataDir, taskName);
  };
  return storageFrom(() => (opened ??= open()));
}

/** Every row that waits (for a retry, for an answer) listens: many of them are no leak. */
function makeStop(): AbortController {
  const stop = new AbortController();
  // Not 0 for "any number": Node 20 then takes the signal for none, and every fetch with it throws.
  setMaxListeners(1_000_000, stop.signal);
  return stop;
}
