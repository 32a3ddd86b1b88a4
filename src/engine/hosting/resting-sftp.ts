import { isElsewhere } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { SftpConnections } from './sftp-connections.ts';

type Connections = Pick<SftpConnections, 'use'>;

/** A server that could not be connected to is left alone for so long. */
const REST_MS = 5_000;

/**
 * For what asks by itself, again and again: however many files wait for a server that cannot be reached, or
 * refuses the log-in, it is asked once in a while. What is asked meanwhile throws what was thrown then.
 */
export function restingSftp(connections: Connections, clock: Pick<Clock, 'now'>): Connections {
  const resting = new Map<string, { readonly untilMs: number; readonly error: unknown }>();
  return {
    async use(accountId, name, work) {
      const key = JSON.stringify([accountId, name]);
      const rest = resting.get(key);
      if (rest !== undefined && clock.now() < rest.untilMs) throw rest.error;
      resting.delete(key);
      let isConnected = false;
      try {
        return await connections.use(accountId, name, (session) => {
          isConnected = true;
          return work(session);
        });
      } catch (error) {
        // One that is lost at work may have to do with the file that was asked for.
        if (!isConnected && isElsewhere(error)) {
          resting.set(key, { untilMs: clock.now() + REST_MS, error });
        }
        throw error;
      }
    },
  };
}
