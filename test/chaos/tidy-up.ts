import { afterEach } from 'vitest';
import type { Begun, ChaosFolder } from './chaos-folder.ts';

/** What a test has begun and made: ended and removed behind each test. */
export function tidyUp(): { readonly folders: ChaosFolder[]; readonly alive: Set<Begun> } {
  const folders: ChaosFolder[] = [];
  const alive = new Set<Begun>();
  afterEach(async () => {
    for (const { child } of alive) child.kill('SIGKILL');
    alive.clear();
    await Promise.all(folders.splice(0).map((folder) => folder.remove()));
  });
  return { folders, alive };
}
