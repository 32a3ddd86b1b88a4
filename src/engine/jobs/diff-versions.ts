import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import type { JobVersion } from '../ports/job-store.ts';
import type { ScriptFile } from './job-definition.ts';

type WholeVersion = JobVersion & { readonly files: readonly ScriptFile[] };

/** What differs between two versions of a job, as a unified diff: `job.json`, then the files of its script. */
export function diffVersions(older: WholeVersion, newer: WholeVersion): string {
  const [before, after] = [textsOf(older), textsOf(newer)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) =>
      createTwoFilesPatch(
        before.has(path) ? path : '/dev/null',
        after.has(path) ? path : '/dev/null',
        before.get(path) ?? '',
        after.get(path) ?? '',
        `version ${older.number}`,
        `version ${newer.number}`,
        { headerOptions: FILE_HEADERS_ONLY },
      ),
    )
    .join('');
}

function textsOf({ definition, files }: WholeVersion): ReadonlyMap<string, string> {
  const job = ['job.json', `${JSON.stringify(definition, undefined, 2)}\n`] as const;
  return new Map([job, ...files.map(({ path, content }) => [`script/${path}`, content] as const)]);
}
