import { pino, type DestinationStream } from 'pino';

/** What is known of a request; the levels that matter follow from its status. */
interface LoggedRequest {
  readonly status: number;
}

/** The log of the server: a line of JSON for each request, on standard error. */
export function openServerLog(
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent',
  stream: DestinationStream,
): { readonly request: (line: LoggedRequest) => void } {
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
  return {
    request(line) {
      if (line.status >= 500) log.error(line, 'request');
      else log.info(line, 'request');
    },
  };
}
