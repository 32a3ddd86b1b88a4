import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyStore, NewApiKey } from '../../src/engine/ports/key-store.ts';

/** A store of keys of its own for each test. */
export interface KeyStoreWorld {
  readonly keys: KeyStore;
  /** Takes back when a key was used, by so much. */
  ageUse(keyId: string, ms: number): Promise<void>;
  close(): Promise<void>;
}

const HOUR_MS = 3_600_000;

function keyOf(id: string, more: Partial<NewApiKey> = {}): NewApiKey {
  return {
    id,
    accountId: 'acme',
    name: 'of a test "ñ𝔘',
    scopes: ['runs:read', 'runs:write'],
    role: 'participant',
    expiresAtMs: undefined,
    secretHash: `hash of ${id}`,
    ...more,
  };
}

/** What every store of keys promises. */
export function describeKeyStore(name: string, open: () => Promise<KeyStoreWorld>): void {
  describe(`keys in ${name}`, () => {
    let world: KeyStoreWorld;
    let keys: KeyStore;
    beforeEach(async () => {
      world = await open();
      ({ keys } = world);
    });
    afterEach(() => world.close());

    it('are found as they were made, with the time of the store', async () => {
      const made = await keys.create(keyOf('key_a'));
      const { secretHash, ...rest } = keyOf('key_a');
      expect(made).toEqual({
        ...rest,
        status: 'active',
        createdAtMs: expect.any(Number),
        revokedAtMs: undefined,
        lastUsedAtMs: undefined,
      });
      expect(made).not.toHaveProperty('secretHash');
      expect(Math.abs(made.createdAtMs - Date.now())).toBeLessThan(60_000);
      expect(await keys.find('key_a')).toEqual({ ...made, secretHash });
      expect(await keys.find('key_nix')).toBeUndefined();
    });

    it('take the last secret where an attempt to make one broke off', async () => {
      const first = await keys.create(keyOf('key_a'));
      const again = await keys.create(keyOf('key_a', { secretHash: 'another', name: 'other' }));
      expect(again).toEqual(first);
      expect((await keys.find('key_a'))?.secretHash).toBe('another');
      expect(await keys.page({ accountId: undefined, limit: 10 })).toHaveLength(1);
    });

    it('expire and are revoked by the clock of the store, and a revocation stays as it is', async () => {
      const now = Date.now();
      await keys.create(keyOf('key_old', { expiresAtMs: now - HOUR_MS }));
      await keys.create(keyOf('key_new', { expiresAtMs: now + HOUR_MS }));
      expect((await keys.find('key_old'))?.status).toBe('expired');
      expect(await keys.find('key_new')).toMatchObject({
        status: 'active',
        expiresAtMs: now + HOUR_MS,
      });
      await keys.revoke('key_new');
      const revoked = await keys.find('key_new');
      expect(revoked?.status).toBe('revoked');
      expect(Math.abs((revoked?.revokedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
      await keys.revoke('key_new');
      await keys.revoke('key_nix');
      expect(await keys.find('key_new')).toEqual(revoked);
    });

    it('come in pages, newest first, of one account or of all', async () => {
      for (const id of ['key_1', 'key_2', 'key_3', 'key_4']) await keys.create(keyOf(id));
      await keys.create(keyOf('key_other', { accountId: 'other' }));
      const all = await keys.page({ accountId: undefined, limit: 10 });
      expect(all.map(({ id }) => id).toSorted()).toEqual([
        'key_1',
        'key_2',
        'key_3',
        'key_4',
        'key_other',
      ]);
      const whole = await keys.page({ accountId: 'acme', limit: 10 });
      expect(whole.map(({ id }) => id)).toHaveLength(4);
      const inOrder = whole.toSorted(
        (a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1),
      );
      expect(whole).toEqual(inOrder);
      const paged = [];
      for (let after = undefined as (typeof whole)[number] | undefined; ;) {
        const page = await keys.page({ accountId: 'acme', limit: 3, after });
        paged.push(...page);
        after = page.at(-1);
        if (after === undefined) break;
      }
      expect(paged).toEqual(whole);
      expect(await keys.page({ accountId: 'nobody', limit: 3 })).toEqual([]);
    });

    it('note that they are used, at most once a minute', async () => {
      await keys.create(keyOf('key_a'));
      await keys.touch('key_a');
      const first = (await keys.find('key_a'))?.lastUsedAtMs;
      expect(Math.abs((first ?? 0) - Date.now())).toBeLessThan(60_000);
      await world.ageUse('key_a', 30_000);
      const aged = (await keys.find('key_a'))?.lastUsedAtMs;
      expect(aged).toBe((first ?? 0) - 30_000);
      await world.ageUse('key_a', 100_000);
      await keys.touch('key_a');
      expect((await keys.find('key_a'))?.lastUsedAtMs).toBeGreaterThanOrEqual(first ?? 0);
      await keys.touch('key_nix');
    });

    it('are known to have been there, revoked ones too', async () => {
      expect(await keys.hasAny()).toBe(false);
      await keys.create(keyOf('key_a'));
      await keys.revoke('key_a');
      expect(await keys.hasAny()).toBe(true);
    });
  });
}
