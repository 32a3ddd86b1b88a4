import type { Selectable, Transaction } from 'kysely';
import type { EntryMove, QueueEntry } from '../../engine/ports/queue-store.ts';
import type { QueueTable } from './queue-schema.ts';
import type { StoreSchema } from './schema.ts';

interface Moving {
  readonly move: EntryMove;
  /** Locked. */
  readonly queue: Pick<Selectable<QueueTable>, 'id' | 'entry_order'>;
  readonly transaction: Transaction<StoreSchema>;
}

/** Puts an entry that waits somewhere else in its line. False where there is no such place. */
export async function moveEntry(
  { id: entryId }: Pick<QueueEntry, 'id'>,
  { move, queue, transaction }: Moving,
): Promise<boolean> {
  const isLifo = queue.entry_order === 'lifo';
  const place = await placeOf(move, { queueId: queue.id, isLifo, transaction });
  if (place === undefined) return false;
  // What is ordered by time moves up; who was in this place is behind.
  await transaction
    .updateTable('queue_entries')
    .set((row) => ({ position: row('position', '+', 1) }))
    .where('queue_id', '=', queue.id)
    .where('position', '>=', place)
    .execute();
  await transaction
    .updateTable('queue_entries')
    .set({ position: place })
    .where('id', '=', entryId)
    .execute();
  return true;
}

/** The position that makes an entry the next, the last, or a neighbour of another. */
async function placeOf(
  move: EntryMove,
  {
    queueId,
    isLifo,
    transaction,
  }: {
    readonly queueId: string;
    readonly isLifo: boolean;
    readonly transaction: Transaction<StoreSchema>;
  },
): Promise<number | undefined> {
  const waiting = transaction
    .selectFrom('queue_entries')
    .select('position')
    .where('queue_id', '=', queueId)
    .where('status', '=', 'waiting');
  if (move === 'first' || move === 'last') {
    const isLowest = (move === 'first') !== isLifo;
    const edge = await waiting
      .orderBy('position', isLowest ? 'asc' : 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    return isLowest ? edge.position : edge.position + 1;
  }
  const isBefore = 'before' in move;
  const other = await waiting
    .where('id', '=', isBefore ? move.before : move.after)
    .executeTakeFirst();
  if (other === undefined) return undefined;
  return isBefore !== isLifo ? other.position : other.position + 1;
}
