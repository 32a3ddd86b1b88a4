import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { LocalRunStore } from '../../src/stores/local/local-run-store.ts';
import { systemClock } from '../../src/system/system-clock.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';
import { describeAlertStore } from './alert-store.ts';
import { openAlertWorld } from './alert-world.ts';
import { describeAuditStore } from './audit-store.ts';
import { describeEventStore } from './event-store.ts';
import { describeJobStorages } from './job-storage.ts';
import { describeExecutorStore } from './executor-store.ts';
import { DEFINITION, describeJobStore } from './job-store.ts';
import { describeKeyStore } from './key-store.ts';
import { describeEntityRunStore } from './entity-run-store.ts';
import { describeServiceCallStore } from './service-call-store.ts';
import { describeSftpStore } from './sftp-store.ts';
import { describeSourceStore } from './source-store.ts';
import { describeSecretStore } from './secret-store.ts';
import { describeSystemJobStore } from './system-job-store.ts';
import { describeToldEventStore } from './told-event-store.ts';
import { describeHostedRunStore, describeRunStore } from './run-store.ts';
import {
  openAuditWorld,
  openEventWorld,
  openExecutorWorld,
  openJobWorld,
  openKeyWorld,
  openSecretWorld,
  openSftpWorld,
  openSourceWorld,
  openSystemWorld,
  openServiceCallWorld,
  openEntityRunWorld,
  openToldEventWorld,
  openWorld,
} from './sql-worlds.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

describeRunStore('files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rowmill-store-'));
  return {
    store: () => new LocalRunStore(folder, systemClock),
    close: () => rm(folder, { recursive: true, force: true }),
  };
});

describe.each([
  ['SQLite', undefined],
  ['PostgreSQL', postgres],
] as const)('%s', (name, server) => {
  if (name === 'PostgreSQL' && server === undefined) {
    it.skip(NOT_RUN, () => undefined);
    return;
  }
  describeRunStore(name, () => openWorld(server));
  describeHostedRunStore(name, () => openWorld(server));
  describeEventStore(name, () => openEventWorld(server));
  describeJobStore(name, () => openJobWorld(server));
  describeJobStorages(name, () => openJobWorld(server));
  describeKeyStore(name, () => openKeyWorld(server));
  describeExecutorStore(name, { open: () => openExecutorWorld(server), definition: DEFINITION });
  describeAuditStore(name, () => openAuditWorld(server));
  describeSftpStore(name, () => openSftpWorld(server));
  describeSourceStore(name, () => openSourceWorld(server));
  describeSecretStore(name, () => openSecretWorld(server));
  describeAlertStore(name, () => openAlertWorld(server));
  describeSystemJobStore(name, () => openSystemWorld(server));
  describeEntityRunStore(name, () => openEntityRunWorld(server));
  describeServiceCallStore(name, () => openServiceCallWorld(server));
  describeToldEventStore(name, () => openToldEventWorld(server));
});
