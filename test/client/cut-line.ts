import { EventEmitter, once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A line between clients and a server that breaks, or says nothing, when a test wants it. */
export interface CutLine {
  readonly url: string;
  /** Bytes that clients have sent over it, cut ones among them. */
  readonly sentBytes: number;
  /** First lines of the requests that came over it. */
  readonly requestLines: readonly string[];
  /** Resolves once a request has come that begins so. */
  hears(beginning: string): Promise<void>;
  /** Each of the next connections that send so much is cut there. */
  cutNext(count: number, afterBytes: number): void;
  /** The next connection that sends so much is held there; resolves when it is. */
  holdNext(afterBytes: number): Promise<void>;
  /** What is held is cut. */
  cutHeld(): void;
  /** Connections go to another server from now on. */
  turnTo(server: string): void;
  end(): Promise<void>;
}

/** Opens a line to a server on this machine. */
export async function openCutLine(server: string): Promise<CutLine> {
  let target = Number(new URL(server).port);
  let sentBytes = 0;
  let cuts = { count: 0, afterBytes: 0 };
  let hold: { readonly afterBytes: number; readonly held: () => void } | undefined;
  const requestLines: string[] = [];
  const heard = new EventEmitter();
  const sockets = new Set<Socket>();
  const held = new Set<Socket>();

  const listener = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: target });
    let ofThis = 0;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', end)
        .on('close', end)
        .on('close', () => sockets.delete(socket));
    }
    upstream.pipe(client);
    client.on('data', (bytes) => {
      sentBytes += bytes.length;
      ofThis += bytes.length;
      const head = /^(?:GET|POST|PUT|PATCH|DELETE) \S+ HTTP/.exec(
        bytes.toString('latin1', 0, 65_536),
      );
      if (head !== null) {
        requestLines.push(head[0]);
        heard.emit('request');
      }
      if (cuts.count > 0 && ofThis >= cuts.afterBytes) {
        cuts = { ...cuts, count: cuts.count - 1 };
        end();
      } else if (hold !== undefined && ofThis >= hold.afterBytes) {
        held.add(client.pause());
        hold.held();
        hold = undefined;
      } else if (!upstream.write(bytes)) {
        client.pause();
        upstream.once('drain', () => client.resume());
      }
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  // Of a server that listens on a port.
  const { port } = listener.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get sentBytes() {
      return sentBytes;
    },
    requestLines,
    async hears(beginning) {
      while (!requestLines.some((said) => said.startsWith(beginning))) await once(heard, 'request');
    },
    cutNext(count, afterBytes) {
      cuts = { count, afterBytes };
    },
    holdNext: (afterBytes) =>
      new Promise((resolve) => {
        hold = { afterBytes, held: resolve };
      }),
    cutHeld() {
      for (const socket of held) socket.destroy();
      held.clear();
    },
    turnTo(url) {
      target = Number(new URL(url).port);
    },
    async end() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
