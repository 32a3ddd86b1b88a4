import type { ScriptLogLevel } from '../../engine/ports/script-executor.ts';
import { SCRIPT_LOG_LEVELS } from '../../engine/ports/script-executor.ts';
import type { JobContext, JobLog, JobSecrets } from '../../engine/script/job.ts';
import type { JsonValue } from '../../engine/task/json-value.ts';
import { taskSftp, taskStorage } from '../../engine/task/run-resources.ts';
import { askedResources, type Ask } from './asked-resources.ts';
import type { FromProgram, StartMessage } from './script-wire.ts';

interface Host {
  readonly signal: AbortSignal;
  readonly tell: (message: FromProgram) => void;
  /** Rejects with what the host says is wrong. */
  readonly ask: Ask;
}

/** What a job sees of its host. */
export function makeJobContext(
  { secrets, log_level: least }: Pick<StartMessage, 'secrets' | 'log_level'>,
  host: Host,
): JobContext {
  const { storage, sftp } = askedResources(host.ask);
  return {
    secrets: jobSecrets(secrets),
    storage: taskStorage(storage),
    sftp: (connection) => taskSftp(sftp(connection)),
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
