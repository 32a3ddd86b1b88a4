import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MODULES_FOLDER, PYTHON_FOLDER } from './program-command.ts';

/** Where the programs of this package lie. */
export interface ProgramPlaces {
  /** script-program.js, among the files of the built package. */
  readonly javascript: URL;
  /** The folder of jiti, which compiles TypeScript. */
  readonly jiti: URL;
  /** The folder that has our Python package. */
  readonly python: URL;
}

/** What a script of a language needs beside an interpreter, where that has nothing of this machine. */
export interface ProgramFiles {
  /** Absolute: where they are to lie. */
  readonly folder: string;
  /** Relative to that. */
  readonly files: readonly { readonly path: string; readonly content: Uint8Array }[];
}

/** Undefined for a language that no program of this package executes. */
export function programFiles(places: ProgramPlaces, language: string): ProgramFiles | undefined {
  switch (language) {
    case 'python':
      return {
        folder: PYTHON_FOLDER,
        files: filesBelow(join(fileURLToPath(places.python), 'rowmill'), 'rowmill', /\.py$/),
      };
    case 'javascript':
      return { folder: MODULES_FOLDER, files: ownModules(places) };
    case 'typescript':
      return { folder: MODULES_FOLDER, files: [...ownModules(places), ...jiti(places)] };
    default:
      return undefined;
  }
}

function ownModules({ javascript }: ProgramPlaces): ProgramFiles['files'] {
  const program = fileURLToPath(javascript);
  const built = dirname(program);
  const found = new Set<string>();
  const follow = (file: string): void => {
    if (found.has(file)) return;
    found.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, path = ''] of text.matchAll(OWN_IMPORT)) follow(join(dirname(file), path));
  };
  follow(program);
  follow(join(built, 'job.js'));
  const files = [...found].map((file) => ({
    path: `rowmill/dist/${relative(built, file)}`,
    content: readFileSync(file),
  }));
  const description = readFileSync(join(dirname(built), 'package.json'));
  return [...files, { path: 'rowmill/package.json', content: description }];
}

/** As they stand in what is built. */
const OWN_IMPORT = /(?:from|import)\s*\(?["'](\.\.?\/[^"']+)["']/g;

function jiti({ jiti: place }: ProgramPlaces): ProgramFiles['files'] {
  const folder = fileURLToPath(place);
  return [
    ...filesBelow(join(folder, 'lib'), 'jiti/lib', /\.[cm]?js$/),
    ...filesBelow(join(folder, 'dist'), 'jiti/dist', /\.[cm]?js$/),
    { path: 'jiti/package.json', content: readFileSync(join(folder, 'package.json')) },
  ];
}

function filesBelow(folder: string, under: string, named: RegExp): ProgramFiles['files'] {
  return readdirSync(folder).flatMap((name) => {
    const [file, path] = [join(folder, name), under === '' ? name : `${under}/${name}`];
    if (statSync(file).isDirectory()) return filesBelow(file, path, named);
    return named.test(name) ? [{ path, content: readFileSync(file) }] : [];
  });
}
