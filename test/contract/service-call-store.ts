import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceCallStore } from '../../src/engine/ports/service-call-store.ts';

/** Calls of services, of their own for each test. It has the runs `run_a` and `run_b`. */
export interface ServiceCallWorld {
  readonly calls: ServiceCallStore;
  /** Lets the timeouts of all calls be over. */
  expire(): Promise<void>;
  close(): Promise<void>;
}

/** What every store of calls of services promises. */
export function describeServiceCallStore(
  name: string,
  open: () => Promise<ServiceCallWorld>,
): void {
  describe(`calls of services in ${name}`, () => {
    let world: ServiceCallWorld;
    let calls: ServiceCallStore;
    beforeEach(async () => {
      world = await open();
      ({ calls } = world);
    });
    afterEach(() => world.close());
    const call = (runId: string, isExclusive = true, jobId = 'job_a') => ({
      runId,
      jobId,
      timeoutMs: 60_000,
      isExclusive,
    });

    it('are made one at a time where one is alone: until it ends, or its timeout is over', async () => {
      expect(await calls.begin(call('run_a'))).toEqual({ verdict: 'begun' });
      const refused = await calls.begin(call('run_b'));
      expect(refused).toMatchObject({ verdict: 'locked', runId: 'run_a' });
      expect(refused).toHaveProperty('restMs');
      await calls.end('run_a');
      expect(await calls.begin(call('run_b'))).toEqual({ verdict: 'begun' });
    });

    it('let the next one have the lock when the timeout is over', async () => {
      await calls.begin(call('run_a'));
      await world.expire();
      expect(await calls.begin(call('run_b'))).toEqual({ verdict: 'begun' });
      // The end of the late one lets go of nothing.
      await calls.end('run_a');
      expect(await calls.begin({ ...call('run_b'), runId: 'run_b' })).toMatchObject({
        verdict: 'begun_before',
      });
    });

    it('are not made again by who takes their run over, who is told how long they have', async () => {
      await calls.begin(call('run_a'));
      const again = await calls.begin(call('run_a'));
      expect(again.verdict).toBe('begun_before');
      if (again.verdict !== 'begun_before') return;
      expect(again.restMs).toBeGreaterThan(0);
      expect(again.restMs).toBeLessThanOrEqual(60_000);
      await world.expire();
      expect(await calls.begin(call('run_a'))).toEqual({ verdict: 'begun_before', restMs: 0 });
    });

    it('of other services, and those that need not be alone, are made at the same time', async () => {
      await calls.begin(call('run_a'));
      expect(await calls.begin(call('run_b', true, 'job_b'))).toEqual({ verdict: 'begun' });
      await calls.end('run_a');
      const other = await open();
      expect(await other.calls.begin(call('run_a', false))).toEqual({ verdict: 'begun' });
      expect(await other.calls.begin(call('run_b', false))).toEqual({ verdict: 'begun' });
      await other.close();
    });

    it('that are begun at the same moment have one winner', async () => {
      const both = await Promise.all([calls.begin(call('run_a')), calls.begin(call('run_b'))]);
      expect(both.map(({ verdict }) => verdict).sort()).toEqual(['begun', 'locked']);
    });
  });
}
