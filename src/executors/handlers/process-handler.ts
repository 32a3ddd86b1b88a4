import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  defineHandler,
  type HandledJob,
  type Handler,
} from '../../engine/handlers/define-handler.ts';
import type { HandlerCommand, HandlerCommands } from '../../engine/handlers/handler-commands.ts';
import { didYouMean } from '../../engine/nearest-names.ts';
import { sampleBelow } from '../process/process-tree.ts';

/** What a process is found again by: this start of this machine. */
interface Kept {
  readonly boot: string;
  readonly started_at: number;
}

const MIB = 1024 * 1024;
const TAIL_BYTES = 4_096;
/** Between TERM and KILL. */
const GRACE_MS = 2_000;
/** For the shell to say that it is there. */
const BEGINS_WITHIN_MS = 10_000;

/**
 * What begins a command: it leaves behind who it is before, and how the command has ended after, whether a
 * server is there or not. $1: its folder, $2: blocks of 512 bytes that a file may have.
 */
const SHELL = `cat /proc/$$/stat > "$1/begun.part" && mv "$1/begun.part" "$1/begun" || exit 126
place=$1
ulimit -f "$2"
shift 2
"$@" < "$place/input" > "$place/stdout" 2> "$place/stderr"
echo $? > "$place/ended.part" && mv "$place/ended.part" "$place/ended"`;

/**
 * Runs a command that the operator has listed. It goes on without the server, and is found again by its
 * process; its standard output is the result. `folder`: where each has a folder of its own. Linux only.
 */
export function processHandler(
  commands: HandlerCommands,
  { folder, now }: { readonly folder: string; readonly now: () => number },
): Handler {
  const placeOf = ({ uid }: HandledJob): string => join(folder, uid);
  const leave = (job: HandledJob): Promise<void> =>
    rm(placeOf(job), { recursive: true, force: true });
  const failed = async (job: HandledJob, why: string): Promise<readonly ['failed', string]> => {
    const said = await tailOf(join(placeOf(job), 'stderr'));
    await leave(job);
    return ['failed', said === '' ? why : `${why}: ${said}`];
  };
  return defineHandler({
    supportedType: 'process',
    description: 'Run a command of the list of the server',
    pollSeconds: 0.5,
    async start(job) {
      const { name, command, words } = commandOf(job, commands);
      const place = placeOf(job);
      const input = JSON.stringify((await job.input()) ?? null);
      await mkdir(place, { recursive: true, mode: 0o700 });
      await writeFile(join(place, 'input'), input, { mode: 0o600 });
      await job.keep({ boot: bootId(), started_at: now() } satisfies Kept);
      const blocks = Math.ceil((command.outputMb * MIB) / 512);
      const token = job.token === undefined ? {} : { JOB_TOKEN: job.token };
      await begun(['/bin/sh', '-c', SHELL, 'sh', place, String(blocks), ...words], {
        cwd: command.folder ?? place,
        env: { PATH: process.env['PATH'], ...command.environment, JOB_UID: job.uid, ...token },
      });
      // Its words may hold what is only for the operator.
      return `${name} was started`;
    },
    async progress(job) {
      const kept = keptOf(job);
      if (kept === undefined) return ['not started', ''];
      const { command } = commandOf(job, commands);
      const code = await endOf(placeOf(job));
      if (code === 0) return ['completed', 'it ended with the exit code 0'];
      // 128 and the number of the signal for a file that is too long.
      if (code === 153) return failed(job, `it wrote more than ${command.outputMb} MB`);
      if (code !== undefined) return failed(job, `it ended with the exit code ${code}`);
      if (kept.boot !== bootId()) {
        return failed(
          job,
          'it is lost: the machine that ran it was started anew, or is another one',
        );
      }
      const process_ = await processOf(placeOf(job));
      if (process_ === undefined) {
        if (now() - kept.started_at < BEGINS_WITHIN_MS) return ['starting', ''];
        return failed(job, 'it is lost: nothing of it has begun');
      }
      if (!isThere(process_)) {
        // It may have ended just now.
        if ((await endOf(placeOf(job))) !== undefined) return ['running', ''];
        return failed(job, 'it is lost: it was ended from outside');
      }
      const hit = limitHit(process_.id, command, now() - kept.started_at);
      if (hit === undefined) return ['running', ''];
      await killGroup(process_);
      return failed(job, hit);
    },
    async result(job) {
      const content = await readFile(join(placeOf(job), 'stdout'));
      return [`${content.length} bytes of output`, content];
    },
    release: leave,
    async remove(job) {
      const process_ = await processOf(placeOf(job));
      if (process_ !== undefined && isThere(process_)) await killGroup(process_);
      await leave(job);
      return ['removed', 'its processes are ended'];
    },
  });
}

