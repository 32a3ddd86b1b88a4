import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A container of the fake: what was asked for, and how it stands. */
interface FakeContainer {
  readonly body: {
    readonly Image: string;
    readonly Env: readonly string[];
    readonly HostConfig: unknown;
  };
  status: 'created' | 'running' | 'exited';
  exitCode: number;
  isOutOfMemory: boolean;
  startedAt: string;
  stdout: string;
  stderr: string;
}

/** Speaks as much of the Docker Engine API as is needed; the test says when a container ends, and how. */
export async function startFakeEngine(listenAt: string | 0) {
  const containers = new Map<string, FakeContainer>();
  const images = new Set(['here:1']);
  const asked: string[] = [];
  let startProblem: string | undefined;
  let refusedLooks = 0;

  const answer = (response: ServerResponse, status: number, body?: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const no = (response: ServerResponse, status: number, message: string): void =>
    answer(response, status, { message });

  const handle = (request: IncomingMessage, body: string, response: ServerResponse): void => {
    const url = new URL(request.url ?? '', 'http://engine');
    const path = url.pathname.replace(/^\/v1\.41/, '');
    asked.push(`${request.method} ${path}`);
    if (path === '/containers/create') {
      const name = url.searchParams.get('name') ?? '';
      const wanted = JSON.parse(body) as FakeContainer['body'];
      if (containers.has(name)) return no(response, 409, `the name ${name} is in use`);
      if (!images.has(tagged(wanted.Image)))
        return no(response, 404, `no such image: ${wanted.Image}`);
      containers.set(name, {
        body: wanted,
        status: 'created',
        exitCode: 0,
        isOutOfMemory: false,
        startedAt: '0001-01-01T00:00:00Z',
        stdout: '',
        stderr: '',
      });
      return answer(response, 201, { Id: name });
    }
    if (path === '/images/create') {
      const image = url.searchParams.get('fromImage') ?? '';
      // The real one would pull every tag of it.
      if (!/:[^/]*$/.test(image)) return no(response, 400, `${image} has no tag`);
      if (image.startsWith('away')) return answer(response, 200, { error: `${image}: not found` });
      images.add(image);
      return answer(response, 200, { status: 'Pull complete' });
    }
    const [, name = '', what = ''] = /^\/containers\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
    const container = containers.get(name);
    if (container === undefined) return no(response, 404, `no such container: ${name}`);
    if (request.method === 'DELETE') {
      containers.delete(name);
      return answer(response, 204);
    }
    if (what === 'start') {
      if (startProblem !== undefined) return no(response, 400, startProblem);
      if (container.status === 'created') {
        container.status = 'running';
        container.startedAt = new Date().toISOString();
      }
      return answer(response, 204);
    }
    if (what === 'json' && refusedLooks > 0) {
      refusedLooks -= 1;
      return no(response, 500, 'not now');
    }
    if (what === 'json') {
      const { status, exitCode, isOutOfMemory, startedAt } = container;
      return answer(response, 200, {
        State: {
          Status: status,
          ExitCode: exitCode,
          OOMKilled: isOutOfMemory,
          Error: '',
          StartedAt: startedAt,
        },
      });
    }
    response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
    response.write(frame(1, container.stdout.slice(0, 3)));
    response.write(frame(1, container.stdout.slice(3)));
    if (url.searchParams.get('stderr') === '1') response.write(frame(2, container.stderr));
    response.end();
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handle(request, Buffer.concat(chunks).toString(), response));
  });
  await new Promise<void>((resolve) => {
    if (listenAt === 0) server.listen(0, '127.0.0.1', resolve);
    else server.listen(listenAt, resolve);
  });
  return {
    url:
      listenAt === 0
        ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`
        : `unix://${listenAt}`,
    containers,
    asked,
    refuseStarts: (message: string | undefined): void => {
      startProblem = message;
    },
    /** So many of the next ones. */
    refuseLooks: (count: number): void => {
      refusedLooks = count;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function frame(stream: number, text: string): Buffer {
  const content = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(content.length, 4);
  return Buffer.concat([head, content]);
}

function tagged(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}
