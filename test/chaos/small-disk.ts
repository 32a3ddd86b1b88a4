import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const mounts: string[] = [];

/** How a process is begun whose disk is small. */
interface SmallDisk {
  readonly wrapper: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly makeSpace: () => Promise<void>;
}

/**
 * A small disk at a folder. Mounting needs a right that not every machine gives; there a limit on the size
 * of files stands in (`ulimit -f`), which fails writes in the same place.
 */
export async function smallDisk(path: string, kilobytes: number): Promise<SmallDisk> {
  await mkdir(path, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path]);
    mounts.push(path);
    return {
      wrapper: [],
      environment: {},
      makeSpace: async () => {
        await run('mount', ['-o', 'remount,size=64m', path]);
      },
    };
  } catch {
    return {
      wrapper: ['bash', '-c', `ulimit -f ${kilobytes}; exec "$@"`, '-'],
      // Without a listener the system would end the process instead of failing the write.
      environment: {
        NODE_OPTIONS: '--import=data:text/javascript,process.on("SIGXFSZ",()=>{})',
      },
      makeSpace: async () => undefined,
    };
  }
}

/** Behind each test. */
export async function unmountAll(): Promise<void> {
  for (const mount of mounts.splice(0)) await run('umount', [mount]);
}
