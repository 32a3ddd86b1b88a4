import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SecretStore } from '../../src/engine/ports/secret-store.ts';

/** Secrets of its own for each test. */
export interface SecretStoreWorld {
  readonly secrets: SecretStore;
  close(): Promise<void>;
}

const KEY = '0123456789abcdef';
const sealed = (text: string): string => `sealed.1.${KEY}.${text}`;

/** What every store of secrets promises. */
export function describeSecretStore(name: string, open: () => Promise<SecretStoreWorld>): void {
  describe(`secrets in ${name}`, () => {
    let world: SecretStoreWorld;
    let secrets: SecretStore;
    beforeEach(async () => {
      world = await open();
      ({ secrets } = world);
    });
    afterEach(() => world.close());

    const make = (accountId: string, secret: string) =>
      secrets.put({
        accountId,
        name: secret,
        version: 1,
        sealed: sealed(`${accountId}-${secret}`),
        isJson: false,
      });

    it('are found as they were put, each account its own', async () => {
      const put = await make('acme', 'TOKEN');
      expect(put).toEqual({
        accountId: 'acme',
        name: 'TOKEN',
        version: 1,
        createdAtMs: expect.any(Number),
        updatedAtMs: expect.any(Number),
        keyId: KEY,
        isJson: false,
        sealed: sealed('acme-TOKEN'),
      });
      expect(Math.abs((put?.createdAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
      expect(await secrets.find('acme', 'TOKEN')).toEqual(put);
      expect(await secrets.find('other', 'TOKEN')).toBeUndefined();
      await make('other', 'TOKEN');
      expect((await secrets.find('acme', 'TOKEN'))?.sealed).toBe(sealed('acme-TOKEN'));
      expect(await secrets.all('other')).toHaveLength(1);
    });

    it('take the version that follows, and no other', async () => {
      const first = await make('acme', 'TOKEN');
      expect(await make('acme', 'TOKEN')).toBeUndefined();
      const put = (version: number) =>
        secrets.put({
          accountId: 'acme',
          name: 'TOKEN',
          version,
          sealed: sealed(`v${version}`),
          isJson: true,
        });
      expect(await put(3)).toBeUndefined();
      expect(await put(2)).toMatchObject({
        version: 2,
        isJson: true,
        sealed: sealed('v2'),
        createdAtMs: first?.createdAtMs,
      });
      expect(await put(2)).toBeUndefined();
      expect((await secrets.find('acme', 'TOKEN'))?.version).toBe(2);
    });

    it('are put by one of several that come at once', async () => {
      const puts = await Promise.all(Array.from({ length: 10 }, () => make('acme', 'TOKEN')));
      expect(puts.filter((put) => put !== undefined)).toHaveLength(1);
    });

    it('are deleted once, and made anew from version 1', async () => {
      await make('acme', 'TOKEN');
      expect(await secrets.delete('other', 'TOKEN')).toBe(false);
      expect(await secrets.delete('acme', 'TOKEN')).toBe(true);
      expect(await secrets.delete('acme', 'TOKEN')).toBe(false);
      expect(await secrets.find('acme', 'TOKEN')).toBeUndefined();
      expect((await make('acme', 'TOKEN'))?.version).toBe(1);
    });

    it('come in pages by their names, without what was sealed', async () => {
      const names = ['A', 'A1', 'A_2', 'B', 'C'];
      for (const each of ['C', 'A1', 'B', 'A', 'A_2']) await make('acme', each);
      await make('other', 'D');
      const all = await secrets.all('acme');
      expect(all.map((each) => each.name).toSorted()).toEqual(names);
      const paged = [];
      for (let after: string | undefined; ;) {
        const page = await secrets.page('acme', { limit: 2, after });
        paged.push(...page);
        after = page.at(-1)?.name;
        if (after === undefined) break;
      }
      expect(paged.map((each) => each.name)).toEqual(all.map((each) => each.name));
      expect(JSON.stringify(paged)).not.toContain('sealed');
    });
  });
}
