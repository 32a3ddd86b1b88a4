import type { Clock } from './engine/ports/clock.ts';
import { SftpConnections } from './engine/hosting/sftp-connections.ts';
import { SshSftpSessions } from './files/sftp/ssh-sftp-sessions.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';
import { SqlSftpStore } from './stores/sql/sql-sftp-store.ts';
import { GuardedSockets } from './system/guarded-socket.ts';
import { AddressRules } from './system/public-address.ts';

interface SftpOptions {
  /** What may be connected to beside the public internet. */
  readonly allowAddresses: readonly string[];
  readonly secrets: { use(accountId: string, name: string): Promise<string> };
  readonly clock: Clock;
  readonly makeStop: () => AbortController;
}

/** The SFTP connections of a server. */
export function openSftp(database: SqlDatabase, { allowAddresses, ...ports }: SftpOptions) {
  const store = new SqlSftpStore(database);
  const sockets = new GuardedSockets(new AddressRules(allowAddresses));
  const sessions = new SshSftpSessions(sockets);
  const connections = new SftpConnections({ ...ports, store, sessions });
  return { store, connections, whyNot: (host: string) => sessions.whyNot(host) };
}
