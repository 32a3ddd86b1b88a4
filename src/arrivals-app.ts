import { createReadStream, rmSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { claimedFile, isClaim } from './engine/automation/claimed-files.ts';
import { FileArrivals, type FileArrivalsPorts } from './engine/automation/file-arrivals.ts';
import { StrayClaims, type StrayClaimsPorts } from './engine/automation/stray-claims.ts';
import { firingIdOf } from './engine/automation/firing-runs.ts';
import { isElsewhere, RowmillError } from './engine/errors.ts';
import { restingSftp } from './engine/hosting/resting-sftp.ts';
import type { SftpConnections } from './engine/hosting/sftp-connections.ts';
import { LARGEST_ARRIVED, type ArrivedContent } from './engine/jobs/arrived-file.ts';
import type { ArrivalFolders, FetchedFile } from './engine/ports/arrival-folder.ts';
import type { Firing } from './engine/ports/firing-store.ts';
import type { StoredTrigger } from './engine/ports/trigger-store.ts';
import { FileRoots } from './files/local/file-roots.ts';
import { LocalArrivalFolders } from './files/local/local-arrival-folders.ts';
import { SftpArrivalFolders } from './files/sftp/sftp-arrival-folders.ts';

interface ArrivalOptions extends Omit<FileArrivalsPorts & StrayClaimsPorts, 'folders'> {
  readonly fileRoots: readonly string[];
  readonly sftp: Pick<SftpConnections, 'use'>;
  /** Where files from elsewhere are copied to. What lies there is of nobody at a start. */
  readonly copies: string;
}

/** A file that cannot be fetched now is tried for again after so long. */
const AGAIN_MS = [1_000, 2_000, 4_000, 8_000, 16_000];

/** The folders that a server watches, and what may be read there. */
export function openArrivals({ place, fileRoots, sftp, copies, ...ports }: ArrivalOptions) {
  rmSync(copies, { recursive: true, force: true });
  const roots = new FileRoots(fileRoots);
  const here = new LocalArrivalFolders(roots, place);
  const elsewhere = new SftpArrivalFolders(restingSftp(sftp, ports.clock), copies);
  const folders: ArrivalFolders = {
    open: async (trigger) => (await here.open(trigger)) ?? elsewhere.open(trigger),
    placeOf: (trigger) => here.placeOf(trigger) ?? elsewhere.placeOf(),
  };
  const arrivals = new FileArrivals({ ...ports, folders });
  const strays = new StrayClaims({ ...ports, folders, place });
  const closing = ports.makeStop();
  const fetchAtLast = async (firing: Firing): Promise<FetchedFile | undefined> => {
    for (const ms of AGAIN_MS) {
      try {
        return await arrivals.fetch(firing, LARGEST_ARRIVED);
      } catch (error) {
        if (!isElsewhere(error)) throw error;
        await ports.clock.sleep(ms, closing.signal);
      }
    }
    return arrivals.fetch(firing, LARGEST_ARRIVED);
  };
  /** Who closes waits for no server elsewhere. */
  const fetchUntilClosed = async (firing: Firing): Promise<FetchedFile | undefined> => {
    const fetching = arrivals.fetch(firing);
    const closed = ports.makeStop();
    const waiting = whenAborted(closing.signal, closed.signal);
    try {
      const file = await Promise.race([fetching, waiting]);
      if (file !== 'aborted') return file;
      void fetching.then((late) => late?.dispose()).catch(() => undefined);
      throw new RowmillError('sftp_unreachable', 'the server closes: the file is fetched later');
    } finally {
      closed.abort();
    }
  };
  return {
    arrivals,
    roots,
    open(): void {
      arrivals.open();
      strays.open();
    },
    async close(): Promise<void> {
      closing.abort();
      await Promise.all([arrivals.close(), strays.close()]);
    },
    /** For what schedules start. */
    forRuns: { fetch: fetchUntilClosed, check: roots.file.bind(roots) },
    forApi: {
      checkFolder: async (path: string, accountId: string) => {
        await roots.folder(path, accountId);
      },
      checkFile: async (path: string, accountId: string) => {
        await roots.file(path, accountId);
      },
      release: (trigger: StoredTrigger) => arrivals.release(trigger),
    },
    /** The file that has arrived for a run, whole; undefined where none has. */
    async arrivedFor(runId: string): Promise<ArrivedContent | undefined> {
      const firing = await ports.firings.get(firingIdOf(runId));
      if (firing !== undefined) refuseLargeArrival(firing);
      const file = firing && (await fetchAtLast(firing));
      if (file === undefined) return undefined;
      try {
        return { name: file.name, content: await readWhole(file.path, file.name) };
      } finally {
        await file.dispose();
      }
    },
  };
}

/** No more than may be: it may grow meanwhile. */
async function readWhole(path: string, name: string): Promise<Uint8Array> {
  const content = await buffer(createReadStream(path, { end: LARGEST_ARRIVED }));
  refuseLarge(name, content.length);
  return content;
}

/** What was too large when it was claimed is not fetched. */
function refuseLargeArrival(firing: Firing): void {
  const file = isClaim(firing) ? claimedFile(firing) : undefined;
  if (file !== undefined) refuseLarge(file.name, file.bytes);
}

function refuseLarge(name: string, size: number): void {
  if (size <= LARGEST_ARRIVED) return;
  const rule = `a script is given ${LARGEST_ARRIVED} at most: a task that reads CSV has no such bound`;
  throw new RowmillError('input_too_large', `${name} has ${size} bytes, and ${rule}`);
}

/** Ends with the first signal; listens to it no more after the second. */
function whenAborted(signal: AbortSignal, until: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    const tell = (): void => resolve('aborted');
    signal.addEventListener('abort', tell, { once: true, signal: until });
    if (signal.aborted) tell();
  });
}
