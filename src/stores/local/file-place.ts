import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RowmillError } from '../../engine/errors.ts';
import { storeError } from '../store-error.ts';

const NEEDS_POSTGRES =
  'files can be shared by servers that share a database: give --database postgres://… too, or no --files-dir';

/** Where the files of a server lie. */
export interface FilePlace {
  readonly folder: string;
  /** For the store of runs. */
  readonly runs: { readonly folder: string; readonly holder: string; readonly place: string };
  /** The same for all servers that have the folder. */
  readonly name: string;
  /** The server itself. */
  readonly holder: string;
  /** Whether other servers may be at work in it. */
  readonly isShared: boolean;
  /** Throws where the folder is not what it was at the start: a share that is not mounted. */
  look(): void;
}

/** The data folder, or the folder that the servers on a database share. Throws `usage` without such a database. */
export function filePlaceOf(
  {
    dataDir,
    filesDir,
    database,
  }: {
    readonly dataDir: string;
    readonly filesDir?: string | undefined;
    readonly database: string | undefined;
  },
  { holder, makeId }: { readonly holder: string; readonly makeId: () => string },
): FilePlace {
  if (filesDir === undefined) {
    return { ...placed(dataDir, holder, holder), isShared: false, look: () => undefined };
  }
  if (database === undefined) throw new RowmillError('usage', NEEDS_POSTGRES);
  const name = sharedFilesName(filesDir, makeId);
  const look = (): void => refuseOtherFiles(filesDir, name);
  return { ...placed(filesDir, name, holder), isShared: true, look };
}

function placed(folder: string, name: string, holder: string) {
  return {
    folder,
    name,
    holder,
    runs: { folder: join(folder, 'server-runs'), holder, place: name },
  };
}

/** Says which folder it is, to every server that has it, on whatever machine and under whatever path. */
const NAME = 'files-id';

/** The name of a folder that several servers share; the first of them gives it one. */
function sharedFilesName(folder: string, makeId: () => string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const known = nameOf(folder);
    if (known !== undefined) return known;
    const name = makeId();
    const own = join(folder, `${NAME}.${name}`);
    writeFileSync(own, `${name}\n`, { mode: 0o600 });
    try {
      // Whole at once, or not at all where another was quicker.
      linkSync(own, join(folder, NAME));
    } catch {
      // The name of the other holds.
    } finally {
      rmSync(own);
    }
    return nameOf(folder) ?? name;
  } catch (error) {
    throw storeError(folder, error);
  }
}

/** Throws where the folder is not, or no longer, the one of this name: a share that is not mounted. */
function refuseOtherFiles(folder: string, name: string): void {
  const found = nameOf(folder);
  if (found === name) return;
  throw new Error(
    found === undefined
      ? `${folder} has no ${NAME}: the folder that the servers share is not there`
      : `${folder} is another folder than at the start: ${found}, not ${name}`,
  );
}

function nameOf(folder: string): string | undefined {
  try {
    const name = readFileSync(join(folder, NAME), 'utf8').trim();
    return name === '' ? undefined : name;
  } catch {
    return undefined;
  }
}
