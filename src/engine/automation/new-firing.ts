import type { NewFiring } from '../ports/firing-store.ts';
import type { MakeId } from '../ports/ids.ts';
import type { StoredTrigger } from '../ports/trigger-store.ts';

/** A firing of a trigger that waits to be decided. */
export function newFiring(
  { id: triggerId, jobId, accountId, definition, overlap }: StoredTrigger,
  makeId: MakeId,
  what: Pick<NewFiring, 'dueMs'> & Partial<NewFiring>,
): NewFiring {
  return {
    id: makeId('fir'),
    triggerId,
    jobId,
    accountId,
    item: '',
    payload: undefined,
    overlap,
    line: lineOf(accountId, definition.kind),
    place: undefined,
    verdict: 'waiting',
    message: undefined,
    count: 1,
    lastDueMs: what.dueMs,
    ...what,
  };
}

/** What is bound to the same minute, hour or day of an account runs one after another. */
function lineOf(accountId: string, kind: StoredTrigger['definition']['kind']): string | undefined {
  const isAligned = kind === 'minutely' || kind === 'hourly' || kind === 'daily';
  return isAligned ? `${accountId}:${kind}` : undefined;
}
