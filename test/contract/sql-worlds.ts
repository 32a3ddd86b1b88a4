import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { nanoid } from 'nanoid';
import { migrate } from '../../src/stores/sql/migrate.ts';
import { openPostgres } from '../../src/stores/sql/open-postgres.ts';
import { openSqlite } from '../../src/stores/sql/open-sqlite.ts';
import type { SqlDatabase } from '../../src/stores/sql/sql-database.ts';
import { SqlAuditStore } from '../../src/stores/sql/sql-audit-store.ts';
import { SqlEntityRunStore } from '../../src/stores/sql/sql-entity-run-store.ts';
import { SqlEventStore } from '../../src/stores/sql/sql-event-store.ts';
import { SqlExecutorStore } from '../../src/stores/sql/sql-executor-store.ts';
import { SqlJobRunStore } from '../../src/stores/sql/sql-job-run-store.ts';
import { SqlJobStorages } from '../../src/stores/sql/sql-job-storage.ts';
import { SqlJobStore } from '../../src/stores/sql/sql-job-store.ts';
import { SqlKeyStore } from '../../src/stores/sql/sql-key-store.ts';
import { SqlSftpStore } from '../../src/stores/sql/sql-sftp-store.ts';
import { SqlSourceStore } from '../../src/stores/sql/sql-source-store.ts';
import { SqlRunBin } from '../../src/stores/sql/sql-run-bin.ts';
import { SqlRunStore } from '../../src/stores/sql/sql-run-store.ts';
import { SqlServiceCallStore } from '../../src/stores/sql/sql-service-call-store.ts';
import { SqlEventKindStore, SqlToldEventStore } from '../../src/stores/sql/sql-told-event-store.ts';
import { SqlSecretStore } from '../../src/stores/sql/sql-secret-store.ts';
import { SqlSystemJobStore } from '../../src/stores/sql/sql-system-job-store.ts';
import { asked, type TestPostgres } from '../tasks/postgres-cluster.ts';
import type { JobStorageWorld } from './job-storage.ts';
import type { EntityRunWorld } from './entity-run-store.ts';
import type { ServiceCallWorld } from './service-call-store.ts';
import type { HostedWorld } from './run-store.ts';

/** An empty database of its own in a PostgreSQL server. */
export async function makeDatabase(postgres: TestPostgres, template?: string): Promise<string> {
  const name = `rowmill_${nanoid().toLowerCase().replaceAll('-', '_')}`;
  const like = template === undefined ? '' : ` TEMPLATE "${template}"`;
  await asked(postgres.url, `CREATE DATABASE "${name}"${like}`);
  const url = new URL(postgres.url);
  url.pathname = `/${name}`;
  return url.href;
}

async function dropDatabase(postgres: TestPostgres, url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  // Whoever still listens to it goes with it.
  await asked(postgres.url, `DROP DATABASE "${name}" WITH (FORCE)`);
}

const templates = new Map<TestPostgres, Promise<string>>();

/** One that has the tables of this release: they are made once in a server, and then copied. */
export async function makeMigratedDatabase(postgres: TestPostgres): Promise<string> {
  const known = templates.get(postgres) ?? makeTemplate(postgres);
  templates.set(postgres, known);
  return makeDatabase(postgres, await known);
}

async function makeTemplate(postgres: TestPostgres): Promise<string> {
  const url = await makeDatabase(postgres);
  const database = await openPostgres(url);
  await migrate(database);
  await database.db.destroy();
  return new URL(url).pathname.slice(1);
}

