import { RowmillError } from '../errors.ts';

/** Throws `files_elsewhere` where the files of a run or a draft lie in the folder of another server. */
export function refuseFilesElsewhere(
  { isHere, place }: { readonly isHere: boolean; readonly place: string | undefined },
  what: string,
): void {
  if (isHere) return;
  throw new RowmillError(
    'files_elsewhere',
    `the files of ${what} are not here but with ${place}: ask that server, or give both one folder for their files (--files-dir)`,
  );
}
