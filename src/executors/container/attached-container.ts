import type { Duplex, Readable } from 'node:stream';
import type { ScriptAccess, ScriptLimits } from '../../engine/ports/script-executor.ts';
import type { ProgramFiles } from '../protocol/program-files.ts';
import { writeMessage } from '../protocol/write-message.ts';
import { confinedHostConfig, type ContainerUsage, type DockerEngine } from './docker-engine.ts';
import { framedStreams } from './engine-frames.ts';
import { tarArchive } from './tar-archive.ts';

/** The folder of a script, inside its container. */
export const SCRIPT_FOLDER = '/script';

/** What a script is executed in. */
interface AttachedPlan {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly limits: Pick<ScriptLimits, 'memoryMb' | 'processes' | 'folderMb' | 'timeoutSeconds'>;
  readonly access: Pick<ScriptAccess, 'network'>;
  readonly programs: ProgramFiles | undefined;
}

/** How long the engine may take for what ends a container. */
const ENGINE_MS = 10_000;

/** A container whose streams we hold, from its creation to its removal. */
export class AttachedContainer {
  readonly name: string;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly #engine: DockerEngine;
  readonly #connection: Duplex;

  private constructor(engine: DockerEngine, { name, connection }: OpenedContainer) {
    this.name = name;
    this.#engine = engine;
    this.#connection = connection;
    // What cannot be written any more is not missed: the streams end.
    connection.on('error', () => undefined);
    ({ stdout: this.stdout, stderr: this.stderr } = framedStreams(connection));
  }

  /** Nothing runs in it yet, and nothing is left of it where this throws. */
  static async open(
    engine: DockerEngine,
    plan: AttachedPlan,
    signal: AbortSignal,
  ): Promise<AttachedContainer> {
    const { name, programs } = plan;
    try {
      await engine.create({ name, image: plan.image, body: bodyOf(plan) }, signal);
      if (programs !== undefined) {
        const archive = tarArchive(programs.files);
        await engine.unpack(name, { folder: programs.folder, archive }, signal);
      }
      return new AttachedContainer(engine, { name, connection: await engine.attach(name, signal) });
    } catch (error) {
      await engine.remove(name, AbortSignal.timeout(ENGINE_MS)).catch(() => undefined);
      throw error;
    }
  }

  begin(signal: AbortSignal): Promise<void> {
    return this.#engine.begin(this.name, signal);
  }

  write(text: string): Promise<void> {
    return writeMessage(this.#connection, text);
  }

  endInput(): void {
    this.#connection.end();
  }

  /** Of a moment; undefined where the engine does not say. */
  async usage(): Promise<ContainerUsage | undefined> {
    return this.#engine.usage(this.name, AbortSignal.timeout(ENGINE_MS)).catch(() => undefined);
  }

  terminate(): void {
    this.#signal('SIGTERM');
  }

  /** An engine that does not do it keeps nobody waiting: the streams end. */
  kill(): void {
    this.#signal('SIGKILL');
    setTimeout(() => this.#connection.destroy(), ENGINE_MS).unref();
  }

  /** How it has ended, once its streams have; undefined where that cannot be known. */
  async ended(): Promise<
    { readonly exitCode: number; readonly isOutOfMemory: boolean } | undefined
  > {
    try {
      const exitCode = await this.#engine.ended(this.name, AbortSignal.timeout(ENGINE_MS));
      const state = await this.#engine.state(this.name, AbortSignal.timeout(ENGINE_MS));
      return { exitCode, isOutOfMemory: state?.isOutOfMemory ?? false };
    } catch {
      return undefined;
    }
  }

  async remove(): Promise<void> {
    this.#connection.destroy();
    await this.#engine.remove(this.name, AbortSignal.timeout(ENGINE_MS));
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    void this.#engine
      .kill(this.name, signal, AbortSignal.timeout(ENGINE_MS))
      .catch(() => undefined);
  }
}

interface OpenedContainer {
  readonly name: string;
  readonly connection: Duplex;
}

/**
 * Ends the program when its time is over, whatever it does, and whether or not a server is there to do it. The
 * guard is no child of the program, which may wait for its own ones.
 */
const GUARDED =
  '( ( sleep "$1" && kill -9 $$ ) </dev/null >/dev/null 2>&1 & ); shift; exec "$@" 3<&0 4>&1 </dev/null';
/** How much later the guard comes than the server, which says what it has ended and why. */
const GUARD_SPARE_S = 5;

function guardSeconds({ timeoutSeconds }: Pick<ScriptLimits, 'timeoutSeconds'>): number {
  return Math.ceil(timeoutSeconds) + GUARD_SPARE_S;
}

/** Nobody, with nothing to write but its own folder and /tmp. */
function bodyOf({ image, command, labels, limits, access, programs }: AttachedPlan): object {
  const folder = `rw,exec,nosuid,nodev,mode=1777,size=${limits.folderMb}m`;
  return {
    Image: image,
    // Messages come by the standard input and go by the standard output: the script has neither.
    Entrypoint: ['sh', '-c', GUARDED, 'rowmill', String(guardSeconds(limits))],
    Cmd: command,
    Env: ['HOME=/tmp', 'TMPDIR=/tmp', 'LANG=C.UTF-8', 'TZ=UTC'],
    Labels: labels,
    User: '65534:65534',
    WorkingDir: SCRIPT_FOLDER,
    Hostname: 'script',
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Healthcheck: { Test: ['NONE'] },
    // A volume can be filled before the container runs: its root is never writable.
    ...(programs === undefined ? {} : { Volumes: { [programs.folder]: {} } }),
    HostConfig: {
      ...confinedHostConfig({
        memoryMb: limits.memoryMb,
        // And its process 1, which passes signals on, and the two of its guard.
        processes: limits.processes + 3,
        hasNetwork: access.network,
      }),
      Init: true,
      ReadonlyRootfs: true,
      IpcMode: 'private',
      Tmpfs: { [SCRIPT_FOLDER]: folder, '/tmp': folder },
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'nofile', Soft: 256, Hard: 256 },
      ],
      // What a script prints is nowhere on the disk of the engine.
      LogConfig: { Type: 'none', Config: {} },
    },
  };
}
