import type { Agent, Dispatcher } from 'undici';

/** How a container stands. */
export interface ContainerState {
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  readonly exitCode: number;
  readonly isOutOfMemory: boolean;
  /** What the engine says that went wrong. */
  readonly error: string;
  /** Undefined where it was never started. */
  readonly startedAtMs: number | undefined;
}

/** What a container is made of. */
export interface ContainerPlan {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly processes: number;
  readonly hasNetwork: boolean;
}

/** The engine has said no. */
class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(`the container engine answered ${status}: ${message}`);
    this.status = status;
  }
}

/** The version of the API that is spoken: Docker 20.10 and later, Podman 4 and later. */
const API = '/v1.41';
const MIB = 1024 * 1024;

/**
 * The Docker Engine API, as far as it is needed. By undici: dockerode brings ssh2 and cpu-features, which
 * are compiled when they are installed.
 */
export class DockerEngine {
  readonly #address: string;
  #opened: Promise<{ readonly origin: string; readonly agent: Agent }> | undefined;

  /** `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`. */
  constructor(address: string) {
    this.#address = address;
  }

  /** Pulls the image where it is not there. False where a container of this name is there already. */
  async create(plan: ContainerPlan, signal: AbortSignal): Promise<boolean> {
    const path = `/containers/create?name=${encodeURIComponent(plan.name)}`;
    const body = JSON.stringify(bodyOf(plan));
    try {
      await this.#text({ method: 'POST', path, body, signal });
      return true;
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      if (error.status === 409) return false;
      if (error.status !== 404) throw error;
    }
    await this.#pull(plan.image, signal);
    await this.#text({ method: 'POST', path, body, signal });
    return true;
  }

  /** One that runs already goes on. */
  async start(name: string, signal: AbortSignal): Promise<void> {
    await this.#text({ method: 'POST', path: `${pathOf(name)}/start`, signal });
  }

  /** Undefined where there is none of this name. */
  async state(name: string, signal: AbortSignal): Promise<ContainerState | undefined> {
    const text = await this.#text({ method: 'GET', path: `${pathOf(name)}/json`, signal }).catch(
      gone,
    );
    if (text === undefined) return undefined;
    // What the API says that it gives.
    const { State } = JSON.parse(text) as {
      readonly State: {
        readonly Status: ContainerState['status'];
        readonly ExitCode: number;
        readonly OOMKilled: boolean;
        readonly Error: string;
        readonly StartedAt: string;
      };
    };
    const startedAtMs = Date.parse(State.StartedAt);
    return {
      status: State.Status,
      exitCode: State.ExitCode,
      isOutOfMemory: State.OOMKilled,
      error: State.Error,
      // Of one that was never started it is the year 1.
      startedAtMs: startedAtMs > 0 ? startedAtMs : undefined,
    };
  }

  /** What it has printed, up to so many bytes; the end of it where `tail` lines are asked for. */
  async output(
    name: string,
    {
      stream,
      maxBytes,
      tail,
      signal,
    }: {
      readonly stream: 'stdout' | 'both';
      readonly maxBytes: number;
      readonly tail?: number;
      readonly signal: AbortSignal;
    },
  ): Promise<{ readonly content: Uint8Array; readonly isCut: boolean }> {
    const stderr = stream === 'both' ? 1 : 0;
    const path = `${pathOf(name)}/logs?stdout=1&stderr=${stderr}&tail=${tail ?? 'all'}`;
    const answer = await this.#send({ method: 'GET', path, signal });
    return demultiplexed(answer.body, maxBytes);
  }

  /** With all that runs in it. Nothing where there is none of this name. */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    const path = `${pathOf(name)}?force=true&v=true`;
    await this.#text({ method: 'DELETE', path, signal }).catch(gone);
  }

  async #pull(image: string, signal: AbortSignal): Promise<void> {
    // Without a tag every tag of the repository would be pulled.
    const exact = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
    const path = `/images/create?fromImage=${encodeURIComponent(exact)}`;
    const told = await this.#text({ method: 'POST', path, signal });
    // The status is 200 before it is known whether it can be had: its last words tell.
    const failed = /"error":"((?:[^"\\]|\\.)*)"/.exec(told)?.[1];
    if (failed !== undefined) throw new Error(`the image ${image} cannot be pulled: ${failed}`);
  }

  async #text(request: EngineRequest): Promise<string> {
    return (await this.#send(request)).body.text();
  }

  async #send({ method, path, body, signal }: EngineRequest): Promise<Dispatcher.ResponseData> {
    this.#opened ??= open(this.#address);
    const { origin, agent } = await this.#opened;
    const answer = await agent
      .request({
        origin,
        path: `${API}${path}`,
        method,
        body: body ?? null,
        signal,
        headers: body === undefined ? {} : { 'content-type': 'application/json' },
      })
      .catch((cause: unknown) => {
        throw new Error(`the container engine at ${this.#address} does not answer`, { cause });
      });
    if (answer.statusCode < 400) return answer;
    const text = await answer.body.text();
    throw new EngineRefusal(
      answer.statusCode,
      /"message":"(.*)"/.exec(text)?.[1] ?? text.slice(0, 500),
    );
  }
}

interface EngineRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly body?: string;
  readonly signal: AbortSignal;
}

async function open(address: string): Promise<{ readonly origin: string; readonly agent: Agent }> {
  const { Agent } = await import('undici');
  const socketPath = /^unix:\/\/(.+)$/.exec(address)?.[1];
  const agent = new Agent(socketPath === undefined ? {} : { connect: { socketPath } });
  return {
    origin: socketPath === undefined ? address.replace(/^tcp:/, 'http:') : 'http://engine',
    agent,
  };
}

function gone(error: unknown): undefined {
  if (error instanceof EngineRefusal && error.status === 404) return undefined;
  throw error;
}

function pathOf(name: string): string {
  return `/containers/${encodeURIComponent(name)}`;
}

function bodyOf(plan: ContainerPlan): unknown {
  return {
    Image: plan.image,
    ...(plan.command === undefined ? {} : { Cmd: plan.command }),
    Env: Object.entries(plan.environment).map(([name, value]) => `${name}=${value}`),
    Labels: plan.labels,
    HostConfig: {
      Memory: plan.memoryMb * MIB,
      // No swap beside it.
      MemorySwap: plan.memoryMb * MIB,
      PidsLimit: plan.processes,
      NetworkMode: plan.hasNetwork ? 'bridge' : 'none',
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      // The engine keeps what is printed on its disk: a little more than what is read of it.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '80m', 'max-file': '1' } },
    },
  };
}

/** Logs come in frames: a byte for the stream, three of nothing, four for the length. */
async function demultiplexed(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly content: Uint8Array; readonly isCut: boolean }> {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
      const end = 8 + rest.readUInt32BE(4);
      const frame = rest.subarray(8, end);
      kept.push(frame.subarray(0, maxBytes - bytes));
      bytes += frame.length;
      rest = rest.subarray(end);
      if (bytes > maxBytes) return { content: Buffer.concat(kept), isCut: true };
    }
  }
  return { content: Buffer.concat(kept), isCut: false };
}
