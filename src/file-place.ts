import { nanoid } from 'nanoid';
import { RowmillError } from './engine/errors.ts';
import { refuseOtherFiles, sharedFilesName } from './stores/local/shared-files.ts';

const NEEDS_POSTGRES =
  'files can be shared by servers that share a database: give --database postgres://… too, or no --files-dir';

/** Where the files of a server lie. */
export interface FilePlace {
  readonly folder: string;
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
  holder: string,
): FilePlace {
  if (filesDir === undefined) {
    return { folder: dataDir, name: holder, holder, isShared: false, look: () => undefined };
  }
  if (database === undefined) throw new RowmillError('usage', NEEDS_POSTGRES);
  const name = sharedFilesName(filesDir, () => `fil_${nanoid()}`);
  const look = (): void => refuseOtherFiles(filesDir, name);
  return { folder: filesDir, name, holder, isShared: true, look };
}
