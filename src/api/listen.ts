import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RowmillError } from '../engine/errors.ts';

/**
 * Makes a server listen and gives the address to reach it at. Throws `usage` where the port is taken or
 * the address is none of this machine, `permission_denied` where the system keeps the port to itself.
 */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    throw refusal(cause as NodeJS.ErrnoException, { host, port });
  }
  // It listens on TCP, so its address is one of an interface.
  return urlOf(host, (server.address() as AddressInfo).port);
}

/** An address that means all of the machine's is none that a client can go to. */
const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

function urlOf(host: string, port: number): string {
  const name = EVERYWHERE[host] ?? host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function refusal(
  cause: NodeJS.ErrnoException,
  { host, port }: { readonly host: string; readonly port: number },
): unknown {
  const { code = '' } = cause;
  if (code === 'EADDRINUSE') {
    const message = `port ${port} of ${host} is in use: another server listens there. Choose another by --port, or 0 for any that is free`;
    return new RowmillError('usage', message, { cause });
  }
  if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(code)) {
    return new RowmillError('usage', `${host} is no address of this machine (--host)`, { cause });
  }
  if (code === 'EACCES') {
    const message = `listening on port ${port} is not permitted: those below 1024 are for the administrator`;
    return new RowmillError('permission_denied', message, { cause });
  }
  return cause;
}
