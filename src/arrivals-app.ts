import { readFile, stat } from 'node:fs/promises';
import { FileArrivals, type FileArrivalsPorts } from './engine/automation/file-arrivals.ts';
import { firingIdOf } from './engine/automation/firing-runs.ts';
import { RowmillError } from './engine/errors.ts';
import { LARGEST_ARRIVED, type ArrivedContent } from './engine/jobs/arrived-file.ts';
import type { StoredTrigger } from './engine/ports/trigger-store.ts';
import { FileRoots } from './files/local/file-roots.ts';
import { LocalArrivalFolders } from './files/local/local-arrival-folders.ts';

interface ArrivalOptions extends Omit<FileArrivalsPorts, 'folders'> {
  /** Name of the place that files of this server lie in. */
  readonly place: string;
  readonly fileRoots: readonly string[];
}

/** The folders that a server watches, and what may be read there. */
export function openArrivals({ place, fileRoots, ...ports }: ArrivalOptions) {
  const roots = new FileRoots(fileRoots);
  const arrivals = new FileArrivals({ ...ports, folders: new LocalArrivalFolders(roots, place) });
  return {
    arrivals,
    roots,
    /** For what schedules start. */
    forRuns: { fetch: arrivals.fetch.bind(arrivals), check: roots.file.bind(roots) },
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
      const file = firing && (await arrivals.fetch(firing));
      if (file === undefined) return undefined;
      try {
        return { name: file.name, content: await readWhole(file.path, file.name) };
      } finally {
        await file.dispose();
      }
    },
  };
}

async function readWhole(path: string, name: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size <= LARGEST_ARRIVED) return readFile(path);
  const rule = `a script is given ${LARGEST_ARRIVED} at most: a task that reads CSV has no such bound`;
  throw new RowmillError('input_too_large', `${name} has ${size} bytes, and ${rule}`);
}
