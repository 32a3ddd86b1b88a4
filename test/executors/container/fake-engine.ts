import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { FakeExecution, frame, removeVolume, unpacked } from './fake-execution.ts';

interface HostConfig {
  readonly Memory: number;
  readonly PidsLimit: number;
}

/** A container of the fake: what was asked for, and how it stands. */
interface FakeContainer {
  readonly body: {
    readonly Image: string;
    readonly Env: readonly string[];
    readonly HostConfig: unknown;
    readonly Labels?: Readonly<Record<string, string>>;
    /** Of those that are attached to: what they execute is executed. */
    readonly OpenStdin?: boolean;
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
  };
  status: 'created' | 'running' | 'exited';
  exitCode: number;
  isOutOfMemory: boolean;
  startedAt: string;
  stdout: string;
  stderr: string;
  /** Folders of this machine by where they lie in the container. */
  readonly volumes: Map<string, string>;
  socket: Duplex | undefined;
  execution: FakeExecution | undefined;
}

/** Speaks as much of the Docker Engine API as is needed; the test says when a container ends, and how; one that is attached to ends by itself. */
export async function startFakeEngine(listenAt: string | 0) {
  const containers = new Map<string, FakeContainer>();
  const images = new Set(['here:1']);
  const asked: string[] = [];
  const givenUp: string[] = [];
  let startProblem: string | undefined;
  let refusedLooks = 0;
  let isDeaf = false;

  const answer = (response: ServerResponse, status: number, body?: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const no = (response: ServerResponse, status: number, message: string): void =>
    answer(response, status, { message });

  const make = (name: string, body: FakeContainer['body']): void => {
    containers.set(name, {
      body,
      status: 'created',
      exitCode: 0,
      isOutOfMemory: false,
      startedAt: '0001-01-01T00:00:00Z',
      stdout: '',
      stderr: '',
      volumes: new Map(),
      socket: undefined,
      execution: undefined,
    });
  };

  const remove = async (name: string): Promise<void> => {
    const container = containers.get(name);
    container?.execution?.kill('SIGKILL');
    await container?.execution?.ended;
    for (const folder of container?.volumes.values() ?? []) removeVolume(folder);
    // Who is attached to one that never ran hears no end of it.
    if (container?.execution === undefined) container?.socket?.destroy();
    containers.delete(name);
  };

  const handle = (request: IncomingMessage, content: Buffer, response: ServerResponse): void => {
    const body = content.toString();
    const url = new URL(request.url ?? '', 'http://engine');
    const path = url.pathname.replace(/^\/v1\.41/, '');
    asked.push(`${request.method} ${path}`);
    if (path === '/containers/create') {
      const name = url.searchParams.get('name') ?? '';
      const wanted = JSON.parse(body) as FakeContainer['body'];
      if (containers.has(name)) return no(response, 409, `the name ${name} is in use`);
      if (!images.has(tagged(wanted.Image)))
        return no(response, 404, `no such image: ${wanted.Image}`);
      make(name, wanted);
      return answer(response, 201, { Id: name });
    }
    if (path === '/images/create') {
      const image = url.searchParams.get('fromImage') ?? '';
      // The real one would pull every tag of it.
      if (!/:[^/]*$/.test(image)) return no(response, 400, `${image} has no tag`);
      if (image.startsWith('away')) return answer(response, 200, { error: `${image}: not found` });
      if (image.startsWith('endless')) {
        response.once('close', () => givenUp.push(image));
        return;
      }
      images.add(image);
      return answer(response, 200, { status: 'Pull complete' });
    }
    const image = /^\/images\/(.+)\/json$/.exec(path)?.[1];
    if (image !== undefined) {
      const tag = tagged(decodeURIComponent(image));
      if (!images.has(tag)) return no(response, 404, `no such image: ${tag}`);
      return answer(response, 200, { Id: `sha256:${tag}` });
    }
    if (path === '/version') {
      return answer(response, 200, { Platform: { Name: 'Fake Engine' }, Version: '1.0' });
    }
    if (path === '/containers/json') {
      const { label } = JSON.parse(url.searchParams.get('filters') ?? '{}') as { label: string[] };
      const listed = [...containers].filter(([, { body }]) =>
        label.every((each) => body.Labels !== undefined && each in body.Labels),
      );
      return answer(
        response,
        200,
        listed.map(([name, { body }]) => ({ Names: [`/${name}`], Labels: body.Labels })),
      );
    }
    const [, name = '', what = ''] = /^\/containers\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
    const container = containers.get(name);
    if (container === undefined) return no(response, 404, `no such container: ${name}`);
    if (request.method === 'DELETE') {
      void remove(name).then(() => answer(response, 204));
      return;
    }
    if (what === 'archive') {
      container.volumes.set(url.searchParams.get('path') ?? '', unpacked(content));
      return answer(response, 200);
    }
    if (what === 'wait') {
      void container.execution?.ended.then(() =>
        answer(response, 200, { StatusCode: container.exitCode }),
      );
      return;
    }
    if (what === 'kill') {
      const signal = url.searchParams.get('signal') === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL';
      if (container.status !== 'running') return no(response, 409, `${name} is not running`);
      if (!isDeaf) container.execution?.kill(signal);
      return answer(response, 204);
    }
    if (what === 'stats') {
      return answer(response, 200, {
        cpu_stats: { cpu_usage: { total_usage: (container.execution?.cpuMs ?? 0) * 1e6 } },
        memory_stats: { usage: container.execution?.memoryBytes ?? 0 },
      });
    }
    if (what === 'start') {
      if (startProblem !== undefined) return no(response, 400, startProblem);
      if (container.status === 'created') {
        container.status = 'running';
        container.startedAt = new Date().toISOString();
        if (container.body.OpenStdin === true) execute(container);
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
    response.write(frame(1, Buffer.from(container.stdout.slice(0, 3))));
    response.write(frame(1, Buffer.from(container.stdout.slice(3))));
    if (url.searchParams.get('stderr') === '1') {
      response.write(frame(2, Buffer.from(container.stderr)));
    }
    response.end();
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handle(request, Buffer.concat(chunks), response));
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    const name = /\/containers\/([^/]+)\/attach/.exec(request.url ?? '')?.[1] ?? '';
    asked.push(`${request.method} attach`);
    const container = containers.get(name);
    if (container === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    container.socket = socket;
    socket.write(
      'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n',
    );
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
    /** A container that nobody here has asked for. */
    leave: (name: string, Labels: Readonly<Record<string, string>>): void => {
      make(name, { Image: 'here:1', Env: [], HostConfig: {}, Labels });
    },
    /** Images whose client went before they were there. */
    givenUp,
    refuseStarts: (message: string | undefined): void => {
      startProblem = message;
    },
    /** So many of the next ones. */
    refuseLooks: (count: number): void => {
      refusedLooks = count;
    },
    /** Signals are taken and nothing is done. */
    beDeaf: (is: boolean): void => {
      isDeaf = is;
    },
    async close() {
      for (const name of containers.keys()) await remove(name);
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function execute(container: FakeContainer): void {
  const { Entrypoint, Cmd, HostConfig } = container.body;
  const { volumes, socket } = container;
  if (Entrypoint === undefined || Cmd === undefined || socket === undefined) {
    throw new Error('nothing to execute, or nobody to tell');
  }
  socket.on('error', () => undefined);
  const { Memory, PidsLimit } = HostConfig as HostConfig; // it was made by what is tested
  const program = { command: [...Entrypoint, ...Cmd], memoryBytes: Memory, processes: PidsLimit };
  const execution = new FakeExecution(program, {
    volumes,
    input: socket,
    onOutput: (stream, content) => void socket.write(frame(stream, content)),
  });
  container.execution = execution;
  void (async () => {
    await execution.ended;
    socket.end();
    container.status = 'exited';
    container.exitCode = execution.exitCode;
    container.isOutOfMemory = execution.isOutOfMemory;
  })();
}

function tagged(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}
