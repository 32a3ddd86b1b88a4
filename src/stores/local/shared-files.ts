import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeError } from '../store-error.ts';

/** Says which folder it is, to every server that has it, on whatever machine and under whatever path. */
const NAME = 'files-id';

/** The name of a folder that several servers share; the first of them gives it one. */
export function sharedFilesName(folder: string, makeId: () => string): string {
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
export function refuseOtherFiles(folder: string, name: string): void {
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
