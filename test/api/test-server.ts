import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ScriptExecutor } from '../../src/engine/ports/script-executor.ts';
import { TaskRegistry } from '../../src/engine/task/registry.ts';
import type { Task } from '../../src/engine/task/task.ts';
import { startServer, type RunningServer } from '../../src/server-app.ts';
import type { ServerOptions } from '../../src/server-options.ts';
import { openPostgres } from '../../src/stores/sql/open-postgres.ts';
import { openSqlite } from '../../src/stores/sql/open-sqlite.ts';
import type { SqlDatabase } from '../../src/stores/sql/sql-database.ts';
import { makeMigratedDatabase } from '../contract/sql-worlds.ts';
import { startPostgres } from '../tasks/postgres-cluster.ts';
import { watchAnswers } from './described-answers.ts';

/** TEST_API_STORE=postgres: all servers have a database of their own there instead of SQLite (one-cluster.ts). */
const postgres = process.env['TEST_API_STORE'] === 'postgres' ? await startPostgres() : undefined;
/** Of each folder: a server that is started again has the same. */
const databases = new Map<string, string>();

async function databaseOf(folder: string): Promise<string | undefined> {
  if (postgres === undefined) return undefined;
  const url = databases.get(folder) ?? (await makeMigratedDatabase(postgres));
  databases.set(folder, url);
  return url;
}

/** What most answers are. */
type JsonBody = Readonly<Record<string, unknown>> & { readonly id: string };

/** A server of a test: its own folder, a free port of 127.0.0.1. */
export interface TestServer extends RunningServer {
  readonly folder: string;
  /** What went wrong inside. */
  readonly errors: unknown[];
  /** A request with a JSON answer. */
  json(
    path: string,
    init?: RequestInit,
  ): Promise<{ readonly status: number; readonly body: JsonBody }>;
  /** The same with a method and, where there is one, a body of JSON. */
  send(method: string, path: string, body?: unknown): ReturnType<TestServer['json']>;
  /** Its database, to look into or to change behind its back. */
  openStore(): Promise<SqlDatabase>;
  /** Ends the server; its folder stays. */
  stop(): Promise<void>;
}

const NO_SCRIPTS: ScriptExecutor = {
  run: () => Promise.reject(new Error('this test has no executor of scripts')),
  runtimes: async () => [],
  isolation: async () => 'there is nothing to isolate',
};

/** Starts a server with these tasks. `folder` is that of an earlier one that was stopped. */
export async function startTestServer(
  tasks: readonly Task[],
  { folder, ...options }: Partial<ServerOptions> & { readonly folder?: string } = {},
): Promise<TestServer> {
  const home = folder ?? (await mkdtemp(join(tmpdir(), 'rowmill-server-')));
  const registry = new TaskRegistry();
  for (const task of tasks)
    registry.add({ task, codeHash: `hash of ${task.name}`, origin: 'the test' });
  const errors: unknown[] = [];
  const server = await startServer({
    version: '1.2.3',
    dataDir: home,
    host: '127.0.0.1',
    port: 0,
    database: await databaseOf(home),
    tasks: {
      find: async (name) => registry.get(name),
      list: async () => registry.list(),
      problems: [],
    },
    threads: undefined,
    scripts: NO_SCRIPTS,
    allowAddresses: [],
    corsOrigins: [],
    requestsPerMinute: 0,
    maxConnections: 1000,
    onRequest: () => undefined,
    maxUploadBytes: 64 * 1024 * 1024,
    slots: 2,
    onError: (error) => errors.push(error),
    ...options,
  });
  // Every answer of every test is compared with the description of the API.
  const undescribed = watchAnswers(Number(new URL(server.url).port));
  const stop = async (): Promise<void> => {
    await server.close();
    if (undescribed.length > 0) {
      throw new Error(`not as /openapi.json says:\n${undescribed.join('\n')}`);
    }
  };
  const json: TestServer['json'] = async (path, init) => {
    const response = await fetch(`${server.url}${path}`, init);
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as JsonBody };
  };
  return {
    ...server,
    folder: home,
    errors,
    json,
    send(method, path, body) {
      const headers = { 'content-type': 'application/json' };
      const sent = body === undefined ? {} : { headers, body: JSON.stringify(body) };
      return json(path, { method, ...sent });
    },
    async openStore() {
      const url = databases.get(home);
      return url === undefined ? openSqlite(join(home, 'server.db')) : openPostgres(url);
    },
    stop,
    async close() {
      try {
        await stop();
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
  };
}

/** Asks for a run until it has ended. Bounded: 20 s. */
export async function endedRun(server: TestServer, runId: string): Promise<JsonBody> {
  for (let tries = 0; tries < 400; tries += 1) {
    const { body } = await server.json(`/v1/runs/${runId}`);
    if (body['status'] !== 'pending' && body['status'] !== 'executing') return body;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`run ${runId} did not end`);
}

/** Asks for the lines of the audit with this action until there is one. Bounded: 20 s. */
export async function audited(server: TestServer, action: string): Promise<readonly unknown[]> {
  for (let tries = 0; tries < 400; tries += 1) {
    const { body } = await server.json(`/v1/audit?action=${action}`);
    const lines = body['data'] as readonly unknown[];
    if (lines.length > 0) return lines;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the audit has no ${action}`);
}

/** Asks until what is found is so, and gives it. Bounded: about 50 s. */
export async function until<Found>(
  ask: () => Promise<Found>,
  isSo: (found: Found) => boolean,
): Promise<Found> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const found = await ask();
    if (isSo(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it did not come to this: ${JSON.stringify(await ask())}`);
}
