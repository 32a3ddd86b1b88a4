import { SftpConnections } from '../../../src/engine/hosting/sftp-connections.ts';
import type { SftpStore, StoredSftpConnection } from '../../../src/engine/ports/sftp-store.ts';
import { SshSftpSessions } from '../../../src/files/sftp/ssh-sftp-sessions.ts';
import { GuardedSockets } from '../../../src/system/guarded-socket.ts';
import { AddressRules } from '../../../src/system/public-address.ts';
import { systemClock } from '../../../src/system/system-clock.ts';
import { PASSWORD, USER, type TestSftpServer } from './sftp-server.ts';

/** The connections of a server of its own: every account has one to this. */
export function connectionsTo(server: TestSftpServer): SftpConnections {
  const connection: StoredSftpConnection = {
    accountId: 'acme',
    definition: {
      name: 'partner',
      host: '127.0.0.1',
      port: server.port,
      user: USER,
      passwordSecret: 'PARTNER',
      privateKeySecret: undefined,
      passphraseSecret: undefined,
      root: '.',
      connectTimeoutSeconds: 60,
      timeoutSeconds: 60,
    },
    hostKey: server.fingerprints[0],
    createdAtMs: 0,
    updatedAtMs: 0,
  };
  const never = (): Promise<never> => Promise.reject(new Error('nothing changes it here'));
  const store: SftpStore = {
    create: never,
    find: async () => connection,
    page: never,
    update: never,
    trust: never,
    delete: never,
  };
  return new SftpConnections({
    store,
    sessions: new SshSftpSessions(new GuardedSockets(new AddressRules(['127.0.0.1']))),
    secrets: { use: async () => PASSWORD },
    clock: systemClock,
    makeStop: () => new AbortController(),
  });
}
