import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';

/** One PostgreSQL for all files: each server has a database of its own there. */
export default async function setup(): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  if (postgres === undefined) throw new Error(NOT_RUN);
  process.env['TEST_DATABASE_URL'] = postgres.url;
  return () => postgres.stop();
}
