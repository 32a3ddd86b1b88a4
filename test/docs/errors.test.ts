import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { STATUS_OF, TITLES } from '../../src/api/problem.ts';
import { errorsPage } from './errors-page.ts';

const file = fileURLToPath(new URL('../../docs/errors.md', import.meta.url));

it('docs/errors.md has every code that the server answers with, and no other', async () => {
  const page = errorsPage();
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(file, page);
  const written = await readFile(file, 'utf8');
  expect(written).toBe(page);
  const codes = [...written.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code ?? '');
  expect(codes.toSorted()).toEqual(Object.keys(STATUS_OF).toSorted());
});

it('every status of a problem has a title', () => {
  const untitled = Object.values(STATUS_OF).filter((status) => TITLES[status] === undefined);
  expect(untitled).toEqual([]);
});
