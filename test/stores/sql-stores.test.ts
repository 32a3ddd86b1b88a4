import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { migrate } from '../../src/stores/sql/migrate.ts';
import { MIGRATIONS } from '../../src/stores/sql/migrations/migrations.ts';
import { CHECKPOINT, recordOf } from '../contract/run-store.ts';
import { openWorld } from '../contract/sql-worlds.ts';
import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';

const postgres = await startPostgres();
afterAll(() => postgres?.stop());

type World = Awaited<ReturnType<typeof openWorld>>;
const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

async function opened(server: typeof postgres): Promise<World> {
  const world = await openWorld(server);
  worlds.push(world);
  return world;
}

const STORES = [['SQLite', undefined] as const, ['PostgreSQL', postgres] as const].filter(
  ([name, server]) => name === 'SQLite' || server !== undefined,
);

if (postgres === undefined) it.skip(NOT_RUN, () => undefined);

describe.each(STORES)('a transaction in %s', (_, server) => {
  it('lets no other statement slip in while it waits for something else', async () => {
    const world = await opened(server);
    const { db } = world.database;
    await (await world.store('a').create(recordOf('run_a'))).release();
    const order: string[] = [];
    let isInside = (): void => undefined;
    const inside = new Promise<void>((resolve) => {
      isInside = resolve;
    });
    let letGo = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const transaction = db.transaction().execute(async (own) => {
      await own.updateTable('runs').set({ message: 'inside' }).execute();
      isInside();
      await gate;
      order.push('transaction');
      throw new Error('changed its mind');
    });
    const failed = expect(transaction).rejects.toThrow('changed its mind');
    await inside;
    const other = db
      .updateTable('runs')
      .set({ task: 'other/one' })
      .execute()
      .then(() => order.push('other'));
    for (let turns = 0; turns < 50; turns += 1) await turn();
    letGo();
    await failed;
    await other;
    // The other statement is behind it, and is not rolled back with it.
    expect(order).toEqual(['transaction', 'other']);
    const row = await db.selectFrom('runs').select(['message', 'task']).executeTakeFirstOrThrow();
    expect(row).toEqual({ message: null, task: 'other/one' });
  });

  it('throws at once where the store itself is used inside', async () => {
    const world = await opened(server);
    const { db } = world.database;
    const store = world.store('a');
    await expect(
      db.transaction().execute(async () => {
        await store.list();
      }),
    ).rejects.toThrow('used inside a transaction');
    await expect(
      db.transaction().execute(() => db.transaction().execute(async () => undefined)),
    ).rejects.toThrow('used inside a transaction');
    // And it is free again.
    expect(await store.list()).toEqual([]);
  });

  it('does not bind what was begun inside and goes on behind it', async () => {
    const world = await opened(server);
    let later: Promise<unknown> = Promise.resolve();
    await world.database.db.transaction().execute(async (inside) => {
      await inside.selectFrom('runs').select('id').execute();
      later = turn().then(() => turn().then(() => turn().then(() => turn())));
      later = later.then(() => new Promise((resolve) => setTimeout(resolve, 20)));
      later = later.then(() => world.store('a').list());
    });
    expect(await later).toEqual([]);
  });
});

describe('a full disk under SQLite', () => {
  it('refuses the checkpoint in words, keeps the last one, and all is well when there is room', async () => {
    const world = await opened(undefined);
    const { db } = world.database;
    const held = await world.store('a').create(recordOf('run_a'));
    await held.setStatus('executing', {});
    await held.saveCheckpoint(CHECKPOINT);
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(db);
    await sql.raw(`pragma max_page_count = ${rows[0]?.page_count}`).execute(db);
    const large = { ...CHECKPOINT, succeeded: 11, state: new Uint8Array(1_000_000) };
    await expect(held.saveCheckpoint(large)).rejects.toMatchObject({ code: 'disk_full' });
    expect(held.checkpoint).toEqual(CHECKPOINT);
    expect((await world.store('b').get('run_a')).state.succeeded).toBe(10);
    await sql.raw('pragma max_page_count = 1000000').execute(db);
    await held.saveCheckpoint(large);
    await held.release();
    const again = await world.store('b').hold('run_a');
    expect(again.checkpoint).toEqual(large);
    await again.release();
  });
});

