import type { HeldRun } from '../../ports/run-store.ts';
import type { BegunRun } from '../begin/begin-run.ts';
import { ERRORS_FILE, outputPathOf } from '../run-paths.ts';

/** Where a run writes. */
export interface FilePaths {
  /** Undefined for a stream. */
  readonly output: string | undefined;
  readonly errors: string;
}

export function filePaths({
  held,
  begun: { record },
}: {
  readonly held: Pick<HeldRun, 'folder'>;
  readonly begun: Pick<BegunRun, 'record'>;
}): FilePaths {
  return { output: outputPathOf(record, held.folder), errors: `${held.folder}/${ERRORS_FILE}` };
}
