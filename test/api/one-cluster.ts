import { NOT_RUN, startPostgres } from '../tasks/postgres-cluster.ts';

/** With TEST_API_STORE=postgres one PostgreSQL for all files: each server has a database of its own there. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env['TEST_API_STORE'] !== 'postgres') return undefined;
  const postgres = await startPostgres();
  if (postgres === undefined) throw new Error(NOT_RUN);
  process.env['TEST_DATABASE_URL'] = postgres.url;
  return () => postgres.stop();
}
