import { ApiProblem } from '../problem.ts';

/** What may be said of an upload. `filename` is the word that clients use by themselves. */
const NAMES: ReadonlySet<string> = new Set(['filename', 'task', 'arguments', 'options']);

/** Reads `Upload-Metadata`: what we know of it. Throws `bad_request`. */
export function readMetadata(header: string | readonly string[] = ''): Record<string, string> {
  const entries = String(header)
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair): readonly [string, string] => {
      const [name = '', value = '', ...more] = pair.split(' ');
      if (more.length > 0 || !/^[\w+/=-]*$/.test(value)) {
        throw new ApiProblem('bad_request', `header.upload-metadata: ${name} is not base64`);
      }
      return [name, Buffer.from(value, 'base64').toString('utf8')];
    });
  return Object.fromEntries(entries.filter(([name]) => NAMES.has(name)));
}

/** Writes it. */
export function writeMetadata(metadata: Readonly<Record<string, string>>): string {
  return Object.entries(metadata)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}
