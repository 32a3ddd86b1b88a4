import { accessSync, constants } from 'node:fs';
import { normalize } from 'node:path';
import { messageOf } from '../../engine/errors.ts';
import type { ScriptAccess } from '../../engine/ports/script-executor.ts';

/** What a sandbox has of its own, and what would give it the whole host. */
const OWN_PLACES = ['/', '/proc', '/sys', '/dev', '/script', '/old', '/build', '/runtime'];

/** What is wrong with the places that a script may read. */
export function accessProblems({ readable }: ScriptAccess): string[] {
  return readable.flatMap((path) => {
    const place = `readable: ${JSON.stringify(path)}`;
    if (!path.startsWith('/') || normalize(path) !== path || /[\n\0]/.test(path)) {
      return [`${place}: expected an absolute path without . and .., and no / at its end`];
    }
    if (OWN_PLACES.some((own) => path === own || (own !== '/' && path.startsWith(`${own}/`)))) {
      return [`${place} cannot be given: the sandbox has its own`];
    }
    try {
      accessSync(path, constants.R_OK);
      return [];
    } catch (error) {
      return [`${place} cannot be read: ${messageOf(error)}`];
    }
  });
}
