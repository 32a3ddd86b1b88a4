import { join } from 'node:path';
import type { RunService } from './engine/run/run-service.ts';
import { LocalRunService } from './engine/service.ts';
import { machinePorts, type ThreadSource } from './machine.ts';
import type { Settings } from './settings.ts';
import { LocalRunStore } from './stores/local/local-run-store.ts';
import { sharedLockFolder } from './stores/local/output-lock.ts';
import { systemClock } from './system/system-clock.ts';

/** Puts the engine together with the adapters of one machine. */
export async function createLocalApp({
  settings,
  threads,
}: {
  readonly settings: Pick<Settings, 'dataDir'>;
  /** Without it there is one thread. */
  readonly threads?: ThreadSource;
}): Promise<{ readonly service: RunService }> {
  const { dataDir } = settings;
  const store = new LocalRunStore(join(dataDir, 'runs'), systemClock, await sharedLockFolder());
  return { service: new LocalRunService({ ...machinePorts(dataDir, { threads }), store }) };
}
