import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defineReferences } from 'rowmill';

/** Stands for a document store: `dmss://DataSource/$123-123` is `documents/DataSource_123-123.json` here. */
function fileOf(address: string): string {
  return join('documents', `${address.replace('dmss://', '').replaceAll(/[^\w.-]+/g, '_')}.json`);
}

export default defineReferences({
  schemes: ['dmss'],
  // A real one is asked by fetch, with the token of the job.
  resolve: async (address) => JSON.parse(await readFile(fileOf(address), 'utf8')) as unknown,
  write: (address, content) => writeFile(fileOf(address), content),
});
