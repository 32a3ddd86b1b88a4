import type { Duplex } from 'node:stream';
import type {
  ContainerEngine,
  ContainerPlan,
  ContainerState,
  ListedContainer,
  PrintedOutput,
  WantedOutput,
} from './container-engine.ts';
import { DockerClient, EngineRefusal, gone } from './docker-client.ts';
import { framedContent } from './engine-frames.ts';

const MIB = 1024 * 1024;

/** What a container uses at a moment. */
export interface ContainerUsage {
  readonly cpuMs: number;
  readonly memoryBytes: number;
}

/** What the API says that it gives. */
interface InspectedContainer {
  readonly State: {
    readonly Status:
      | 'created'
      | 'running'
      | 'paused'
      | 'restarting'
      | 'removing'
      | 'exited'
      | 'dead';
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Error: string;
    readonly StartedAt: string;
  };
}
interface ContainerStatistics {
  readonly cpu_stats?: { readonly cpu_usage?: { readonly total_usage?: number } };
  readonly memory_stats?: { readonly usage?: number; readonly max_usage?: number };
}

/** Containers by the Docker Engine API. */
export class DockerEngine implements ContainerEngine {
  readonly name: string;
  readonly #client: DockerClient;

  /** `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`. */
  constructor(address: string) {
    this.name = `the container engine at ${address}`;
    this.#client = new DockerClient(address);
  }

  async start(plan: ContainerPlan, signal: AbortSignal): Promise<void> {
    await this.create({ name: plan.name, image: plan.image, body: bodyOf(plan) }, signal);
    await this.begin(plan.name, signal);
  }

  /** Pulls the image where it is not there. False where a container of this name is there already. */
  async create(
    { name, image, body }: { readonly name: string; readonly image: string; readonly body: object },
    signal: AbortSignal,
  ): Promise<boolean> {
    const path = `/containers/create?name=${encodeURIComponent(name)}`;
    const request = { method: 'POST', path, signal, body: JSON.stringify(body) } as const;
    try {
      await this.#client.text(request);
      return true;
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      if (error.status === 409) return false;
      if (error.status !== 404) throw error;
    }
    await this.pull(image, signal);
    await this.#client.text(request);
    return true;
  }

  /** One that runs already goes on. */
  async begin(name: string, signal: AbortSignal): Promise<void> {
    await this.#client.text({ method: 'POST', path: `${pathOf(name)}/start`, signal });
  }

  async state(name: string, signal: AbortSignal): Promise<ContainerState | undefined> {
    const found = await this.#client.find(`${pathOf(name)}/json`, signal);
    if (found === undefined) return undefined;
    const { State } = found as InspectedContainer; // as the API says
    const startedAtMs = Date.parse(State.StartedAt);
    return {
      status: STATUSES[State.Status],
      exitCode: State.ExitCode,
      isOutOfMemory: State.OOMKilled,
      error: State.Error,
      // Of one that was never started it is the year 1.
      startedAtMs: startedAtMs > 0 ? startedAtMs : undefined,
    };
  }

  async output(
    name: string,
    { stream, maxBytes, tail, signal }: WantedOutput,
  ): Promise<PrintedOutput> {
    const stderr = stream === 'both' ? 1 : 0;
    const path = `${pathOf(name)}/logs?stdout=1&stderr=${stderr}&tail=${tail ?? 'all'}`;
    const answer = await this.#client.send({ method: 'GET', path, signal });
    return framedContent(answer.body, maxBytes);
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    const path = `${pathOf(name)}?force=true&v=true`;
    await this.#client.text({ method: 'DELETE', path, signal }).catch(gone);
  }

  /** What an image is, however it is called; undefined where it is not there. */
  async imageId(image: string, signal: AbortSignal): Promise<string | undefined> {
    const found = await this.#client.find(`/images/${encodeURIComponent(image)}/json`, signal);
    return found === undefined ? undefined : (found as { readonly Id: string }).Id; // as the API says
  }

