import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ItemSource } from '../../src/engine/automation/item-source.ts';
import type { SourceStore } from '../../src/engine/ports/source-store.ts';

/** Sources of their own for each test. */
interface SourceWorld {
  readonly sources: SourceStore;
  close(): Promise<void>;
}

/** What every store of sources promises. */
export function describeSourceStore(name: string, open: () => Promise<SourceWorld>): void {
  describe(`sources in ${name}`, () => {
    let world: SourceWorld;
    let sources: SourceStore;
    beforeEach(async () => {
      world = await open();
      ({ sources } = world);
    });
    afterEach(() => world.close());
    const databases = ItemSource.parse({ kind: 'databases', secret: 'TELEPHONY' });
    const put = (accountId: string, sourceName: string, definition = databases) =>
      sources.put({ accountId, name: sourceName, definition });

    it('are given back as they were kept, of each account by itself', async () => {
      const kept = await put('acme', 'a');
      expect(kept).toMatchObject({ accountId: 'acme', name: 'a', definition: databases });
      expect(await sources.find('acme', 'a')).toEqual(kept);
      expect(await sources.find('other', 'a')).toBeUndefined();
      const accounts = ItemSource.parse({ kind: 'accounts' });
      const changed = await put('acme', 'a', accounts);
      expect(changed).toMatchObject({ definition: accounts, createdAtMs: kept.createdAtMs });
      expect([await sources.delete('other', 'a'), await sources.delete('acme', 'a')]).toEqual([
        false,
        true,
      ]);
      expect(await sources.find('acme', 'a')).toBeUndefined();
    });

    it('are listed by name, in pages', async () => {
      for (const each of ['b', 'a', 'c']) await put('acme', each);
      await put('other', 'd');
      const page = async (after: string | undefined) =>
        (await sources.page('acme', { limit: 2, after })).map((source) => source.name);
      expect([await page(undefined), await page('b'), await page('c')]).toEqual([
        ['a', 'b'],
        ['c'],
        [],
      ]);
    });
  });
}
