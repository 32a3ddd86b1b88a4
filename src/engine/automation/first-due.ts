import { dueTimesOf, type TriggerDefinition } from './read-trigger.ts';

/**
 * When a trigger is due for the first time behind a moment: an interval by the last outcome at once, what
 * waits for something that is told never. `never`: its times are over.
 */
export function firstDueMs(
  definition: TriggerDefinition,
  afterMs: number,
): number | undefined | 'never' {
  if (definition.kind === 'after_outcome') return afterMs;
  const times = dueTimesOf(definition);
  return times === undefined ? undefined : (times.next(afterMs) ?? 'never');
}
