import { statfs } from 'node:fs/promises';
import type { ApiPorts } from './api/api-ports.ts';
import { messageOf } from './engine/errors.ts';
import type { RunHost } from './engine/hosting/run-host.ts';
import type { StoreProbe } from './engine/ports/store-figures.ts';

/** With less space than this no run is taken on. */
const MIN_FREE_BYTES = 256 * 1024 * 1024;

/** Bytes that are left on the disk of a folder. */
export async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** What a server needs, looked at anew at each call. */
export function readinessOf({
  probe,
  host,
  freeBytes,
  minFreeBytes = MIN_FREE_BYTES,
  lookAtFiles,
}: {
  readonly probe: StoreProbe;
  readonly host: Pick<RunHost, 'isAlive'>;
  readonly freeBytes: () => Promise<number>;
  readonly minFreeBytes?: number | undefined;
  /** Throws where the folder of the files is not what it was. */
  readonly lookAtFiles: () => void;
}): ApiPorts['readiness'] {
  const disk = async (): Promise<void> => {
    lookAtFiles();
    const free = await freeBytes();
    if (free < minFreeBytes) throw new Error(`${free} bytes are left, ${minFreeBytes} are needed`);
  };
  const alive = async (): Promise<void> => {
    if (!host.isAlive) throw new Error('due runs are not looked for');
  };
  return async () => ({
    // What is wrong with a database can name its address: that is for the log.
    store: await check(() => probe.ping(), 'the database does not answer'),
    disk: await check(disk),
    host: await check(alive),
  });
}

async function check(
  look: () => Promise<void>,
  said?: string,
): Promise<{ readonly ok: boolean; readonly message: string | null }> {
  try {
    await look();
    return { ok: true, message: null };
  } catch (error) {
    return { ok: false, message: said ?? messageOf(error) };
  }
}