/** Throws with all that is wrong with what an entity wants. */
function commandOf({ entity: { runner } }: HandledJob, commands: HandlerCommands) {
  const { command: name, arguments: more = [] } = runner;
  const command =
    typeof name === 'string' && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (typeof name !== 'string' || command === undefined) {
    const known = Object.keys(commands);
    const near = typeof name === 'string' ? didYouMean(name, known) : '';
    throw new Error(
      `runner.command ${JSON.stringify(name)} is not on the list of the server (handlerCommands).${near}`,
    );
  }
  if (
    !(Array.isArray(more) && more.every((word) => typeof word === 'string' && !word.includes('\0')))
  ) {
    throw new Error('runner.arguments: expected a list of texts');
  }
  if (more.length > 0 && !command.takesArguments) {
    throw new Error(`runner.arguments: the command ${name} takes none`);
  }
  return { name, command, words: [...command.command, ...(more as readonly string[])] };
}

async function begun(
  [program = '', ...words]: readonly string[],
  how: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  const child = spawn(program, words, { ...how, detached: true, stdio: 'ignore' });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve).once('error', reject);
  });
  child.unref();
}

/** A process, and when the kernel began it: another one of this number began at another time. */
interface FoundProcess {
  readonly id: number;
  readonly beganAt: string;
}

async function processOf(place: string): Promise<FoundProcess | undefined> {
  const stat = await readFile(join(place, 'begun'), 'utf8').catch(() => undefined);
  return stat === undefined ? undefined : { id: Number.parseInt(stat, 10), beganAt: beganAt(stat) };
}

/** Behind the name, which may hold anything, the state is the first field and the start the twentieth. */
function beganAt(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function isThere({ id, beganAt: wanted }: FoundProcess): boolean {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
    const isDead = stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
    return !isDead && beganAt(stat) === wanted;
  } catch {
    return false;
  }
}

async function endOf(place: string): Promise<number | undefined> {
  const text = await readFile(join(place, 'ended'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text);
}

function limitHit(
  id: number,
  { timeoutSeconds, memoryMb }: HandlerCommand,
  runsMs: number,
): string | undefined {
  if (runsMs > timeoutSeconds * 1_000) return `it took longer than ${timeoutSeconds} s`;
  const { memoryBytes } = sampleBelow(id, memoryMb * MIB);
  if (memoryBytes <= memoryMb * MIB) return undefined;
  return `it took more than ${memoryMb} MB of memory`;
}

/** All that is left of a command when it must end: the group that its shell leads. */
async function killGroup(leader: FoundProcess): Promise<void> {
  send(leader.id, 'SIGTERM');
  for (let waited = 0; waited < GRACE_MS && isThere(leader); waited += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  send(leader.id, 'SIGKILL');
}

function send(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Nothing of it is left.
  }
}

async function tailOf(path: string): Promise<string> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return '';
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString().trim();
  } finally {
    await file.close();
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function keptOf({ kept }: HandledJob): Kept | undefined {
  if (typeof kept !== 'object' || kept === null) return undefined;
  const { boot, started_at: at }: Readonly<Record<string, unknown>> = { ...kept };
  return typeof boot === 'string' && typeof at === 'number' ? { boot, started_at: at } : undefined;
}
