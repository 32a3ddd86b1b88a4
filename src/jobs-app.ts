import { createHash } from 'node:crypto';
import { QueueWorker } from './engine/automation/queue-worker.ts';
import type { RunEventFeed } from './engine/hosting/run-event-feed.ts';
import { continuingAsAllowed } from './engine/jobs/continued-runs.ts';
import type { SftpConnections } from './engine/hosting/sftp-connections.ts';
import { resourcesOfJobs } from './engine/jobs/job-resources.ts';
import { secretsOfJobs } from './engine/jobs/job-secrets.ts';
import { JobTasks, type JobTasksPorts } from './engine/jobs/job-tasks.ts';
import { JobStarter, type JobStarterPorts } from './engine/jobs/start-job.ts';
import type { KnownSecrets } from './engine/ports/run-secrets.ts';
import type { ScriptExecutor } from './engine/ports/script-executor.ts';
import { Executors } from './engine/script/executors.ts';
import type { ServicePorts } from './engine/run/service-ports.ts';
import type { RunService } from './engine/run/run-service.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';
import { SqlExecutorStore } from './stores/sql/sql-executor-store.ts';
import { SqlJobRunStore } from './stores/sql/sql-job-run-store.ts';
import { SqlJobStorages } from './stores/sql/sql-job-storage.ts';
import { SqlJobStore } from './stores/sql/sql-job-store.ts';
import { SqlQueueStore } from './stores/sql/sql-queue-store.ts';
import { SqlServiceCallStore } from './stores/sql/sql-service-call-store.ts';
import { AjvJsonSchemas } from './system/ajv-json-schemas.ts';

interface JobsOptions {
  readonly service: Pick<RunService, 'create' | 'resume'>;
  readonly runs: JobStarterPorts['runs'];
  readonly serverId: string;
  readonly feed: JobStarterPorts['feed'] & Pick<RunEventFeed, 'watchAll'>;
  readonly tasks: JobTasksPorts['tasks'];
  /** What executes scripts, by the kind of an executor. */
  readonly scripts: Readonly<Record<string, ScriptExecutor>>;
  /** What is lacking for others, by their kind. */
  readonly lacking: Readonly<Record<string, string>>;
  readonly secrets: KnownSecrets;
  readonly sftp: JobTasksPorts['sftp'];
  readonly arrivedFor: JobTasksPorts['arrivedFor'];
  readonly machine: Pick<ServicePorts, 'clock' | 'makeStop' | 'sha256'>;
  readonly onError: JobStarterPorts['onError'];
}

/** The jobs of a server: what its host needs to carry their runs out, and what its API needs. */
export function openJobs(database: SqlDatabase, options: JobsOptions) {
  const { service, runs, feed, machine, secrets, onError } = options;
  const { clock, makeStop, sha256 } = machine;
  const store = new SqlJobStore(database);
  const jobRuns = new SqlJobRunStore(database);
  const storages = new SqlJobStorages(database);
  const queues = new SqlQueueStore(database, { holder: options.serverId });
  const schemas = new AjvJsonSchemas();
  const executors = new SqlExecutorStore(database);
  const kinds = new Map(Object.entries(options.scripts));
  const available = new Executors(executors, kinds, new Map(Object.entries(options.lacking)));
  const tasks = new JobTasks({
    tasks: options.tasks,
    jobs: store,
    jobRuns,
    runs,
    executors: available,
    arrivedFor: options.arrivedFor,
    storages,
    calls: new SqlServiceCallStore(database),
    secrets,
    sftp: options.sftp,
    clock,
    makeStop,
  });
  return {
    /** Where scripts are executed. */
    executors: { store: executors, available },
    /** Every registered task, and every version of a script. */
    tasks,
    /** Goes on with runs as far as their jobs allow it. */
    service: continuingAsAllowed(service, { jobs: store, jobRuns, runs }),
    /** Removes what jobs keep no longer. */
    pruneStorage: () => storages.prune(),
    /** `host` carries out what is started. */
    forApi(host: JobStarterPorts['host']) {
      const onQueued = (): void => worker.wake();
      const starter = new JobStarter({
        jobRuns,
        queues,
        onQueued,
        runs,
        service,
        host,
        feed,
        tasks,
        schemas,
        secrets,
        onError,
      });
      const worker = new QueueWorker({ queues, jobs: store, starter, clock, makeStop, onError });
      return {
        jobs: { store, runs: jobRuns, starter, storages, schemas, md5, sha256 },
        queues: openQueues(queues, { worker, feed }),
      };
    },
  };
}

/** The queues of a server, as its API and its end see them. */
function openQueues(
  store: SqlQueueStore,
  { worker, feed }: { readonly worker: QueueWorker; readonly feed: Pick<RunEventFeed, 'watchAll'> },
) {
  const wake = (): void => worker.wake();
  const unwatch = feed.watchAll(({ type }) => {
    if (type === 'ended') wake();
  });
  return {
    store,
    wake,
    prune: (beforeMs: number) => store.prune(beforeMs),
    async open(): Promise<void> {
      await store.releaseAll();
      worker.open();
    },
    async close(): Promise<void> {
      unwatch();
      await worker.close();
    },
  };
}

/** What runs may use: that which their jobs give them among it. */
export function jobPorts(
  database: SqlDatabase,
  ports: {
    readonly secrets: { readonly forRun: ServicePorts['secretsOf'] };
    readonly connections: Pick<SftpConnections, 'use'>;
    readonly resourcesOf: ServicePorts['resourcesOf'];
    readonly runOf: JobStarterPorts['runs']['get'];
  },
): Pick<ServicePorts, 'secretsOf' | 'resourcesOf'> {
  const job = {
    jobs: new SqlJobStore(database),
    jobRuns: new SqlJobRunStore(database),
    runs: { get: ports.runOf },
  };
  const storages = new SqlJobStorages(database);
  const { secrets, connections, resourcesOf } = ports;
  return {
    secretsOf: secretsOfJobs((use) => secrets.forRun(use), job),
    resourcesOf: resourcesOfJobs((use) => resourcesOf(use).storage, {
      ...job,
      storages,
      connections,
    }),
  };
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
