import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunRecord } from '../../src/engine/run/run-record.ts';
import { migrate } from '../../src/stores/sql/migrate.ts';
import { openSqlite } from '../../src/stores/sql/open-sqlite.ts';
import type { SqlDatabase } from '../../src/stores/sql/sql-database.ts';
import { SqlRunStore } from '../../src/stores/sql/sql-run-store.ts';

let folder: string;
let database: SqlDatabase;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rowmill-held-'));
  database = openSqlite(join(folder, 'server.db'));
  await migrate(database);
});
afterEach(async () => {
  await database.db.destroy();
  await rm(folder, { recursive: true, force: true });
});

it('hears what was asked of it before anybody listened', async () => {
  const store = new SqlRunStore(database, { folder, holder: 'test', place: 'here' });
  // The store keeps a record as it is and looks at a few fields of it.
  const record = { formatVersion: 1, runId: 'run_a', task: 'a/b', createdAtMs: 1 } as RunRecord;
  const held = await store.create(record);
  try {
    await store.ask('run_a', 'stop');
    const heard = await new Promise((resolve) => held.onAsked(resolve));
    expect(heard).toBe('stop');
  } finally {
    await held.release();
  }
});
