import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobStorages, StoredValue } from '../../src/engine/ports/job-storage.ts';
import type { JsonValue } from '../../src/engine/task/json-value.ts';
import { jobVersion, type JobWorld } from './job-store.ts';

/** Jobs, and what they keep, of their own for each test. */
export interface JobStorageWorld extends JobWorld {
  readonly storages: JobStorages;
  /** Lets all that expires do so that much sooner. */
  ageStorage(ms: number): Promise<void>;
  /** Lets a job keep so many values more, each said to be of so many bytes. */
  fillStorage(
    jobId: string,
    values: { readonly keys: number; readonly bytes: number },
  ): Promise<void>;
}

/** What every storage of jobs promises. */
export function describeJobStorages(name: string, open: () => Promise<JobStorageWorld>): void {
  describe(`what jobs keep in ${name}`, () => {
    let world: JobStorageWorld;
    beforeEach(async () => {
      world = await open();
      for (const id of ['job_a', 'job_b']) {
        await world.jobs.create({ id, accountId: 'acme' }, jobVersion({ name: id }));
      }
    });
    afterEach(() => world.close());

    type Wishes = Partial<Omit<Parameters<JobStorages['put']>[2], 'value'>>;
    async function put(key: string, value: JsonValue, wishes: Wishes = {}): Promise<StoredValue> {
      const nothing = { ttlSeconds: undefined, expectedRevision: undefined };
      const stored = await world.storages.put('job_a', key, { ...nothing, ...wishes, value });
      if (stored === 'outdated') throw new Error(`${key} is outdated`);
      return stored;
    }
    const outdated = (key: string, expectedRevision: number) =>
      world.storages.put('job_a', key, { value: 1, ttlSeconds: undefined, expectedRevision });

    it('is JSON by key, of each job by itself, and goes with the job', async () => {
      const [mine, theirs] = [world.storages.of('job_a'), world.storages.of('job_b')];
      expect(await mine.get('k')).toBeUndefined();
      const values = [null, false, 0, '', [1, { a: 'ü\n💥' }], { b: 1, a: [] }] as const;
      for (const value of values) {
        await mine.set('k', value);
        expect(await mine.get('k')).toEqual(value);
      }
      expect(await theirs.get('k')).toBeUndefined();
      expect([await mine.delete('k'), await mine.delete('k')]).toEqual([true, false]);
      await mine.set('k', 1);
      await world.jobs.delete('job_a');
      await world.jobs.create({ id: 'job_a', accountId: 'acme' }, jobVersion({ name: 'job_a' }));
      expect(await mine.get('k')).toBeUndefined();
    });

    it('is listed by prefix, to the letter, in the order of characters', async () => {
      const mine = world.storages.of('job_a');
      for (const key of ['b', 'a%', 'a_1', 'A', 'ab', 'a']) await mine.set(key, 1);
      expect(await mine.list('a')).toEqual(['a', 'a%', 'a_1', 'ab']);
      expect(await mine.list('a_')).toEqual(['a_1']);
      expect(await mine.list('')).toEqual(['A', 'a', 'a%', 'a_1', 'ab', 'b']);
    });

    it('is set by exactly one of many who have seen the same value', async () => {
      const mine = world.storages.of('job_a');
      // Nobody sets what the others expect.
      const race = (expected: number | undefined, least: number) =>
        Promise.all(
          Array.from({ length: 6 }, (_, index) =>
            mine.compareAndSet('k', { expected, value: least + index }),
          ),
        );
      expect((await race(undefined, 10)).filter(Boolean)).toHaveLength(1);
      const seen = Number(await mine.get('k'));
      expect((await race(seen, 20)).filter(Boolean)).toHaveLength(1);
      expect(await mine.compareAndSet('k', { expected: undefined, value: 1 })).toBe(false);
      await mine.set('k', { b: 1, a: 2 });
      expect(await mine.compareAndSet('k', { expected: { a: 2, b: 1 }, value: 3 })).toBe(true);
    });

    it('is of another revision after each change, and known without its value', async () => {
      const first = await put('b', 1);
      const other = await put('a', 'ü');
      const again = await put('b', 2);
      expect(new Set([first, other, again].map((stored) => stored.revision)).size).toBe(3);
      expect(again.revision).toBeGreaterThan(first.revision);
      await world.storages.remove('job_a', 'b', undefined);
      expect((await put('b', 1)).revision).toBeGreaterThan(again.revision);
      const facts = await world.storages.page('job_a', { prefix: '', limit: 9, after: undefined });
      expect(facts).toEqual([
        { ...other, value: undefined },
        { ...(await world.storages.find('job_a', 'b')), value: undefined },
      ]);
      expect(other).toMatchObject({ bytes: 4, expiresAtMs: undefined });
    });

    it('is listed a page at a time', async () => {
      for (const key of ['a1', 'b', 'a3', 'a2']) await put(key, 0);
      const page = async (after: string | undefined, limit = 2) =>
        (await world.storages.page('job_a', { prefix: 'a', limit, after })).map(({ key }) => key);
      expect(await page(undefined)).toEqual(['a1', 'a2']);
      expect(await page('a2')).toEqual(['a3']);
      expect(await page('a3')).toEqual([]);
    });

    it('is not there any more once it has expired, and is removed then', async () => {
      const kept = await put('k', 1, { ttlSeconds: 3_600 });
      expect(Number(kept.expiresAtMs) - kept.updatedAtMs).toBe(3_600_000);
      await put('later', 1, { ttlSeconds: 7_200 });
      await put('ever', 1, { ttlSeconds: 3_600 });
      await put('ever', 2);
      await world.ageStorage(3_600_000);
      const mine = world.storages.of('job_a');
      expect(await mine.get('k')).toBeUndefined();
      expect(await mine.list('')).toEqual(['ever', 'later']);
      expect(await mine.delete('k')).toBe(false);
      expect(await mine.compareAndSet('k', { expected: 1, value: 2 })).toBe(false);
      expect(await world.storages.remove('job_a', 'k', kept.revision)).toBe('missing');
      await world.ageStorage(3_600_000);
      expect(await world.storages.prune()).toBe(1);
      expect(await world.storages.prune()).toBe(0);
      expect(await mine.compareAndSet('k', { expected: undefined, value: 2 })).toBe(true);
    });

    it('is changed only from the revision that was expected', async () => {
      expect(await outdated('k', 7)).toBe('outdated');
      const { revision } = await put('k', 1, { expectedRevision: 0 });
      expect(await outdated('k', 0)).toBe('outdated');
      expect(await outdated('k', revision + 1)).toBe('outdated');
      expect(await world.storages.remove('job_a', 'k', revision + 1)).toBe('outdated');
      await put('k', 2, { expectedRevision: revision });
      expect(await world.storages.remove('job_a', 'k', revision)).toBe('outdated');
      expect(await world.storages.of('job_a').get('k')).toBe(2);
    });

    it('is counted up by a hundred at once, none of them lost', async () => {
      const countUp = async (): Promise<void> => {
        for (;;) {
          const seen = await world.storages.find('job_a', 'n');
          const value = Number(seen?.value ?? 0) + 1;
          const expectedRevision = seen?.revision ?? 0;
          const change = { value, ttlSeconds: undefined, expectedRevision };
          if ((await world.storages.put('job_a', 'n', change)) !== 'outdated') return;
        }
      };
      await Promise.all(Array.from({ length: 100 }, countUp));
      expect(await world.storages.of('job_a').get('n')).toBe(100);
    });

    it('has bounds that are told', async () => {
      const mine = world.storages.of('job_a');
      for (const key of ['', 'a/b', '..', 'a\nb', 'x'.repeat(201)]) {
        await expect(mine.set(key, 1)).rejects.toThrow('expected 1 to 200 characters');
      }
      await mine.set('x'.repeat(200), 'x'.repeat(256 * 1024 - 2));
      await expect(mine.set('k', 'x'.repeat(256 * 1024 - 1))).rejects.toThrow(
        'storage key "k": its value has 262145 bytes, more than 262144',
      );
      for (const ttlSeconds of [0, -1, Number.NaN, 1e12]) {
        await expect(mine.set('k', 1, { ttlSeconds })).rejects.toThrow('it is to expire in');
      }
      const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as JsonValue;
      await expect(mine.set('k', deep)).rejects.toThrow('nested too deep');
      expect(await mine.list('k')).toEqual([]);
      await world.fillStorage('job_a', { keys: 9_999, bytes: 1 });
      await expect(mine.set('k', 1)).rejects.toThrow('the job keeps 10000 values, and no more');
      await mine.set('x'.repeat(200), 1);
      await world.fillStorage('job_b', { keys: 1, bytes: 64 * 1024 * 1024 - 1 });
      const theirs = world.storages.of('job_b');
      await theirs.set('k', 1);
      await expect(theirs.set('k', 10)).rejects.toThrow('have 67108864 bytes at most');
    });

    it('is refused for a job that is gone', async () => {
      await world.jobs.delete('job_a');
      await expect(world.storages.of('job_a').set('k', 1)).rejects.toThrow('job_a is gone');
    });
  });
}
