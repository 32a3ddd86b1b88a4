import { readFileSync } from 'node:fs';
import { RowmillError } from './engine/errors.ts';
import { carriedSecrets } from './engine/run/secrets/carried-secrets.ts';
import { RowThread } from './engine/run/rows/row-thread.ts';
import { serveRowThread } from './executors/threads/serve-row-thread.ts';
import { environmentSecrets } from './system/environment-secrets.ts';
import { systemClock } from './system/system-clock.ts';
import { moduleLoader, taskCatalog } from './task-source.ts';

// What a thread of a run executes (`--threads`): the same tasks, with the same world around them.

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { readonly version: string };

/** Where a thread finds what it needs. */
export interface ThreadPlaces {
  readonly tasks: readonly string[];
  /** Undefined where every address may be reached. */
  readonly allowAddresses: readonly string[] | undefined;
}

await serveRowThread(async (found, setup, { onSecretUsed, resources }) => {
  const { tasks, allowAddresses } = found as ThreadPlaces; // as app.ts gave it to the executor
  const catalog = taskCatalog(tasks, { version, loadModule: moduleLoader() });
  const { task, codeHash } = await catalog.find(setup.record.task);
  if (codeHash !== setup.codeHash) {
    const message = `the code of ${task.name} was changed while its threads were started: run it again`;
    throw new RowmillError('code_changed', message);
  }
  if (task.kind !== 'csv') throw new TypeError(`${task.name} reads no CSV`);
  const ports = {
    clock: systemClock,
    secrets:
      setup.secrets === undefined
        ? environmentSecrets(process.env)
        : carriedSecrets(setup.secrets, onSecretUsed),
    resources,
    fetch: fetchAtFirstUse(allowAddresses),
  };
  // An abort ends the thread itself.
  return RowThread.open(task, setup, { ports, signal: new AbortController().signal });
});

/** An HTTP client takes its time to load, and most tasks that compute need none. */
function fetchAtFirstUse(allowAddresses: readonly string[] | undefined): typeof globalThis.fetch {
  let made: Promise<typeof globalThis.fetch> | undefined;
  const make = async (): Promise<typeof globalThis.fetch> => {
    const { makePooledFetch, pooledFetch } = await import('./system/pooled-fetch.ts');
    if (allowAddresses === undefined) return pooledFetch;
    const { AddressRules } = await import('./system/public-address.ts');
    return makePooledFetch(new AddressRules(allowAddresses));
  };
  return async (...request) => (await (made ??= make()))(...request);
}
