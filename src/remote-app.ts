import { once } from 'node:events';
import { ApiClient } from './client/api-client.ts';
import type { ByteSink } from './client/download.ts';
import { KazooTasks } from './client/kazoo-tasks.ts';
import { ProfileStore, type Profile } from './client/profiles.ts';
import { RemoteExecutors } from './client/remote-executors.ts';
import { RemoteJobs } from './client/remote-jobs.ts';
import { RemoteEvents } from './client/remote-events.ts';
import { RemoteQueues } from './client/remote-queues.ts';
import { RemoteSchedules } from './client/remote-schedules.ts';
import { RemoteRunService } from './client/remote-run-service.ts';
import { RemoteSftp } from './client/remote-sftp.ts';
import { RemoteSources } from './client/remote-sources.ts';
import { RemoteEntities } from './client/remote-entities.ts';
import { RemoteServices } from './client/remote-services.ts';
import { RemoteSecrets } from './client/remote-secrets.ts';
import { RemoteAlerts } from './client/remote-alerts.ts';
import { RemoteSystem } from './client/remote-system.ts';
import { RemoteTasks } from './client/remote-tasks.ts';
import { RowmillError } from './engine/errors.ts';
import type { Settings } from './settings.ts';

/** A server as the commands see it. */
export interface RemoteApp {
  readonly url: string;
  readonly tasks: RemoteTasks;
  readonly runs: RemoteRunService;
  readonly kazoo: KazooTasks;
  readonly jobs: RemoteJobs;
  readonly executors: RemoteExecutors;
  readonly schedules: RemoteSchedules;
  readonly events: RemoteEvents;
  readonly queues: RemoteQueues;
  readonly system: RemoteSystem;
  readonly alerts: RemoteAlerts;
  readonly services: RemoteServices;
  readonly sources: RemoteSources;
  readonly sftp: RemoteSftp;
  readonly entities: RemoteEntities;
  readonly secrets: RemoteSecrets;
}

interface RemoteOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
}

/** The server that the settings name, by its address or by a login. */
export async function openRemote(
  settings: Pick<Settings, 'server' | 'profile'>,
  { environment, version }: RemoteOptions,
): Promise<RemoteApp> {
  const { server: url, key } = await profileOf(settings, environment);
  const client = new ApiClient({ url, key, version });
  const streams = { stdin: () => process.stdin, stdout: sinkOf(process.stdout) };
  return {
    url: client.url,
    tasks: new RemoteTasks(client),
    runs: new RemoteRunService(client, streams),
    jobs: new RemoteJobs(client),
    executors: new RemoteExecutors(client),
    schedules: new RemoteSchedules(client),
    events: new RemoteEvents(client),
    queues: new RemoteQueues(client),
    system: new RemoteSystem(client),
    alerts: new RemoteAlerts(client),
    services: new RemoteServices(client),
    sources: new RemoteSources(client),
    sftp: new RemoteSftp(client, () => streams.stdout),
    entities: new RemoteEntities(client),
    kazoo: new KazooTasks(client, { key, stdout: streams.stdout }),
    secrets: new RemoteSecrets(client),
  };
}

/** Throws unless the server is there and takes the key. */
export async function tryServer({ server: url, key }: Profile, version: string): Promise<void> {
  const client = new ApiClient({ url, key, version });
  try {
    await client.text({ method: 'GET', path: '/v1/tasks' });
  } finally {
    await client.close();
  }
}

/** A key goes to the server it was given for, and to no other. */
async function profileOf(
  { server, profile: name }: Pick<Settings, 'server' | 'profile'>,
  environment: RemoteOptions['environment'],
): Promise<Profile> {
  const profiles = new ProfileStore(environment);
  const fromEnvironment = environment['ROWMILL_API_KEY'] || undefined;
  const named = name === undefined ? undefined : await profiles.get(name);
  if (server === undefined) {
    if (named === undefined) throw new RowmillError('usage', 'say which server: --server URL');
    return { ...named, key: fromEnvironment ?? named.key };
  }
  if (named !== undefined && originOf(named.server) !== originOf(server)) {
    const message = `profile ${name} is a login to ${named.server}, not to ${server}: its key goes nowhere else`;
    throw new RowmillError('usage', message);
  }
  const others = [...(await profiles.list()).values()];
  const same = others.find((other) => originOf(other.server) === originOf(server));
  return { server, key: fromEnvironment ?? (named ?? same)?.key };
}

function originOf(server: string): string {
  return new URL(server).origin;
}

function sinkOf(stream: NodeJS.WriteStream): ByteSink {
  return {
    async write(bytes) {
      if (!stream.write(bytes)) await once(stream, 'drain');
    },
  };
}
