import { text } from 'node:stream/consumers';
import { messageOf, RowmillError } from '../../engine/errors.ts';
import { DEFAULT_EXECUTOR } from '../../engine/script/executor-definition.ts';
import { tellsOfChildren } from './process-tree.ts';
import { isPrivileged, READY, sandboxCommand } from './sandbox.ts';
import { startSandbox } from './sandboxed-process.ts';

const HINT =
  'it takes root, or a system that lets users have namespaces of their own (in a container: --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined)';

/** Builds a sandbox and gives how. Throws with the reason where this system lets nobody have one. */
export async function tryIsolation(path: string): Promise<string> {
  if (process.platform !== 'linux') {
    throw refusal(`it takes Linux, and this is ${process.platform}`);
  }
  if (!tellsOfChildren()) throw refusal('/proc does not tell of the children of a process');
  if (process.getuid?.() === 0 && !isPrivileged()) {
    // A script would be root to /proc: what it may not do there is not said by capabilities alone.
    throw refusal('root without CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID makes no sandbox');
  }
  const command = sandboxCommand(
    { command: ['true'], readable: [], spareDataMb: 64 },
    DEFAULT_EXECUTOR,
  );
  const { child, stdout, stderr, report, output } = startSandbox(command, path);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  for (const stream of [stdout, output]) stream.resume();
  try {
    const [code, said, told] = await Promise.all([ended, text(stderr), text(report)]);
    if (code === 0 && told.split('\n').includes(READY)) {
      const who = isPrivileged() ? 'root' : 'an unprivileged user';
      return `Linux namespaces, made by ${who}`;
    }
    const line = `${said}\n${told}`.split('\n').find((one) => one !== '');
    throw refusal(`${line ?? 'no reason was given'}; ${HINT}`);
  } catch (error) {
    if (error instanceof RowmillError) throw error;
    throw refusal(`${messageOf(error)}; it takes unshare and setpriv of util-linux`, error);
  }
}

function refusal(why: string, cause?: unknown): RowmillError {
  return new RowmillError('executor_unavailable', `scripts cannot be isolated here: ${why}`, {
    cause,
  });
}
