import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DATA_FOLDER } from '../data.mjs';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
export const RUNS_FOLDER = join(DATA_FOLDER, 'runs');
/** Rows of the file fail: that is what 4 says. */
export const OK_CODES = [0, 4];

/** A command line of Rowmill with a task of this folder. */
export function rowmill(command, task, ...words) {
  const file = fileURLToPath(new URL(`../tasks/${task}.mjs`, import.meta.url));
  return ['node', MAIN, command, ...words, '--tasks', file, '--data', RUNS_FOLDER];
}

/** Every run begins without an output and without earlier runs. */
export function clear(output) {
  rmSync(RUNS_FOLDER, { recursive: true, force: true });
  rmSync(output, { force: true });
}
