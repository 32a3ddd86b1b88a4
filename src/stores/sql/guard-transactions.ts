import { AsyncLocalStorage } from 'node:async_hooks';
import { Kysely, type Dialect, type Driver } from 'kysely';
import type { StoreSchema } from './schema.ts';

/** A transaction in hand. */
interface Open {
  hasConnection: boolean;
  isOver: boolean;
}

const open = new AsyncLocalStorage<Open>();

/**
 * A database whose transactions hold the connection alone. A statement that is sent past the transaction
 * from inside would wait for a connection that is let go only behind it (SQLite has one), or would not be
 * part of it (PostgreSQL): here it throws at once.
 */
export function guardedKysely(dialect: Dialect): Kysely<StoreSchema> {
  const db = new Kysely<StoreSchema>({ dialect: guardedDialect(dialect) });
  const begin = db.transaction.bind(db);
  db.transaction = () => {
    const transaction = begin();
    const execute = transaction.execute.bind(transaction);
    transaction.execute = (work) => {
      const mine: Open = { hasConnection: false, isOver: false };
      const outer = open.getStore();
      if (isNested(outer)) return Promise.reject(nested());
      return open.run(mine, async () => {
        try {
          return await execute(work);
        } finally {
          // A timer that was begun inside lives on.
          mine.isOver = true;
        }
      });
    };
    return transaction;
  };
  return db;
}

function guardedDialect(dialect: Dialect): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createDriver: () => guardedDriver(dialect.createDriver()),
  };
}

function guardedDriver(driver: Driver): Driver {
  const acquire = driver.acquireConnection.bind(driver);
  driver.acquireConnection = async () => {
    const transaction = open.getStore();
    if (isNested(transaction)) throw nested();
    if (transaction !== undefined) transaction.hasConnection = true;
    return acquire();
  };
  const rollback = driver.rollbackTransaction.bind(driver);
  // What made it necessary is the error to hear of: a connection that broke has rolled back by itself, and
  // so has SQLite on a full disk.
  driver.rollbackTransaction = (connection) => rollback(connection).catch(() => undefined);
  return driver;
}

function isNested(transaction: Open | undefined): boolean {
  return transaction !== undefined && transaction.hasConnection && !transaction.isOver;
}

function nested(): Error {
  return new Error('the store was used inside a transaction of its own: use the transaction');
}
