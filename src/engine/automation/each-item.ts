import { RowmillError } from '../errors.ts';
import type { Firing, NewFiring } from '../ports/firing-store.ts';
import type { MakeId } from '../ports/ids.ts';
import type { EachItem } from '../ports/schedule-store.ts';
import type { SourceItems, SourceStore } from '../ports/source-store.ts';
import type { StoredTrigger } from '../ports/trigger-store.ts';
import { classesOf, type SourceItem } from './item-source.ts';
import { newFiring } from './new-firing.ts';

/** What listing items works with. */
export interface EachItemPorts {
  readonly sources: Pick<SourceStore, 'find'>;
  readonly items: SourceItems;
}

const PREFIX = 'item:';

/** Whether a firing is the one of an item, not of the time that all of them are due. */
export function isOfItem({ item }: Pick<Firing, 'item'>): boolean {
  return item.startsWith(PREFIX);
}

/** The items that are meant. Throws `usage` for a source or a class that is not there. */
export async function itemsOf(
  { source: name, classes }: EachItem,
  accountId: string,
  { sources, items }: EachItemPorts,
): Promise<readonly SourceItem[]> {
  const source = await sources.find(accountId, name);
  if (source === undefined) throw new RowmillError('usage', `there is no source ${name}`);
  const known = classesOf(source.definition);
  const odd = classes?.find((each) => !known.includes(each));
  if (odd !== undefined) {
    throw new RowmillError('usage', `the source ${name} has no class ${odd}: ${known.join(', ')}`);
  }
  const found = await items.list(source);
  return classes === undefined
    ? found
    : found.filter(({ itemClass }) => classes.includes(itemClass));
}

/** A firing for each item, one to be done after the other, in this order. */
export function firingsOf(
  items: readonly SourceItem[],
  {
    firing: { dueMs },
    trigger,
    source,
    makeId,
  }: {
    readonly firing: Pick<Firing, 'dueMs'>;
    readonly trigger: StoredTrigger;
    readonly source: string;
    readonly makeId: MakeId;
  },
): readonly NewFiring[] {
  // Of one due time the smaller id goes first.
  const ids = items.map(() => makeId('fir')).sort((a, b) => (a < b ? -1 : 1));
  return items.map(({ name, itemClass }, index) =>
    newFiring({ ...trigger, overlap: 'queue' }, makeId, {
      id: ids[index] ?? makeId('fir'),
      dueMs,
      item: PREFIX + name,
      payload: { item: name, class: itemClass, source },
    }),
  );
}

/** Arguments with the item in the place of `{{item}}` and `{{class}}`. */
export function argumentsFor(
  args: Readonly<Record<string, unknown>>,
  { payload }: Pick<Firing, 'payload'>,
): Readonly<Record<string, unknown>> {
  const given = new Map(
    Object.entries(typeof payload === 'object' && payload !== null ? payload : {}).map(
      ([name, value]: [string, unknown]) => [name, typeof value === 'string' ? value : ''],
    ),
  );
  const filled = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value.replaceAll(
        /\{\{(item|class|source)\}\}/g,
        (_, word: string) => given.get(word) ?? '',
      );
    }
    if (Array.isArray(value)) return value.map(filled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, filled(each)]));
  };
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, filled(value)]));
}
