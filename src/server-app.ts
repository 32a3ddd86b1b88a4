import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { openAlerts } from './alerts.ts';
import { keyAuthenticator } from './api/access/key-authenticator.ts';
import { RateLimits } from './api/access/rate-limits.ts';
import { listen } from './api/listen.ts';
import { isLoopback } from './api/loopback.ts';
import { createApiServer } from './api/server.ts';
import { DerivedRunFiles } from './engine/hosting/derived-run-files.ts';
import { loggedDeeds, ownDeeds } from './engine/hosting/own-deeds.ts';
import { RowmillError } from './engine/errors.ts';
import { RunControl } from './engine/hosting/run-control.ts';
import { RunEventFeed } from './engine/hosting/run-event-feed.ts';
import { RunFamilies } from './engine/hosting/run-families.ts';
import { RunHost } from './engine/hosting/run-host.ts';
import { inspectInput } from './engine/run/check/inspect-input.ts';
import { LocalRunService } from './engine/service.ts';
import type { MakeId } from './engine/ports/ids.ts';
import type { SecretBox } from './engine/ports/secret-box.ts';
import { LocalDerivedFileCache } from './files/local/derived-file-cache.ts';
import { openEntities } from './entities-app.ts';
import { jobPorts, openJobs } from './jobs-app.ts';
import { machinePorts } from './machine.ts';
import { ServerMetrics } from './metrics/server-metrics.ts';
import { freeBytesOf, readinessOf } from './readiness.ts';
import { openReceivedFiles } from './received-files.ts';
import { DataFolder } from './stores/local/data-folder.ts';
import { filePlaceOf } from './stores/local/file-place.ts';
import { PostgresEventNews } from './stores/sql/postgres-event-news.ts';
import { openServerDatabase, sqlKeys } from './keys-app.ts';
import { openSecretBox, sqlSecrets } from './secrets-app.ts';
import { SqlAuditStore } from './stores/sql/sql-audit-store.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';
import { SqlEventStore } from './stores/sql/sql-event-store.ts';
import { SqlIdempotencyStore } from './stores/sql/sql-idempotency-store.ts';
import { SqlRunStore } from './stores/sql/sql-run-store.ts';
import { SqlStoreProbe } from './stores/sql/sql-store-probe.ts';
import { SqlWebhookStore } from './stores/sql/sql-webhook-store.ts';
import { openSftp } from './sftp-app.ts';
import { openSchedules } from './schedules.ts';
import { apiSettingsOf, type ServerOptions } from './server-options.ts';
import { openDeletedRuns, openUpkeep } from './upkeep.ts';
import { openWebhooks } from './webhooks.ts';

export { knownServerId } from './stores/local/data-folder.ts';

/** A server that listens. */
export interface RunningServer {
  readonly url: string;
  /** No key was made yet: who reaches it may do all. */
  readonly isOpen: boolean;
  /** Runs commit a checkpoint and are taken up at the next start. */
  close(): Promise<void>;
}

const NEEDS_KEY = (host: string): string =>
  `${host} can be reached from elsewhere, and there is no key yet, so anyone could do anything: make one by rowmill key create --scope admin, or listen on 127.0.0.1`;

const GRACE_MS = 8_000;

