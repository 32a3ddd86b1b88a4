import type { RunRecord } from './run-record.ts';

/** Errors file of a run, in its folder. */
export const ERRORS_FILE = 'errors.csv';
/** Output of a run without a path of its own. */
export const OUTPUT_FILE = 'output.csv';

/** Input of a run that has a parent: made before it begins, in UTF-8. */
export const CHILD_INPUT_FILE = 'input.csv';
/** Which rows of the first run of its line the records of that input are. */
export const ROWS_FILE = 'rows';
/** Carried state that such a run starts from. */
export const START_STATE_FILE = 'state';

/** Where the output of a run is; undefined for a stream. */
export function outputPathOf(
  record: Pick<RunRecord, 'output' | 'outputPath'>,
  folder: string,
): string | undefined {
  if (record.output.kind === 'stdout') return undefined;
  return record.outputPath ?? `${folder}/${OUTPUT_FILE}`;
}
