import type { RunRecord } from './run-record.ts';

/** Errors file of a run, in its folder. */
export const ERRORS_FILE = 'errors.csv';
/** Output of a run without a path of its own. */
const OUTPUT_FILE = 'output.csv';

/** Where the output of a run is; undefined for a stream. */
export function outputPathOf(
  record: Pick<RunRecord, 'output' | 'outputPath'>,
  folder: string,
): string | undefined {
  if (record.output.kind === 'stdout') return undefined;
  return record.outputPath ?? `${folder}/${OUTPUT_FILE}`;
}