/** Opens SQLite in a folder, or a database of its own in PostgreSQL. */
export async function openWorld(
  postgres: TestPostgres | undefined,
): Promise<HostedWorld & { readonly database: SqlDatabase; readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'rowmill-store-'));
  const url = postgres === undefined ? undefined : await makeMigratedDatabase(postgres);
  const database =
    url === undefined ? openSqlite(join(folder, 'server.db')) : await openPostgres(url);
  await migrate(database);
  const stores = new Map<string, SqlRunStore>();
  const storeOf = (holder: string, place = 'here'): SqlRunStore => {
    const known = stores.get(holder) ?? new SqlRunStore(database, { folder, holder, place });
    stores.set(holder, known);
    return known;
  };
  return {
    database,
    folder,
    store: (process) => storeOf(process),
    elsewhere: (process) => storeOf(process, 'elsewhere'),
    bin: (process) =>
      new SqlRunBin(database, {
        folder,
        place: 'here',
        hold: (runId) => storeOf(process).hold(runId),
      }),
    async expireClaims() {
      await database.db.updateTable('runs').set({ lease_until: 1 }).execute();
    },
    releaseAll: (process) => storeOf(process).releaseAll(),
    async rowsOf(runId) {
      const { db } = database;
      const runs = await db.selectFrom('runs').select('id').where('id', '=', runId).execute();
      const rows = await Promise.all(
        (['checkpoints', 'run_events'] as const).map((name) =>
          db.selectFrom(name).select('run_id').where('run_id', '=', runId).execute(),
        ),
      );
      return [runs, ...rows].flat().length;
    },
    async close() {
      for (const store of stores.values()) store.close();
      await database.db.destroy();
      if (postgres !== undefined && url !== undefined) await dropDatabase(postgres, url);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The same with two runs and their events. */
export async function openEventWorld(postgres: TestPostgres | undefined) {
  const world = await openWorldOfTwo(postgres);
  return { events: new SqlEventStore(world.database), close: () => world.close() };
}

/** The same with the runs `run_a` and `run_b`. */
async function openWorldOfTwo(postgres: TestPostgres | undefined) {
  const world = await openWorld(postgres);
  const account = { account_id: 'a', auth_account_id: 'a' };
  const values = { ...account, task: 'a/b', record: '{}', status: 'pending', created_at: 1 };
  for (const id of ['run_a', 'run_b']) {
    await world.database.db
      .insertInto('runs')
      .values({ ...values, id })
      .execute();
  }
  return world;
}

/** The same with runs of handlers. */
export async function openEntityRunWorld(
  postgres: TestPostgres | undefined,
): Promise<EntityRunWorld> {
  const world = await openWorldOfTwo(postgres);
  return { entities: new SqlEntityRunStore(world.database), close: () => world.close() };
}

/** The same with calls of services. */
export async function openServiceCallWorld(
  postgres: TestPostgres | undefined,
): Promise<ServiceCallWorld> {
  const world = await openWorldOfTwo(postgres);
  const { db } = world.database;
  return {
    calls: new SqlServiceCallStore(world.database),
    async expire() {
      await db.updateTable('service_calls').set({ until: 1 }).execute();
    },
    close: () => world.close(),
  };
}

/** The same for jobs. */
export async function openJobWorld(postgres: TestPostgres | undefined): Promise<JobStorageWorld> {
  const world = await openWorld(postgres);
  const { db } = world.database;
  return {
    jobs: new SqlJobStore(world.database),
    jobRuns: new SqlJobRunStore(world.database),
    storages: new SqlJobStorages(world.database),
    async addRun(id) {
      const account = { account_id: 'acme', auth_account_id: 'acme' };
      const values = { ...account, task: 'a/b', record: '{}', status: 'pending', created_at: 1 };
      await db
        .insertInto('runs')
        .values({ ...values, id })
        .execute();
    },
    async setStatus(id, status) {
      await db.updateTable('runs').set({ status }).where('id', '=', id).execute();
    },
    async dueAt(id) {
      const row = db.selectFrom('runs').select('due_at').where('id', '=', id);
      return (await row.executeTakeFirstOrThrow()).due_at;
    },
    async age(ms) {
      await db
        .updateTable('job_runs')
        .set({ created_at: sql<number>`created_at - ${sql.lit(ms)}` })
        .execute();
    },
    async ageStorage(ms) {
      await db
        .updateTable('job_storage')
        .set((row) => ({ expires_at: row('expires_at', '-', ms) }))
        .execute();
    },
    async fillStorage(jobId, { keys, bytes }) {
      const common = { job_id: jobId, value: '0', revision: 1, bytes, updated_at: 1 };
      for (let at = 0; at < keys; at += 100) {
        const values = Array.from({ length: Math.min(100, keys - at) }, (_, index) => ({
          ...common,
          key: `filler ${at + index}`,
        }));
        await db.insertInto('job_storage').values(values).execute();
      }
    },
    close: () => world.close(),
  };
}

/** A store of keys in a world of its own. */
export async function openKeyWorld(postgres: TestPostgres | undefined) {
  const world = await openWorld(postgres);
  const { database } = world;
  return {
    keys: new SqlKeyStore(database),
    async ageUse(keyId: string, ms: number) {
      await database.db
        .updateTable('api_keys')
        .set((row) => ({ last_used_at: row('last_used_at', '-', ms) }))
        .where('id', '=', keyId)
        .execute();
    },
    close: () => world.close(),
  };
}

/** An audit in a world of its own. */
export async function openAuditWorld(postgres: TestPostgres | undefined) {
  const world = await openWorld(postgres);
  const { database } = world;
  return { audit: new SqlAuditStore(database), close: () => world.close() };
}

/** Secrets in a world of their own. */
export async function openSecretWorld(postgres: TestPostgres | undefined) {
  const world = await openWorld(postgres);
  return { secrets: new SqlSecretStore(world.database), close: () => world.close() };
}

/** Executors of accounts in a world of their own, with the jobs that have them. */
export async function openExecutorWorld(postgres: TestPostgres | undefined) {
  const world = await openWorld(postgres);
  return {
    executors: new SqlExecutorStore(world.database),
    jobs: new SqlJobStore(world.database),
    close: () => world.close(),
  };
}

/** What jobs of the system did, in a world of its own, as servers see it. */
export async function openSystemWorld(postgres: TestPostgres | undefined) {
  const world = await openWorld(postgres);
  const { database } = world;
  return {
    server: (name: string) => new SqlSystemJobStore(database, { holder: name }),
    async expireClaims() {
      await database.db
        .updateTable('system_jobs')
        .set({ lease_until: 1 })
        .where('holder', 'is not', null)
        .execute();
    },
    close: () => world.close(),
  };
}

/** Events that were told, in a world of their own. */
export async function openToldEventWorld(postgres: TestPostgres | undefined) {
  const world = await openWorld(postgres);
  const { database } = world;
  const [events, kinds] = [new SqlToldEventStore(database), new SqlEventKindStore(database)];
  return { events, kinds, close: () => world.close() };
}

/** SFTP connections in a world of their own. */
export async function openSftpWorld(postgres: TestPostgres | undefined) {
  const world = await openWorld(postgres);
  return { sftp: new SqlSftpStore(world.database), close: () => world.close() };
}

/** Sources in a world of their own. */
export async function openSourceWorld(postgres: TestPostgres | undefined) {
  const world = await openWorld(postgres);
  return { sources: new SqlSourceStore(world.database), close: () => world.close() };
}
