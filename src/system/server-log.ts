import { pino, type DestinationStream } from 'pino';
import type { SystemExecution } from '../engine/ports/system-job-store.ts';

/** What is known of a request; the levels that matter follow from its status. */
interface LoggedRequest {
  readonly status: number;
}

type Line = Readonly<Record<string, unknown>> & { readonly event: string };

/** The log of a server: a line of JSON for each event. Secrets and data of people are in none. */
export function openServerLog(
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent',
  stream: DestinationStream,
) {
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name }) },
    },
    stream,
  );
  return {
    info: (line: Line) => log.info(line),
    warn: (line: Line) => log.warn(line),
    /** `about`: the id of what it happened to. */
    error: (error: unknown, about: string | undefined) => {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      log.error({ event: 'error', about, message, stack });
    },
    request: (line: LoggedRequest) => {
      const event = { event: 'request', ...line };
      if (line.status >= 500) log.error(event);
      else log.info(event);
    },
    systemJob: (execution: SystemExecution) => {
      const { id, job, status, counts, startedAtMs, finishedAtMs = startedAtMs } = execution;
      const { message, skipped, trigger } = execution;
      const ms = finishedAtMs - startedAtMs;
      const line = { event: 'system_job', job, execution: id, trigger, status, ms, ...counts };
      const more = { ...(skipped > 0 ? { skipped } : {}), ...(message ? { message } : {}) };
      if (status === 'success') log.info({ ...line, ...more });
      else log.error({ ...line, ...more });
    },
  };
}
