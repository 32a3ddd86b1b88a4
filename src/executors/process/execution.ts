import { text } from 'node:stream/consumers';
import { RowmillError } from '../../engine/errors.ts';
import type {
  ScriptCall,
  ScriptOutcome,
  ScriptRuntimeName,
} from '../../engine/ports/script-executor.ts';
import { ScriptConversation } from '../protocol/script-conversation.ts';
import { startMessage } from '../protocol/script-wire.ts';
import { writeMessage } from '../protocol/write-message.ts';
import { LimitWatch } from './limit-watch.ts';
import { initOf } from './process-tree.ts';
import { READY, SCRIPT_FOLDER } from './sandbox.ts';
import { startSandbox, type SandboxedProcess } from './sandboxed-process.ts';

interface ExecutionSetup {
  readonly command: readonly string[];
  readonly path: string;
  readonly runtime: ScriptRuntimeName;
  /** Between the word that it must end, TERM and KILL. */
  readonly graceMs: number;
}

/** One script in its sandbox, from its start to its end. */
export class Execution {
  readonly #call: ScriptCall;
  readonly #setup: ExecutionSetup;
  readonly #sandbox: SandboxedProcess;
  readonly #conversation: ScriptConversation;
  readonly #watch: LimitWatch;

  constructor(call: ScriptCall, setup: ExecutionSetup) {
    this.#call = call;
    this.#setup = setup;
    this.#sandbox = startSandbox(setup.command, setup.path);
    const program = {
      write: (message: string) => writeMessage(this.#sandbox.input, message),
      release: async () => {
        this.#watch.look();
        this.#sandbox.input.end();
      },
      terminate: () => {
        for (const id of this.#watch.look()?.processIds ?? []) signalIfThere(id, 'SIGTERM');
      },
      kill: () => this.#kill(),
    };
    this.#conversation = new ScriptConversation(call, program, setup.graceMs);
    this.#watch = new LimitWatch(this.#sandbox.child.pid, call.limits, (limit, message) =>
      this.#conversation.endAt(limit, message),
    );
  }

  async run(): Promise<ScriptOutcome> {
    const conversation = this.#conversation;
    const stdout = conversation.capture(this.#sandbox.stdout);
    const stderr = conversation.capture(this.#sandbox.stderr);
    const report = text(this.#sandbox.report);
    const heard = conversation.hear(this.#sandbox.output);
    conversation.begin(startMessage(this.#call, { folder: SCRIPT_FOLDER }));
    let exitCode: number;
    try {
      exitCode = await this.#ended();
      await heard;
    } finally {
      this.#watch.stop();
      conversation.close();
    }
    const reported = await report;
    if (!reported.includes(`${READY}\n`) && !conversation.isEnded) {
      throw new RowmillError(
        'executor_unavailable',
        `the sandbox was not made: ${reported.trim()}`,
      );
    }
    return conversation.outcome({
      exitCode,
      stdout,
      stderr,
      cpuMs: Math.max(this.#watch.cpuMs, cpuMsOf(reported)),
      peakMemoryBytes: this.#watch.peakMemoryBytes,
      runtime: this.#setup.runtime,
    });
  }

  /** Whoever holds the sandbox, and its process 1: with either of them the kernel ends all of it. */
  #kill(): void {
    const { pid, exitCode, signalCode } = this.#sandbox.child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const init = initOf(pid);
    signalIfThere(-pid, 'SIGKILL');
    if (init !== undefined) signalIfThere(init, 'SIGKILL');
  }

  #ended(): Promise<number> {
    return new Promise((resolve, reject) => {
      const { child } = this.#sandbox;
      child.on('error', (cause) => {
        const message = `the script could not be started: ${cause.message}`;
        reject(new RowmillError('executor_unavailable', message, { cause }));
      });
      child.on('close', (code) => resolve(code ?? -1));
    });
  }
}

/** What the shell's `times` says of the processes it waited for. */
function cpuMsOf(report: string): number {
  const line = report.slice(report.indexOf(`${READY}\n`)).split('\n')[2] ?? '';
  const times = [...line.matchAll(/(\d+)m([\d.]+)s/g)];
  return Math.round(
    times.reduce(
      (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
      0,
    ),
  );
}

function signalIfThere(id: number, signal: NodeJS.Signals): void {
  try {
    process.kill(id, signal);
  } catch {
    // It has ended by itself.
  }
}
