import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { DEFAULT_EXECUTOR } from '../../../src/engine/script/executor-definition.ts';
import { initOf, sampleTree } from '../../../src/executors/process/process-tree.ts';
import { sandboxCommand } from '../../../src/executors/process/sandbox.ts';

const MIB = 1024 * 1024;

interface FakeProgram {
  readonly command: readonly string[];
  readonly memoryBytes: number;
  readonly processes: number;
}

interface FakePlace {
  /** Folders of this machine by where they lie in the container. */
  readonly volumes: ReadonlyMap<string, string>;
  readonly onOutput: (stream: 1 | 2, content: Buffer) => void;
  readonly input?: Readable | undefined;
}

/** What a container executes, in a sandbox of this machine: its own root, network, processes and users. */
export class FakeExecution {
  exitCode = 0;
  isOutOfMemory = false;
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #watch: NodeJS.Timeout;

  constructor(
    { command, memoryBytes, processes }: FakeProgram,
    { volumes, onOutput, input = Readable.from([]) }: FakePlace,
  ) {
    const [first = '', ...words] = command;
    const [program = '', ...more] = sandboxCommand(
      {
        command: [first, ...words],
        readable: [...volumes].map(([place, folder]) => [folder, place] as const),
        // Its memory is looked at, as the engine does.
        spareDataMb: 4096,
      },
      {
        limits: {
          ...DEFAULT_EXECUTOR.limits,
          memoryMb: memoryBytes / MIB,
          processes,
        },
        access: DEFAULT_EXECUTOR.access,
      },
    );
    this.#child = spawn(program, more, {
      cwd: '/',
      detached: true,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      stdio: ['pipe', 'pipe', 'pipe', 'ignore', 'ignore', 'pipe'],
    });
    const [stdin, stdout, stderr, , , report] = this.#child.stdio as readonly unknown[];
    if (!(stdin instanceof Writable) || !(stdout instanceof Readable)) throw new TypeError('stdio');
    if (!(stderr instanceof Readable) || !(report instanceof Readable))
      throw new TypeError('stdio');
    stdin.on('error', () => undefined);
    report.resume();
    input.pipe(stdin);
    // Cut at odd places, as streams are.
    stdout.on('data', (chunk: Buffer) => {
      for (const part of [chunk.subarray(0, 7), chunk.subarray(7)]) onOutput(1, part);
    });
    stderr.on('data', (chunk: Buffer) => onOutput(2, chunk));
    this.#watch = setInterval(() => {
      if (this.memoryBytes <= memoryBytes || this.isOutOfMemory) return;
      this.isOutOfMemory = true;
      this.kill('SIGKILL');
    }, 20);
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        clearInterval(this.#watch);
        this.exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
        resolve();
      });
    });
  }

  get memoryBytes(): number {
    return sampleTree(this.#child.pid ?? 0, 0).memoryBytes;
  }

  get cpuMs(): number {
    return sampleTree(this.#child.pid ?? 0, 0).cpuMs;
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid = 0, exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const init = initOf(pid);
    const ids = signal === 'SIGKILL' ? [-pid, init] : sampleTree(pid, 0).processIds;
    for (const id of ids) {
      try {
        if (id !== undefined) process.kill(id, signal);
      } catch {
        // It has ended meanwhile.
      }
    }
  }
}

/** Unpacks an archive as tar does, for everybody to read. */
export function unpacked(archive: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'rowmill-volume-'));
  chmodSync(folder, 0o755);
  execFileSync('tar', ['-x', '-f', '-', '-C', folder], { input: archive });
  return folder;
}

export function removeVolume(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export function frame(stream: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(content.length, 4);
  return Buffer.concat([head, content]);
}