describe.skipIf(postgres === undefined)('a connection that is cut under PostgreSQL', () => {
  it('is noticed by nobody who writes: the commit is sent again', async () => {
    const world = await opened(postgres);
    const held = await world.store('a').create(recordOf('run_a'));
    await held.setStatus('executing', {});
    for (let step = 1; step <= 10; step += 1) {
      const cut = postgres?.disconnectAll();
      await held.saveCheckpoint({ ...CHECKPOINT, succeeded: step });
      await cut;
    }
    await held.setStatus('success', {});
    await held.release();
    const { state } = await world
      .store('b')
      .get('run_a')
      .catch(() => world.store('b').get('run_a'));
    expect(state).toMatchObject({ status: 'success', succeeded: 10 });
  });
});

/** Takes away all tables, those of the migrator too. */
async function empty({ db, kind }: World['database']): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  for (const { name } of tables) {
    if (name.startsWith('sqlite_')) continue;
    await sql
      .raw(`drop table if exists "${name}"${kind === 'postgres' ? ' cascade' : ''}`)
      .execute(db);
  }
}

describe.each(STORES)('a database of the first release in %s', (_, server) => {
  it('opens in this one, with its runs and their checkpoints', async () => {
    const world = await opened(server);
    const { database } = world;
    const { db } = database;
    await empty(database);
    const [first = ''] = Object.keys(MIGRATIONS);
    await migrate(database, { upTo: first });
    const tables = (await db.introspection.getTables()).map(({ name }) => name).sort();
    expect(tables).toEqual(['checkpoints', 'run_events', 'runs']);
    await sql`insert into runs (id, account_id, auth_account_id, task, record, status, created_at, holder, lease_until)
      values ('run_old', 'local', 'local', 'a/b', ${JSON.stringify(recordOf('run_old'))}, 'executing', 1, 'main', 1)`.execute(
      db,
    );
    await sql`insert into checkpoints (run_id, input_byte, row_number, line, output_bytes, errors_bytes, state)
      values ('run_old', 7, 2, 2, 9, 0, ${Buffer.from([1, 2])})`.execute(db);
    await migrate(database);
    await migrate(database);
    const store = world.store('a');
    expect(await store.due(1)).toEqual([{ runId: 'run_old', accountId: 'local' }]);
    const held = await store.hold('run_old');
    expect(held.checkpoint).toMatchObject({ outputBytes: 9, state: new Uint8Array([1, 2]) });
    await held.setStatus('success', { checkpoint: CHECKPOINT });
    await held.release();
    expect((await store.get('run_old')).state).toMatchObject({ status: 'success', succeeded: 10 });
  });

  it('is left as it was where a migration fails', async () => {
    const { database } = await opened(server);
    const { db } = database;
    const [first = '', ...later] = Object.keys(MIGRATIONS);
    const tables = async () => (await db.introspection.getTables()).map(({ name }) => name).sort();
    await empty(database);
    await migrate(database, { upTo: first });
    await sql`create table alert_turns (id text)`.execute(db);
    const before = await tables();
    await expect(migrate(database)).rejects.toThrow(/migration \d+-\S+: .*alert_turns/);
    expect(await tables()).toEqual(before);
    await sql`drop table alert_turns`.execute(db);
    await migrate(database);
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
    expect(rows.map(({ name }) => name).sort()).toEqual([first, ...later]);
  });

  it('of a later release is refused in words', async () => {
    const world = await opened(server);
    await sql`insert into kysely_migration (name, timestamp) values ('999-later', '2099')`.execute(
      world.database.db,
    );
    await expect(migrate(world.database)).rejects.toThrow('999-later');
  });
});
