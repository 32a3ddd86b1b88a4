import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqlUntoldEvents } from '../../src/stores/sql/sql-untold-events.ts';
import type { openAutomationWorld } from './automation-world.ts';

/** What every store of events of runs promises that are to be told. */
export function describeUntoldEvents(
  name: string,
  open: () => ReturnType<typeof openAutomationWorld>,
): void {
  describe(`events of runs that are to be told in ${name}`, () => {
    let world: Awaited<ReturnType<typeof open>>;
    let events: SqlUntoldEvents;
    beforeEach(async () => {
      world = await open();
      events = new SqlUntoldEvents(world.database);
    });
    afterEach(() => world.close());

    it('are read on behind one of them, the oldest first', async () => {
      const { db } = world.database;
      const kept = [
        ['run_b', 1, 100],
        ['run_a', 1, 200],
        ['run_a', 2, 200],
        ['run_c', 1, 200],
      ] as const;
      for (const id of ['run_a', 'run_b', 'run_c']) await world.addRun(id, 'success');
      for (const [run_id, number, at] of kept) {
        const row = { run_id, number, type: 'progress', at, data: '{}' };
        await db.insertInto('run_events').values(row).execute();
        await db.insertInto('untold_events').values({ run_id, number }).execute();
      }
      const [first, second] = await events.untold(2, 0);
      expect([first, second]).toMatchObject([{ runId: 'run_b' }, { runId: 'run_a', number: 1 }]);
      const rest = [
        { runId: 'run_a', number: 2 },
        { runId: 'run_c', number: 1 },
      ];
      expect(await events.untold(10, 0, second)).toMatchObject(rest);
      await events.told({ runId: 'run_a', number: 2 });
      expect(await events.untold(10, 0, second)).toMatchObject(rest.slice(1));
    });
  });
}
