import type { Duplex } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';

/** The engine has said no. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(`the container engine answered ${status}: ${message}`);
    this.status = status;
  }
}

interface EngineRequest {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  /** JSON, or a tar archive. */
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
}

/** The version of the API that is spoken: Docker 20.10 and later, Podman 4 and later. */
const API = '/v1.41';

/**
 * Requests to a Docker Engine API, by undici. dockerode 5 would bring 66 packages (18 MB, 1,741 files), three
 * of which have install scripts (ssh2 and cpu-features compile, protobufjs).
 */
export class DockerClient {
  readonly #address: string;
  #opened: Promise<{ readonly origin: string; readonly agent: Agent }> | undefined;

  /** `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`. */
  constructor(address: string) {
    this.#address = address;
  }

  async text(request: EngineRequest): Promise<string> {
    return (await this.send(request)).body.text();
  }

  /** What is there, as JSON; undefined where the engine says that it is not. */
  async find(path: string, signal: AbortSignal): Promise<unknown> {
    const text = await this.text({ method: 'GET', path, signal }).catch(gone);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Throws `EngineRefusal` where the engine says no. */
  async send({ method, path, body, signal }: EngineRequest): Promise<Dispatcher.ResponseData> {
    const { origin, agent } = await this.#open();
    const type = typeof body === 'string' ? 'application/json' : 'application/x-tar';
    const answer = await agent
      .request({
        origin,
        path: `${API}${path}`,
        method,
        body: body ?? null,
        signal,
        headers: body === undefined ? {} : { 'content-type': type },
      })
      .catch((cause: unknown) => {
        throw this.#away(cause);
      });
    if (answer.statusCode < 400) return answer;
    const text = await answer.body.text();
    throw new EngineRefusal(
      answer.statusCode,
      /"message":"(.*)"/.exec(text)?.[1] ?? text.slice(0, 500),
    );
  }

  /** A connection that becomes the two ends of a container's streams. */
  async hijack(path: string, signal: AbortSignal): Promise<Duplex> {
    const { origin, agent: dispatcher } = await this.#open();
    const { upgrade } = await import('undici');
    const how = { dispatcher, method: 'POST', protocol: 'tcp', signal } as const;
    const { socket } = await upgrade(`${origin}${API}${path}`, how).catch((cause: unknown) => {
      throw this.#away(cause);
    });
    return socket;
  }

  #away(cause: unknown): Error {
    return new Error(`the container engine at ${this.#address} does not answer`, { cause });
  }

  #open(): Promise<{ readonly origin: string; readonly agent: Agent }> {
    return (this.#opened ??= open(this.#address));
  }
}

/** Undefined for what the engine says that it is not there. */
export function gone(error: unknown): undefined {
  if (error instanceof EngineRefusal && error.status === 404) return undefined;
  throw error;
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
