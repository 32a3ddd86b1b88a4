import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, RowmillError } from '../engine/errors.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';

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

/** The same for an object. */
export async function readWrittenObject(
  written: string,
  place: { readonly what: string; readonly workingDirectory: string },
): Promise<JsonObject> {
  const value = await readWrittenJson(written, place);
  if (isObject(value)) return value;
  throw new RowmillError('usage', `${place.what} ${written}: expected a JSON object`);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
