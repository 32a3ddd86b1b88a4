import { stringify } from 'safe-stable-stringify';
import type { Dedupe } from '../jobs/job-definition.ts';
import type { FiringStore } from '../ports/firing-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { Sha256 } from '../ports/hash.ts';
import type { MakeId } from '../ports/ids.ts';
import type { EventDelivery, EventName } from '../ports/told-event-store.ts';
import type { StoredTrigger, TriggerStore } from '../ports/trigger-store.ts';
import { explainFilter, matches, type EventPayload } from './event-filter.ts';
import { newFiring } from './new-firing.ts';
import { eventWord } from './read-trigger.ts';
import type { OverlapPolicy } from './trigger.ts';

/** Something that happened. */
export interface ToldEvent extends EventName {
  readonly accountId: string;
  readonly payload: EventPayload;
  /** Tells it apart from others of the same moment. */
  readonly id: string;
  /** When, where that is known better than by now: who tells it twice tells it once. */
  readonly atMs?: number | undefined;
  /** Ids of the triggers that have brought it about: it fires none of them. */
  readonly causes?: ReadonlySet<string> | undefined;
}

/** What is decided of a trigger beside its definition. */
export interface EventRules {
  /** Of what it starts. */
  readonly name: string;
  readonly dedupe: Dedupe;
  readonly overlap: OverlapPolicy;
}

/** What telling events works with. */
export interface TellEventPorts {
  readonly triggers: Pick<TriggerStore, 'listening'>;
  readonly firings: Pick<FiringStore, 'addUnlessEqual'>;
  /** Undefined where there is nothing to start any more. */
  readonly rulesOf: (trigger: StoredTrigger) => Promise<EventRules | undefined>;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly makeId: MakeId;
}

/** Tells an event to every trigger of its account that waits for it: filter, then duplicates, then a firing. */
export async function tellEvent(
  told: ToldEvent,
  ports: TellEventPorts,
): Promise<readonly EventDelivery[]> {
  const deliveries: EventDelivery[] = [];
  for (const trigger of await ports.triggers.listening(told.accountId, eventWord(told))) {
    const rules = await ports.rulesOf(trigger);
    if (rules === undefined) continue;
    const { name } = rules;
    const made = await deliver(told, { trigger, rules, ports });
    const { id: triggerId, jobId } = trigger;
    deliveries.push({ triggerId, jobId, name, firingId: undefined, unmet: [], ...made });
  }
  return deliveries;
}

async function deliver(
  told: ToldEvent,
  {
    trigger,
    rules: { dedupe, overlap },
    ports: { firings, clock, makeId, sha256 },
  }: {
    readonly trigger: StoredTrigger;
    readonly rules: EventRules;
    readonly ports: TellEventPorts;
  },
): Promise<Pick<EventDelivery, 'verdict'> & Partial<EventDelivery>> {
  const { definition } = trigger;
  const { payload, id: item } = told;
  if (definition.kind !== 'event' || !matches(definition.filter, payload)) {
    const clauses = definition.kind === 'event' ? explainFilter(definition.filter, payload) : [];
    return { verdict: 'filtered', unmet: clauses.filter(({ isMet }) => !isMet) };
  }
  if (told.causes?.has(trigger.id) === true) return { verdict: 'circle' };
  const hash = sha256(new TextEncoder().encode(comparedOf(told, dedupe)));
  const windowMs = (definition.window ?? dedupe.windowS) * 1_000;
  const dueMs = told.atMs ?? Math.floor(clock.now());
  // What gives way to a later one is due when it does no more.
  const heldMs = dedupe.mode === 'debounce' ? windowMs : 0;
  const firing = {
    ...newFiring(trigger, makeId, { dueMs: dueMs + heldMs, item, payload }),
    overlap,
  };
  const { mode } = dedupe;
  const { verdict, id } = await firings.addUnlessEqual(firing, { hash, windowMs, mode });
  return { verdict, firingId: id };
}

/** What two events that are one have in common. A payload that lacks the key is compared as a whole. */
function comparedOf({ object, event, payload }: ToldEvent, { key }: Dedupe): string {
  const part = key === 'payload' ? undefined : partOf(payload, key.split('.'));
  const compared = part === undefined ? { object, event, payload } : { object, event, key, part };
  return stringify(compared);
}

function partOf(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return partOf(Object.entries(value).find(([key]) => key === name)?.[1], rest);
}
