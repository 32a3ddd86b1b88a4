import { execFile, spawn, type ChildProcess } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';

/** A PostgreSQL server of this test, or one that TEST_DATABASE_URL names. */
export interface TestPostgres {
  readonly url: string;
  /** Breaks all connections, as a restart of the server does. */
  disconnectAll(): Promise<void>;
  stop(): Promise<void>;
}

/** What stands in a test's name where PostgreSQL is not there. In CI that is a failure. */
export const NOT_RUN =
  'NOT RUN: no PostgreSQL on this machine (install it, or set TEST_DATABASE_URL)';

/** Of a memory file system, in bytes. */
const ENOUGH_MEMORY = 4 * 2 ** 30;

/** Undefined when there is no PostgreSQL; says so aloud, and throws in CI. */
export async function startPostgres(): Promise<TestPostgres | undefined> {
  const url = process.env['TEST_DATABASE_URL'];
  if (url !== undefined && url !== '') return server(url, async () => undefined);
  const programs = findPrograms();
  if (programs === undefined) {
    if (process.env['CI'] !== undefined) throw new Error(NOT_RUN);
    console.warn(NOT_RUN);
    return undefined;
  }
  return startCluster(programs);
}

async function startCluster(programs: string): Promise<TestPostgres> {
  const folder = mkdtempSync(join(placeOfClusters(), 'rowmill-postgres-'));
  // The server refuses to run as root.
  const nobody = 65_534;
  const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if (user.uid !== undefined) chownSync(folder, nobody, nobody);
  const data = join(folder, 'data');
  const initdb = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
  ];
  await promisify(execFile)(join(programs, 'initdb'), initdb, { ...user, cwd: folder });
  const port = await freePort();
  const options = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F'];
  const process_ = spawn(join(programs, 'postgres'), options, {
    ...user,
    cwd: folder,
    stdio: 'ignore',
  });
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const stop = async (): Promise<void> => {
    await ended(process_);
    rmSync(folder, { recursive: true, force: true });
  };
  await accepts(url, process_);
  return server(url, stop);
}

function server(url: string, stop: () => Promise<void>): TestPostgres {
  return {
    url,
    stop,
    disconnectAll: () =>
      asked(
        url,
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL',
      ).then(() => undefined),
  };
}

/** The rows of one statement. */
export async function asked(
  url: string,
  statement: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** In memory where there is plenty: what a cluster writes is thousands of small files, and all are thrown away. */
function placeOfClusters(): string {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > ENOUGH_MEMORY ? memory : tmpdir();
}

function findPrograms(): string | undefined {
  const installed = '/usr/lib/postgresql';
  const versions = existsSync(installed) ? readdirSync(installed) : [];
  const folders = [
    ...versions.map((version) => join(installed, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  const initdb = folders.map((folder) => join(folder, 'initdb')).find((file) => existsSync(file));
  return initdb === undefined ? undefined : dirname(realpathSync(initdb));
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

async function accepts(url: string, process_: ChildProcess): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await asked(url, 'SELECT 1');
      return;
    } catch (error) {
      if (attempt === 150 || process_.exitCode !== null) throw error;
      await sleep(100);
    }
  }
}

async function ended(process_: ChildProcess): Promise<void> {
  if (process_.exitCode !== null) return;
  const exit = new Promise((resolve) => {
    process_.once('exit', resolve);
  });
  // At once, without a checkpoint of all it has: it is thrown away.
  process_.kill('SIGQUIT');
  await exit;
}
