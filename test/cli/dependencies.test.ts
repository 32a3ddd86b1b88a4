import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { buildIfStale, MAIN } from './built-command-line.ts';

beforeAll(buildIfStale, 60_000);

/** How a bundled file names another: at the beginning of a line, or where it is imported later. */
const IMPORT =
  /^(?:import|export)\b[^;\n]*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;
/** What stands in published types alone. */
const FOR_TYPES = ['@standard-schema/spec'];

/** Adds what a built file names, and all that it leads to; a chunk of an older build is led to by none. */
function addImports(file: string, seen: Set<string>): void {
  seen.add(file);
  for (const [, ...found] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    const name = found.find((each) => each !== undefined) ?? '';
    const path = join(dirname(file), name);
    if (!name.startsWith('.')) seen.add(name);
    else if (!seen.has(path)) addImports(path, seen);
  }
}

it('whoever installs the package gets what its files import, and nothing else', () => {
  const folder = dirname(MAIN);
  const doors = readdirSync(folder).filter((name) => name.endsWith('.js'));
  const imports = new Set<string>();
  for (const name of doors) addImports(join(folder, name), imports);
  const packages = [...imports]
    .filter((name) => !isAbsolute(name) && !isBuiltin(name))
    .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
  const { dependencies, peerDependencies } = JSON.parse(
    readFileSync(join(folder, '..', 'package.json'), 'utf8'),
  ) as Readonly<Record<'dependencies' | 'peerDependencies', Readonly<Record<string, string>>>>;
  const named = [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
  expect([...new Set([...packages, ...FOR_TYPES])].sort()).toEqual(named.sort());
});
