import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  EventDelivery,
  EventKindStore,
  ToldEventStore,
} from '../../src/engine/ports/told-event-store.ts';

/** Events of its own for each test. */
interface ToldEventWorld {
  readonly events: ToldEventStore;
  readonly kinds: EventKindStore;
  close(): Promise<void>;
}

const DELIVERY: EventDelivery = {
  triggerId: 'sch_a',
  jobId: 'job_a',
  name: 'a job',
  verdict: 'filtered',
  firingId: undefined,
  unmet: [{ at: 'a', clause: { a: { $gt: 1 } }, isMet: false }],
};

/** What every store of events that were told promises. */
export function describeToldEventStore(name: string, open: () => Promise<ToldEventWorld>): void {
  describe(`told events in ${name}`, () => {
    let world: ToldEventWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    const keep = (id: string, more: Readonly<Record<string, unknown>> = {}) =>
      world.events.keep({
        id,
        accountId: 'acme',
        object: 'appointment',
        event: 'create',
        payload: { nested: { list: [1, null, 'é'] } },
        deliveries: [DELIVERY],
        ...more,
      });

    it('keeps an event once, as it was told', async () => {
      const kept = await keep('evt_a');
      const { firingId: _, ...delivery } = DELIVERY;
      expect(kept).toMatchObject({
        id: 'evt_a',
        payload: { nested: { list: [1, null, 'é'] } },
        deliveries: [delivery],
      });
      expect(await keep('evt_a', { deliveries: [] })).toEqual(kept);
      expect(await world.events.find('evt_a')).toEqual(kept);
      expect(await world.events.find('evt_nix')).toBeUndefined();
    });

    it('lists those of an account, the last one first, by name and in pages', async () => {
      for (let at = 0; at < 5; at += 1) await keep(`evt_${at}`);
      await keep('evt_other', { accountId: 'other' });
      await keep('evt_cancel', { event: 'cancel' });
      await keep('evt_patient', { object: 'patient' });
      const asked = { accountId: 'acme', object: 'appointment', event: 'create' };
      const first = await world.events.page({ ...asked, limit: 3 });
      const second = await world.events.page({ ...asked, limit: 3, after: first.at(-1) });
      expect([...first, ...second].map(({ id }) => id)).toEqual([
        'evt_4',
        'evt_3',
        'evt_2',
        'evt_1',
        'evt_0',
      ]);
      const all = await world.events.page({ accountId: 'acme', limit: 100 });
      expect(all.map(({ id }) => id).slice(0, 2)).toEqual(['evt_patient', 'evt_cancel']);
    });

    it('prunes those that are old, and no others', async () => {
      const { createdAtMs } = await keep('evt_a');
      expect(await world.events.prune(createdAtMs)).toBe(0);
      expect(await world.events.prune(createdAtMs + 1)).toBe(1);
      expect(await world.events.find('evt_a')).toBeUndefined();
    });

    it('keeps what accounts say of their events, each its own', async () => {
      const { kinds } = world;
      const kind = { object: 'b', event: 'z', description: 'first', example: { a: [1] } };
      expect(await kinds.set('acme', kind)).toBe(false);
      expect(await kinds.set('other', kind)).toBe(false);
      expect(await kinds.set('acme', { ...kind, description: 'second' })).toBe(true);
      await kinds.set('acme', { ...kind, object: 'a' });
      expect(await kinds.list('acme')).toEqual([
        { ...kind, object: 'a' },
        { ...kind, description: 'second' },
      ]);
      expect(await kinds.remove('acme', kind)).toBe(true);
      expect(await kinds.remove('acme', kind)).toBe(false);
      expect(await kinds.list('other')).toEqual([kind]);
    });
  });
}
