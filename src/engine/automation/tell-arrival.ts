import type { EventTeller } from './event-teller.ts';
import type { Arrival } from './file-arrivals.ts';
import { isArrival } from './read-trigger.ts';

/** Tells that a file has arrived as an event, where anybody waits for that. */
export async function tellArrival(
  { trigger, firingId, atMs, file }: Arrival,
  teller: Pick<EventTeller, 'isHeard' | 'tell'>,
): Promise<void> {
  const name = { object: 'file', event: 'arrived' };
  const { accountId, definition, id } = trigger;
  if (!isArrival(definition) || !(await teller.isHeard(name))) return;
  const { folder, sftp } = definition;
  const place = sftp === undefined ? { folder } : { folder, sftp };
  const payload = { ...file, ...place, schedule_id: id };
  const causes = new Set([id]);
  await teller.tell({ ...name, accountId, payload, id: `evt_${firingId}`, atMs, causes });
}
