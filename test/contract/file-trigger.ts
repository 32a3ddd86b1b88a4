import { readTrigger, type TriggerDefinition } from '../../src/engine/automation/read-trigger.ts';
import type { StoredTrigger, TriggerStore } from '../../src/engine/ports/trigger-store.ts';

/** Keeps a trigger that waits for files, by default in `/in`, and starts a job of its name. */
export async function addFileTrigger(
  triggers: TriggerStore,
  id: string,
  definition: TriggerDefinition = readTrigger({ kind: 'file', folder: '/in' }),
): Promise<StoredTrigger> {
  await triggers.create({
    id,
    jobId: id,
    accountId: 'acme',
    definition,
    missed: 'once',
    missedWindowMs: 0,
    overlap: 'queue',
    isPaused: false,
    nextDueMs: undefined,
  });
  return storedTrigger(triggers, id);
}

/** A trigger as it is kept now. */
export async function storedTrigger(triggers: TriggerStore, id: string): Promise<StoredTrigger> {
  const found = await triggers.get(id);
  if (found === undefined) throw new Error(`${id} is not there`);
  return found;
}
