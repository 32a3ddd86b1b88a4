import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { GuardedSockets } from '../../../src/system/guarded-socket.ts';
import { connectionsTo } from './connections-to.ts';
import { startSftpServer } from './sftp-server.ts';

/** What stands before a server, and never ends a connection from its side. */
async function startClinging(port: number): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const clinging = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    near.pipe(far, { end: false });
    far.pipe(near, { end: false });
  }).listen(0, '127.0.0.1');
  await once(clinging, 'listening');
  return {
    port: (clinging.address() as AddressInfo).port, // it listens on a port
    close() {
      clinging.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

it('hangs up on a server that does not', async () => {
  const server = await startSftpServer();
  const clinging = await startClinging(server.port);
  const connecting = vi.spyOn(GuardedSockets.prototype, 'connect');
  onTestFinished(async () => {
    connecting.mockRestore();
    clinging.close();
    await server.close();
  });
  const connections = connectionsTo({ ...server, port: clinging.port });
  await connections.use('acme', 'partner', (session) => session.list(''));
  const socket = await connecting.mock.settledResults.at(0)?.value;
  await connections.close();
  await vi.waitFor(() => expect(socket?.destroyed).toBe(true), { timeout: 30_000 });
});
