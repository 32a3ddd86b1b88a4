import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, RowmillError } from '../engine/errors.ts';

/** JSON as it is written on the command line, or in the file behind `@`. `what` names it in errors. */
export async function readWrittenJson(
  written: string,
  { what, workingDirectory }: { readonly what: string; readonly workingDirectory: string },
): Promise<unknown> {
  try {
    const isFile = written.startsWith('@');
    const text = isFile
      ? await readFile(resolve(workingDirectory, written.slice(1)), 'utf8')
      : written;
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new RowmillError('usage', `${what} ${written}: ${messageOf(error)}`, { cause: error });
  }
}