/** Puts a server together and makes it listen. Throws `folder_busy` where another has the data folder. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { dataDir } = options;
  const { pid } = process;
  const folder = await DataFolder.take(dataDir, { makeId: () => `srv_${nanoid()}`, pid });
  let database: SqlDatabase | undefined;
  const release = async (): Promise<void> => {
    await database?.db.destroy();
    folder.release();
  };
  try {
    database = await openServerDatabase(options);
    const box = await openSecretBox(
      { dataDir, masterKey: options.masterKey },
      { database, onNotice: options.onNotice ?? (() => undefined) },
    );
    const server = await serve(options, { database, box, serverId: folder.serverId });
    folder.announce({ pid, url: server.url });
    return {
      ...server,
      async close() {
        await server.close();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function serve(
  options: ServerOptions,
  {
    database,
    box,
    serverId,
  }: { readonly database: SqlDatabase; readonly box: SecretBox; readonly serverId: string },
): Promise<RunningServer> {
  const { dataDir, slots, onError } = options;
  const makeId: MakeId = (prefix) => `${prefix}_${nanoid()}`;
  const audit = new SqlAuditStore(database);
  const note = loggedDeeds(ownDeeds(audit, makeId), onError);
  const secrets = sqlSecrets(database, { box, note });
  const local = machinePorts(dataDir, options);
  const { clock, makeStop } = local;
  const sftp = openSftp(database, { ...options, ...local, secrets });
  const { connections } = sftp;
  const runOf = (id: string) => store.get(id);
  const machine = { ...local, ...jobPorts(database, { ...local, secrets, connections, runOf }) };
  const keys = sqlKeys(database, machine);
  const isOpen = !(await keys.store.hasAny());
  if (isOpen && !isLoopback(options.host)) {
    throw new RowmillError('usage', NEEDS_KEY(options.host));
  }
  const place = filePlaceOf(options, { holder: serverId, makeId: () => makeId('fil') });
  const store = new SqlRunStore(database, place.runs);
  await store.releaseAll();
  const idempotency = new SqlIdempotencyStore(database, { holder: serverId });
  await idempotency.releaseAll();
  const service = new LocalRunService({ ...machine, store, keepsInputs: true });
  const probe = new SqlStoreProbe(database);
  const freeBytes = () => freeBytesOf(place.folder);
  const metrics = new ServerMetrics({
    figures: () => probe.figures(),
    freeBytes,
    slots: () => ({ used: host.usedSlots, all: slots }),
  });
  const news =
    options.database === undefined
      ? undefined
      : new PostgresEventNews({ url: options.database, database, origin: serverId });
  const events = metrics.counting(
    new SqlEventStore(database, news),
    // The versions of scripts are without number, and would be as many labels.
    async (runId) =>
      (await store.get(runId)).record.task.replace(/^(job|service|entity)\/.*@\d+$/, '$1'),
    (error) => onError(error, undefined),
  );
  const feed = new RunEventFeed(events, news);
  const entities = await openEntities(database, options, {
    serverId,
    runs: store,
    box,
    clock,
    makeStop,
  });
  const jobs = openJobs(database, {
    serverId,
    service,
    runs: store,
    feed,
    tasks: entities.tasks,
    scripts: { process: options.scripts, ...options.moreScripts },
    lacking: options.lackingForScripts ?? {},
    secrets,
    sftp: connections,
    arrivedFor: (runId) => schedules.arrivedFor(runId),
    machine,
    onError,
  });
  const host: RunHost = new RunHost(
    { service: jobs.service, store, feed, tasks: jobs.tasks, clock, makeStop, onError },
    { slots },
  );
  const { jobs: jobsForApi, queues } = jobs.forApi(host);
  const hosting = { service, store, runs: store, host, feed, tasks: jobs.tasks, clock, makeStop };
  const schedules = await openSchedules(database, {
    ...hosting,
    serverId,
    place: place.name,
    fileRoots: options.fileRoots ?? [],
    sftp: connections,
    copies: join(dataDir, 'arrived'),
    jobs: jobsForApi,
    makeId: machine.makeId,
    onError,
  });
  const deleted = openDeletedRuns(database, { store, place, days: options.keepDeletedDays });
  const control = new RunControl({ ...hosting, ...deleted.forControl, queues: queues.store });
  const webhooks = openWebhooks(new SqlWebhookStore(database, box), {
    version: options.version,
    allowAddresses: options.allowAddresses,
    mail: options.mail,
    note,
    clock,
    makeStop,
    onAttempt: (attempt) => metrics.attempted(attempt),
    onError,
  });
  const alerts = openAlerts(database, {
    feed,
    clock,
    makeId,
    makeStop,
    publicUrl: options.publicUrl,
    sendsMail: options.mail !== undefined,
    onTold: () => webhooks.wake(),
    onError,
  });
  const received = await openReceivedFiles(options, {
    database,
    place,
    runs: { ...machine, store },
    makeId,
    counting: (files) => metrics.countingUploads(files),
  });
  const upkeep = await openUpkeep(database, {
    serverId,
    place: place.name,
    options,
    store,
    control,
    ...deleted,
    ...received.ports,
    idempotency,
    keys: keys.store,
    tellUntold: () => schedules.tellUntold(),
    firings: {
      prune: async (ms) => (await schedules.prune(ms)) + (await queues.prune(ms)),
    },
    webhooks: webhooks.store,
    alerts,
    pruneStorage: () => jobs.pruneStorage(),
    note,
    clock,
    makeId,
    makeStop,
    onError,
  });
  const server = createApiServer({
    version: options.version,
    service,
    store,
    idempotency,
    jobs: jobsForApi,
    entities: entities.forApi({ service, host, feed }),
    executors: jobs.executors,
    schedules,
    events: schedules.events,
    queues,
    webhooks,
    sftp,
    alerts,
    metrics,
    retention: upkeep.retention,
    systemJobs: upkeep,
    readiness: readinessOf({
      probe,
      host,
      freeBytes,
      minFreeBytes: options.minFreeBytes,
      lookAtFiles: () => place.look(),
    }),
    host,
    control,
    bin: deleted.bin,
    feed,
    families: new RunFamilies({ ...machine, store, keepsInputs: true }),
    derivedFiles: new DerivedRunFiles({ ...machine, store }, new LocalDerivedFileCache()),
    tasks: options.tasks,
    ...received.ports,
    inspectInput: (file) => inspectInput(file, machine),
    authenticator: keyAuthenticator({ keys, clock }, options),
    keys,
    secrets,
    audit,
    limits: new RateLimits(options.requestsPerMinute),
    onRequest: options.onRequest,
    settings: apiSettingsOf(options),
    clock,
    makeId,
    onError,
  });
  const url = await listen(server, options);
  host.open();
  webhooks.open();
  schedules.open();
  alerts.open();
  await queues.open();
  upkeep.open();
  const clearing = entities.keepClear();
  return {
    url,
    isOpen,
    async close() {
      server.close();
      // A store that is gone must keep nobody from ending.
      const ends = [
        schedules.close(),
        queues.close(),
        host.close(GRACE_MS),
        received.close(),
        webhooks.close(),
        upkeep.close(),
        alerts.close(),
        connections.close(),
        clearing.close(),
        news?.close() ?? Promise.resolve(),
      ];
      for (const end of await Promise.allSettled(ends)) {
        if (end.status === 'rejected') onError(end.reason, 'end');
      }
      feed.close();
      store.close();
      // What was sent last leaves at the end of this turn.
      await new Promise((resolve) => void setImmediate(resolve));
      server.closeAllConnections();
      idempotency.close();
    },
  };
}
