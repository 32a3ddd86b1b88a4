import type { RunEventType } from '../ports/run-events.ts';
import type { EventName } from '../ports/told-event-store.ts';

const TOLD: Readonly<Partial<Record<RunEventType, string>>> = {
  created: 'created',
  started: 'started',
  ended: 'finished',
};

/** What jobs can wait for, of what happens to a run; undefined for what is not told. */
export function toldAs(type: RunEventType): Pick<EventName, 'object' | 'event'> | undefined {
  const event = TOLD[type];
  return event === undefined ? undefined : { object: 'run', event };
}
