import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ExecutorDefinition, ExecutorStore } from '../../src/engine/ports/executor-store.ts';
import { DEFAULT_EXECUTOR } from '../../src/engine/script/executor-definition.ts';
import type { JobDefinition } from '../../src/engine/jobs/job-definition.ts';
import type { JobStore } from '../../src/engine/ports/job-store.ts';

/** Executors of their own for each test, beside the jobs that have them. */
export interface ExecutorWorld {
  readonly executors: ExecutorStore;
  readonly jobs: JobStore;
  close(): Promise<void>;
}

const BIG: ExecutorDefinition = { ...DEFAULT_EXECUTOR, name: 'big', runtimeVersion: '3.11' };

/** What every store of executors promises. */
export function describeExecutorStore(
  name: string,
  { open, definition }: { open: () => Promise<ExecutorWorld>; definition: JobDefinition },
): void {
  describe(`executors in ${name}`, () => {
    let world: ExecutorWorld;
    let executors: ExecutorStore;
    beforeEach(async () => {
      world = await open();
      ({ executors } = world);
    });
    afterEach(() => world.close());

    const version = (parts: Partial<JobDefinition>) => ({
      definition: { ...definition, ...parts },
      files: [],
      scriptMd5: undefined,
      scriptSha256: undefined,
      createdBy: 'key_a',
    });

    it('are found as they were made, each account its own, in order of their names', async () => {
      const made = await executors.create('acme', BIG);
      expect(made).toMatchObject({ accountId: 'acme', definition: BIG });
      expect(await executors.find('acme', 'big')).toEqual(made);
      expect(await executors.find('other', 'big')).toBeUndefined();
      expect(await executors.create('acme', { ...BIG, runtimeVersion: '$LATEST' })).toBeUndefined();
      expect((await executors.find('acme', 'big'))?.definition).toEqual(BIG);
      await executors.create('acme', { ...BIG, name: 'apt' });
      await executors.create('other', { ...BIG, name: 'above' });
      const names = (await executors.all('acme')).map((each) => each.definition.name);
      expect(names).toEqual(['apt', 'big']);
    });

    it('are changed as a whole, where they are there', async () => {
      await executors.create('acme', BIG);
      const changed = { ...BIG, limits: { ...BIG.limits, memoryMb: 512 } };
      expect((await executors.update('acme', changed))?.definition).toEqual(changed);
      expect((await executors.find('acme', 'big'))?.definition).toEqual(changed);
      expect(await executors.update('other', changed)).toBeUndefined();
    });

    it('are removed once no job has them', async () => {
      await executors.create('acme', BIG);
      await executors.create('other', BIG);
      await world.jobs.create({ id: 'job_a', accountId: 'acme' }, version({ executor: 'big' }));
      expect(await executors.delete('acme', 'big')).toBe(false);
      expect(await executors.jobsOf('acme', 'big')).toEqual([definition.name]);
      expect(await executors.delete('other', 'big')).toBe(true);
      await world.jobs.addVersion('job_a', 1, version({ executor: 'default' }));
      expect(await executors.jobsOf('acme', 'big')).toEqual([]);
      expect(await executors.delete('acme', 'big')).toBe(true);
      expect(await executors.delete('acme', 'big')).toBe(false);
      expect(await executors.find('acme', 'big')).toBeUndefined();
    });
  });
}
