import Database from 'libsql';
import { SqliteDialect } from 'kysely';
import { makePrivateFile } from '../make-private-file.ts';
import { guardedKysely } from './guard-transactions.ts';
import type { SqlDatabase } from './sql-database.ts';

/** One file, every commit on the disk (FULL). Its calls are synchronous: queries stay small. */
export function openSqlite(path: string): SqlDatabase {
  makePrivateFile(path);
  const database = new Database(path);
  database.pragma('busy_timeout = 5000');
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  const db = guardedKysely(new SqliteDialect({ database }));
  return { db, kind: 'sqlite', bytesType: 'blob', name: path };
}
