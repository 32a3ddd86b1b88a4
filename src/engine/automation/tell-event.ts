import { stringify } from 'safe-stable-stringify';
import type { FiringStore, Verdict } from '../ports/firing-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Sha256 } from '../ports/hash.ts';
import type { MakeId } from '../ports/ids.ts';
import type { StoredTrigger, TriggerStore } from '../ports/trigger-store.ts';
import { matches, type EventPayload } from './event-filter.ts';
import { newFiring } from './new-firing.ts';
import { eventWord } from './read-trigger.ts';

/** Something that happened. */
export interface ToldEvent {
  readonly accountId: string;
  readonly object: string;
  readonly event: string;
  readonly payload: EventPayload;
  /** Tells it apart from others of the same moment. */
  readonly id: string;
}

/** What a trigger made of an event. `filtered`: its filter does not let the payload through. */
export interface EventVerdict {
  readonly trigger: StoredTrigger;
  readonly verdict: Verdict | 'filtered';
}

interface EventPorts {
  readonly triggers: TriggerStore;
  readonly firings: FiringStore;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly makeId: MakeId;
}

/** Tells an event to every trigger of its account that waits for it: filter, then duplicates, then a firing. */
export async function tellEvent(
  told: ToldEvent,
  { triggers, firings, clock, sha256, makeId }: EventPorts,
): Promise<readonly EventVerdict[]> {
  const { accountId, payload, object, event, id } = told;
  const hash = sha256(new TextEncoder().encode(stringify({ object, event, payload })));
  const verdicts: EventVerdict[] = [];
  for (const trigger of await triggers.listening(accountId, eventWord(told))) {
    const { definition } = trigger;
    if (definition.kind !== 'event') continue;
    if (!matches(definition.filter, payload)) {
      verdicts.push({ trigger, verdict: 'filtered' });
      continue;
    }
    const windowMs = definition.window * 1_000;
    const firing = newFiring(trigger, makeId, { dueMs: clock.now(), item: id, payload });
    const verdict = await firings.addUnlessEqual(firing, { hash, windowMs });
    verdicts.push({ trigger, verdict });
  }
  return verdicts;
}