  async pull(image: string, signal: AbortSignal): Promise<void> {
    // Without a tag every tag of the repository would be pulled.
    const exact = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
    const path = `/images/create?fromImage=${encodeURIComponent(exact)}`;
    const told = await this.#client.text({ method: 'POST', path, signal });
    // The status is 200 before it is known whether it can be had: its last words tell.
    const failed = /"error":"((?:[^"\\]|\\.)*)"/.exec(told)?.[1];
    if (failed !== undefined) throw new Error(`the image ${image} cannot be pulled: ${failed}`);
  }

  /** Unpacks a tar archive in a folder of a container, which may not be running yet. */
  async unpack(
    name: string,
    { folder, archive }: { readonly folder: string; readonly archive: Uint8Array },
    signal: AbortSignal,
  ): Promise<void> {
    const path = `${pathOf(name)}/archive?path=${encodeURIComponent(folder)}`;
    await this.#client.text({ method: 'PUT', path, body: archive, signal });
  }

  /** Its standard input, and its standard output and error in frames. */
  attach(name: string, signal: AbortSignal): Promise<Duplex> {
    const path = `${pathOf(name)}/attach?stream=1&stdin=1&stdout=1&stderr=1`;
    return this.#client.hijack(path, signal);
  }

  /** Its exit code, once it has ended. */
  async ended(name: string, signal: AbortSignal): Promise<number> {
    const told = await this.#client.text({ method: 'POST', path: `${pathOf(name)}/wait`, signal });
    return (JSON.parse(told) as { readonly StatusCode: number }).StatusCode; // as the API says
  }

  /** Nothing where it has ended. */
  async kill(name: string, with_: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void> {
    const path = `${pathOf(name)}/kill?signal=${with_}`;
    await this.#client.text({ method: 'POST', path, signal }).catch((error: unknown) => {
      if (error instanceof EngineRefusal && error.status === 409) return;
      gone(error);
    });
  }

  /** `Docker 28.2`, as it calls itself. */
  async version(signal: AbortSignal): Promise<string> {
    const found = (await this.#client.find('/version', signal)) ?? {};
    const { Version: version = '?', Platform: platform } = found as {
      readonly Version?: string;
      readonly Platform?: { readonly Name?: string };
    }; // as the API says
    return `${platform?.Name || 'Docker Engine API'} ${version}`;
  }

  async usage(name: string, signal: AbortSignal): Promise<ContainerUsage> {
    const path = `${pathOf(name)}/stats?stream=false&one-shot=true`;
    const { cpu_stats: cpu, memory_stats: memory } = ((await this.#client.find(path, signal)) ??
      {}) as ContainerStatistics; // as the API says
    return {
      cpuMs: Math.round((cpu?.cpu_usage?.total_usage ?? 0) / 1e6),
      memoryBytes: Math.max(memory?.usage ?? 0, memory?.max_usage ?? 0),
    };
  }

  async labelled(label: string, signal: AbortSignal): Promise<readonly ListedContainer[]> {
    const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
    const found = await this.#client.find(`/containers/json?all=true&filters=${filters}`, signal);
    const listed = (found ?? []) as readonly {
      readonly Names: readonly string[];
      readonly Labels: Readonly<Record<string, string>>;
    }[]; // as the API says
    return listed.flatMap(({ Names: [name], Labels }) =>
      name === undefined ? [] : [{ name: name.replace(/^\//, ''), labels: Labels }],
    );
  }
}

const STATUSES = {
  created: 'created',
  running: 'running',
  paused: 'running',
  restarting: 'running',
  removing: 'removing',
  exited: 'exited',
  dead: 'exited',
} as const;

function pathOf(name: string): string {
  return `/containers/${encodeURIComponent(name)}`;
}

function bodyOf(plan: ContainerPlan): object {
  const environment = { ...plan.environment, ...plan.secretEnvironment };
  return {
    Image: plan.image,
    ...(plan.command === undefined ? {} : { Cmd: plan.command }),
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    Labels: plan.labels,
    HostConfig: {
      ...confinedHostConfig(plan),
      ...(plan.cpus === undefined ? {} : { NanoCpus: Math.round(plan.cpus * 1e9) }),
      // The engine keeps what is printed on its disk: a little more than what is read of it.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '80m', 'max-file': '1' } },
    },
  };
}

/** What holds every container of ours. */
export function confinedHostConfig({
  memoryMb,
  processes,
  hasNetwork,
}: Pick<ContainerPlan, 'memoryMb' | 'processes' | 'hasNetwork'>): object {
  return {
    Memory: memoryMb * MIB,
    // No swap beside it.
    MemorySwap: memoryMb * MIB,
    PidsLimit: processes,
    NetworkMode: hasNetwork ? 'bridge' : 'none',
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
  };
}
