import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newFiring } from '../../src/engine/automation/new-firing.ts';
import { readTrigger } from '../../src/engine/automation/read-trigger.ts';
import type { ArrivalClaims } from '../../src/engine/ports/arrival-claims.ts';
import type { StoredTrigger } from '../../src/engine/ports/trigger-store.ts';
import type { AutomationWorld } from './automation-store.ts';
import { addFileTrigger, storedTrigger } from './file-trigger.ts';

/** What every store of claims of files promises. */
export function describeArrivalClaims(
  name: string,
  open: () => Promise<AutomationWorld & { readonly claims: ArrivalClaims }>,
): void {
  describe(`claims of files in ${name}`, () => {
    let world: Awaited<ReturnType<typeof open>>;
    let trigger: StoredTrigger;
    beforeEach(async () => {
      world = await open();
      trigger = await addFileTrigger(world.triggers, 'sch_a');
    });
    afterEach(() => world.close());

    const found = (id: string) => storedTrigger(world.triggers, id);
    const fire = (id: string) =>
      world.firings('a').add([{ ...newFiring(trigger, () => id, { dueMs: 1 }), item: id }]);
    const untold = async (forMs: number) =>
      (await world.claims.untold(10, forMs)).map(({ id }) => id);

    it('are known from before the file is touched until they are done with', async () => {
      expect(await world.claims.get('fir_1')).toBeUndefined();
      expect(await world.claims.add('fir_1', trigger)).toBe(true);
      expect(await world.claims.add('fir_2', trigger, { isTold: true })).toBe(true);
      expect(await world.claims.get('fir_1')).toEqual({
        id: 'fir_1',
        triggerId: 'sch_a',
        isTold: false,
      });
      expect(await world.claims.get('fir_2')).toMatchObject({ isTold: true });
      await world.claims.remove('fir_1');
      await world.claims.remove('fir_1');
      expect(await world.claims.get('fir_1')).toBeUndefined();
    });

    it('are not made for a trigger that was changed since it was read, or is gone', async () => {
      await world.triggers.update('sch_a', { isPaused: true });
      expect(await world.claims.add('fir_1', trigger)).toBe(false);
      expect(await world.claims.add('fir_1', await found('sch_a'))).toBe(true);
      const isPaused = await found('sch_a');
      await world.triggers.delete('sch_a');
      expect(await world.claims.add('fir_2', isPaused)).toBe(false);
    });

    it('become firings of a trigger that is as it was read only', async () => {
      const firing = (id: string) => ({ ...newFiring(trigger, () => id, { dueMs: 1 }), item: id });
      expect(await world.claims.fire(firing('fir_1'), trigger)).toBe('kept');
      // Each server says when it was.
      expect(await world.claims.fire({ ...firing('fir_1'), dueMs: 2 }, trigger)).toBe('known');
      expect(await world.firings('a').page('sch_a', { limit: 10 })).toMatchObject([{ dueMs: 1 }]);
      expect((await found('sch_a')).revision).toBe(trigger.revision);
      await world.triggers.update('sch_a', { isPaused: true });
      expect(await world.claims.fire(firing('fir_2'), trigger)).toBe('refused');
      const changed = await found('sch_a');
      expect(await world.claims.fire(firing('fir_3'), changed)).toBe('kept');
      await world.triggers.delete('sch_a');
      expect(await world.claims.fire(firing('fir_4'), changed)).toBe('refused');
      expect(await world.firings('a').page('sch_a', { limit: 10 })).toEqual([]);
    });

    it('are stray where their trigger is gone or says something else, and they never fired', async () => {
      const place = 'here';
      for (const id of ['fir_1', 'fir_2', 'fir_fired']) await world.claims.add(id, trigger);
      await world.claims.add('fir_here', trigger, { place });
      await world.claims.add('fir_there', trigger, { place: 'there' });
      await fire('fir_fired');
      type Page = Partial<Parameters<ArrivalClaims['strays']>[0]>;
      const strays = (page: Page = {}) =>
        world.claims.strays({ limit: 10, forMs: 0, place, after: undefined, ...page });
      const ids = async (page?: Page) => (await strays(page)).map(({ id }) => id);
      expect(await ids()).toEqual([]);
      const definition = readTrigger({ kind: 'file', folder: '/elsewhere' });
      await world.triggers.update('sch_a', { definition });
      expect(await ids()).toEqual(['fir_1', 'fir_2', 'fir_here']);
      expect(await ids({ forMs: 60 * 60 * 1_000 })).toEqual([]);
      const [first] = await strays({ limit: 1 });
      expect(first?.trigger).toEqual({
        id: 'sch_a',
        accountId: 'acme',
        definition: trigger.definition,
      });
      expect(await ids({ after: first })).toEqual(['fir_2', 'fir_here']);
      await world.triggers.delete('sch_a');
      expect(await ids()).toEqual(['fir_1', 'fir_2', 'fir_fired', 'fir_here']);
      expect(await ids({ place: 'there' })).toEqual(['fir_1', 'fir_2', 'fir_fired', 'fir_there']);
    });

    it('lie where they were claimed until they were put away, told or not', async () => {
      for (const id of ['fir_1', 'fir_2', 'fir_early']) await world.claims.add(id, trigger);
      await fire('fir_1');
      await fire('fir_2');
      await world.claims.add('fir_3', trigger, { place: 'there' });
      await fire('fir_3');
      const lying = (at: string | undefined = 'here') => world.claims.lying('sch_a', at);
      expect(await lying('there')).toEqual(['fir_1', 'fir_2', 'fir_3']);
      expect(await world.claims.lying('sch_a')).toEqual(['fir_1', 'fir_2', 'fir_3']);
      await world.claims.note('fir_3', 'told');
      expect(await lying()).toEqual(['fir_1', 'fir_2']);
      await world.claims.note('fir_1', 'told');
      expect([await lying(), await untold(0)]).toEqual([['fir_1', 'fir_2'], ['fir_2']]);
      await world.claims.note('fir_1', 'away');
      expect(await world.claims.get('fir_1')).toBeUndefined();
      await world.claims.note('fir_2', 'away');
      expect([await lying(), await untold(0)]).toEqual([[], ['fir_2']]);
      await world.claims.note('fir_2', 'told');
      await world.claims.note('fir_2', 'told');
      expect(await world.claims.get('fir_2')).toBeUndefined();
    });

    it('keep their firings until their files were put away', async () => {
      for (const id of ['fir_1', 'fir_2']) {
        await world.claims.add(id, trigger);
        await fire(id);
        const [claimed] = await world.firings('a').claim(1);
        if (claimed === undefined) throw new Error('nothing was claimed');
        await world.firings('a').settle(claimed, { verdict: 'error', message: 'no column n' });
        await world.claims.note(id, 'told');
      }
      const kept = async () => (await world.firings('a').getAll(['fir_1', 'fir_2'])).length;
      const all = Number.MAX_SAFE_INTEGER;
      expect([await world.firings('a').prune(all), await kept()]).toEqual([0, 2]);
      await world.claims.note('fir_1', 'away');
      expect([await world.firings('a').prune(all), await kept()]).toEqual([1, 1]);
    });

    it('that have fired may be left, and are of nobody then', async () => {
      for (const id of ['fir_1', 'fir_early']) await world.claims.add(id, trigger);
      await fire('fir_1');
      await world.claims.leave('sch_a');
      expect(await world.claims.get('fir_1')).toBeUndefined();
      expect(await world.claims.get('fir_early')).toBeDefined();
    });

    it('are untold once their firing was kept for a while, the oldest first', async () => {
      for (const id of ['fir_1', 'fir_2', 'fir_3', 'fir_told']) {
        await world.claims.add(id, trigger, { isTold: id === 'fir_told' });
      }
      for (const id of ['fir_1', 'fir_2', 'fir_told']) await fire(id);
      expect(await untold(60 * 60 * 1_000)).toEqual([]);
      expect(await untold(0)).toEqual(['fir_1', 'fir_2']);
      const [first] = await world.claims.untold(1, 0);
      expect(first?.id).toBe('fir_1');
      expect(await world.claims.untold(10, 0, first)).toMatchObject([{ id: 'fir_2' }]);
      await world.claims.remove('fir_1');
      expect(await untold(0)).toEqual(['fir_2']);
    });

    it('are forgotten where they are old and became no firing', async () => {
      for (const id of ['fir_1', 'fir_2']) await world.claims.add(id, trigger);
      await fire('fir_2');
      expect(await world.claims.prune(1)).toBe(0);
      expect(await world.claims.prune(Number.MAX_SAFE_INTEGER)).toBe(1);
      expect(await world.claims.get('fir_1')).toBeUndefined();
      expect(await world.claims.get('fir_2')).toBeDefined();
    });
  });
}
