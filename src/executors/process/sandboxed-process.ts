import { spawn, type ChildProcess } from 'node:child_process';
import { Readable, Writable } from 'node:stream';
import { LAUNCHER_REPORT } from './sandbox.ts';
import { PROGRAM_INPUT, PROGRAM_OUTPUT } from '../protocol/script-wire.ts';

/** A sandbox and our ends of its descriptors. */
export interface SandboxedProcess {
  readonly child: ChildProcess;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Messages to the program. */
  readonly input: Writable;
  /** Messages of the program. */
  readonly output: Readable;
  /** What the launcher says of itself. */
  readonly report: Readable;
}

/** Starts what `sandboxCommand` gives, as the leader of a process group. `path` is for the launcher alone. */
export function startSandbox(
  [program = '', ...words]: readonly string[],
  path: string,
): SandboxedProcess {
  const child = spawn(program, words, {
    // The launcher's tools lie where every system has them, whatever the server's own PATH is.
    env: { PATH: `/usr/sbin:/usr/bin:/sbin:/bin:${path}` },
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const streams: readonly unknown[] = child.stdio;
  const input = streams[PROGRAM_INPUT];
  if (!(input instanceof Writable)) throw new TypeError('the sandbox has no input');
  // The other end may have gone at any time: its end says so.
  input.on('error', () => undefined);
  const readable = (descriptor: number): Readable => {
    const stream = streams[descriptor];
    if (stream instanceof Readable) return stream;
    throw new TypeError(`the sandbox has no descriptor ${descriptor}`);
  };
  return {
    child,
    stdout: readable(1),
    stderr: readable(2),
    input,
    output: readable(PROGRAM_OUTPUT),
    report: readable(LAUNCHER_REPORT),
  };
}
