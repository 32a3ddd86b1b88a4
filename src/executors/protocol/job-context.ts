import type { JsonValue, ScriptLogLevel } from '../../engine/ports/script-executor.ts';
import { SCRIPT_LOG_LEVELS } from '../../engine/ports/script-executor.ts';
import type {
  JobContext,
  JobLog,
  JobSecrets,
  JobSftp,
  JobStorage,
} from '../../engine/script/job.ts';
import type {
  Answer,
  FromProgram,
  SftpRequest,
  StartMessage,
  StorageRequest,
} from './script-wire.ts';

/** What is asked of the host: its id is given to it. */
type Asked = Omit<StorageRequest, 'id'> | Omit<SftpRequest, 'id'>;

interface Host {
  readonly signal: AbortSignal;
  readonly tell: (message: FromProgram) => void;
  /** Rejects with what the host says is wrong. */
  readonly ask: (request: Asked) => Promise<Answer>;
}

/** What a job sees of its host. */
export function makeJobContext(
  { secrets, log_level: least }: Pick<StartMessage, 'secrets' | 'log_level'>,
  host: Host,
): JobContext {
  return {
    secrets: jobSecrets(secrets),
    storage: jobStorage((request) => host.ask({ type: 'storage', ...request })),
    sftp: (connection) => jobSftp(connection, host.ask),
    log: jobLog(least, host.tell),
    signal: host.signal,
  };
}

function jobSecrets(values: Readonly<Record<string, JsonValue>>): JobSecrets {
  return {
    get(key) {
      const value = Object.hasOwn(values, key) ? values[key] : undefined;
      if (value !== undefined) return value;
      const there = Object.keys(values).join(', ') || 'none';
      throw new Error(`there is no secret ${JSON.stringify(key)}; attached to this job: ${there}`);
    },
    has: (key) => Object.hasOwn(values, key),
    keys: () => Object.keys(values),
  };
}

function jobSftp(connection: string, ask: Host['ask']): JobSftp {
  const asked = async (request: Omit<SftpRequest, 'type' | 'id' | 'connection'>) =>
    (await ask({ type: 'sftp', connection, ...request })).value;
  const read = async (path: string): Promise<Buffer> => {
    const data = await asked({ operation: 'read', path });
    if (typeof data !== 'string') throw new TypeError(`${path}: the host gave no bytes`);
    return Buffer.from(data, 'base64');
  };
  return {
    read,
    readText: async (path) => (await read(path)).toString('utf8'),
    async write(path, content) {
      const data = Buffer.from(content).toString('base64');
      await asked({ operation: 'write', path, data });
    },
    async list(folder = '') {
      // What the host says it gives.
      return (await asked({ operation: 'list', path: folder })) as unknown as Awaited<
        ReturnType<JobSftp['list']>
      >;
    },
    async rename(path, to) {
      await asked({ operation: 'rename', path, to });
    },
    delete: async (path) => (await asked({ operation: 'delete', path })) === true,
    exists: async (path) => (await asked({ operation: 'exists', path })) === true,
  };
}

function jobStorage(
  ask: (request: Omit<StorageRequest, 'type' | 'id'>) => Promise<Answer>,
): JobStorage {
  async function get(key: string): Promise<JsonValue | undefined>;
  async function get<Value>(key: string, otherwise: Value): Promise<Value>;
  async function get(key: string, otherwise?: unknown): Promise<unknown> {
    const { found, value } = await ask({ operation: 'get', key });
    return found === true ? value : otherwise;
  }
  return {
    get,
    async set(key, value, { ttlSeconds: ttl } = {}) {
      await ask({ operation: 'set', key, value: storable(key, value), ttl });
    },
    async delete(key) {
      return (await ask({ operation: 'delete', key })).value === true;
    },
    async list(prefix = '') {
      return (await ask({ operation: 'list', key: prefix })).value as readonly string[]; // the host's keys
    },
    async compareAndSet(key, { expected, value, ttlSeconds: ttl }) {
      const change = { value: storable(key, value), expected, ttl };
      return (await ask({ operation: 'compare_and_set', key, ...change })).value === true;
    },
  };
}

function storable(key: string, value: unknown): JsonValue {
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`storage "${key}": ${typeof value} is no JSON value`);
  return JSON.parse(json) as JsonValue;
}

function jobLog(least: ScriptLogLevel, tell: Host['tell']): JobLog {
  const write =
    (level: ScriptLogLevel) =>
    (message: string, fields?: Readonly<Record<string, unknown>>): void => {
      if (SCRIPT_LOG_LEVELS.indexOf(level) < SCRIPT_LOG_LEVELS.indexOf(least)) return;
      const text = fields === undefined ? message : `${message} ${JSON.stringify(fields)}`;
      tell({ type: 'log', level, message: text });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}
