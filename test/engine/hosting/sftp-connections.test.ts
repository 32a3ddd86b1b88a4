import { expect, it } from 'vitest';
import { RowmillError } from '../../../src/engine/errors.ts';
import { SftpConnections } from '../../../src/engine/hosting/sftp-connections.ts';
import type { SftpSessions } from '../../../src/engine/ports/sftp-session.ts';
import type { SftpStore } from '../../../src/engine/ports/sftp-store.ts';

type Session = Awaited<ReturnType<SftpSessions['open']>>;

/** Connections to a server of which only this is known: how often it was connected to. */
function connectionsTo(open: () => Promise<Session>) {
  const never = (): Promise<never> => Promise.reject(new Error('nothing changes it here'));
  const definition = {
    name: 'partner',
    host: 'sftp.partner.example',
    port: 22,
    user: 'acme',
    passwordSecret: 'PARTNER',
    privateKeySecret: undefined,
    passphraseSecret: undefined,
    root: '.',
    connectTimeoutSeconds: 10,
    timeoutSeconds: 30,
  };
  const store: SftpStore = {
    create: never,
    find: async (accountId) => ({
      accountId,
      definition,
      hostKey: 'SHA256:known',
      createdAtMs: 0,
      updatedAtMs: 0,
    }),
    page: never,
    update: never,
    trust: never,
    delete: never,
  };
  return new SftpConnections({
    store,
    sessions: { open, whyNot: () => undefined },
    secrets: { use: async () => 'never asked for here' },
    clock: {
      now: () => 0,
      sleep: () => new Promise(() => undefined),
      breathe: async () => undefined,
    },
    makeStop: () => new AbortController(),
  });
}

function session(isOpen: () => boolean): Session {
  const never = (): Promise<never> => Promise.reject(new Error('nothing is asked of it here'));
  return {
    get isOpen() {
      return isOpen();
    },
    replacesAtOnce: true,
    server: { hostKey: 'SHA256:known', software: 'test', root: '/' },
    list: async () => [],
    listUpTo: async () => ({ entries: [], seen: 0, limit: undefined }),
    entry: never,
    read: never,
    readTo: never,
    write: never,
    makeFolder: never,
    removeFolder: never,
    remove: never,
    rename: never,
    close: async () => undefined,
  };
}

const list = (connections: SftpConnections, account = 'acme') =>
  connections.use(account, 'partner', (found) => found.list(''));

it('one session is for all who work with a connection, each account its own', async () => {
  let opened = 0;
  const connections = connectionsTo(async () => {
    opened += 1;
    return session(() => true);
  });
  await Promise.all([list(connections), list(connections)]);
  await list(connections);
  expect(opened).toBe(1);
  await list(connections, 'other');
  expect(opened).toBe(2);
  await connections.close();
});

it('one that was lost while nobody used it is nobody’s trouble', async () => {
  let opened = 0;
  let isLost = false;
  const connections = connectionsTo(async () => {
    opened += 1;
    const own = opened;
    return session(() => own > 1 || !isLost);
  });
  await list(connections);
  isLost = true;
  expect(await list(connections)).toEqual([]);
  expect(opened).toBe(2);
  await connections.close();
});

it('one that could not be opened is tried again by who comes next', async () => {
  let opened = 0;
  const connections = connectionsTo(async () => {
    opened += 1;
    if (opened === 1) throw new RowmillError('sftp_unreachable', 'it is away');
    return session(() => true);
  });
  await expect(list(connections)).rejects.toMatchObject({ code: 'sftp_unreachable' });
  expect(await list(connections)).toEqual([]);
  expect(opened).toBe(2);
  await connections.close();
});

it('nobody connects behind who closes them', async () => {
  let opened = 0;
  let closed = 0;
  const connections = connectionsTo(async () => {
    opened += 1;
    return { ...session(() => true), close: async () => void (closed += 1) };
  });
  let lose = (): void => undefined;
  const lost = new Promise<void>((resolve) => (lose = resolve));
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const working = connections.use('acme', 'partner', async () => {
    begin();
    await lost;
    throw new RowmillError('sftp_unreachable', 'it was closed');
  });
  const again = working.catch(() => list(connections));
  await begun;
  await connections.close();
  lose();
  await expect(again).rejects.toMatchObject({ code: 'sftp_unreachable' });
  expect([opened, closed]).toEqual([1, 1]);
});
