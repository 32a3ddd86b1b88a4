import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SftpDefinition, SftpStore } from '../../src/engine/ports/sftp-store.ts';

/** SFTP connections of their own for each test. */
interface SftpWorld {
  readonly sftp: SftpStore;
  close(): Promise<void>;
}

const PARTNER: SftpDefinition = {
  name: 'partner',
  host: 'sftp.partner.example',
  port: 22,
  user: 'acme',
  passwordSecret: 'PARTNER_SFTP',
  privateKeySecret: undefined,
  passphraseSecret: undefined,
  root: '.',
  connectTimeoutSeconds: 10,
  timeoutSeconds: 30,
};
const KEY = `SHA256:${'a'.repeat(43)}`;

/** What every store of SFTP connections promises. */
export function describeSftpStore(name: string, open: () => Promise<SftpWorld>): void {
  describe(`SFTP connections in ${name}`, () => {
    let world: SftpWorld;
    let sftp: SftpStore;
    beforeEach(async () => {
      world = await open();
      ({ sftp } = world);
    });
    afterEach(() => world.close());

    it('are found as they were made, each account its own', async () => {
      const made = await sftp.create('acme', PARTNER, undefined);
      expect([made?.accountId, made?.definition, made?.hostKey]).toEqual([
        'acme',
        PARTNER,
        undefined,
      ]);
      expect(await sftp.find('acme', 'partner')).toEqual(made);
      expect(await sftp.find('other', 'partner')).toBeUndefined();
      expect(await sftp.create('acme', { ...PARTNER, port: 2222 }, KEY)).toBeUndefined();
      expect(await sftp.find('acme', 'partner')).toEqual(made);
      expect([await sftp.delete('other', 'partner'), await sftp.delete('acme', 'partner')]).toEqual(
        [false, true],
      );
      expect(await sftp.find('acme', 'partner')).toBeUndefined();
    });

    it('are listed by name, in pages', async () => {
      for (const each of ['b', 'a', 'c'])
        await sftp.create('acme', { ...PARTNER, name: each }, KEY);
      await sftp.create('other', { ...PARTNER, name: 'd' }, KEY);
      const page = async (after: string | undefined) =>
        (await sftp.page('acme', { limit: 2, after })).map((found) => found.definition.name);
      expect([await page(undefined), await page('b'), await page('c')]).toEqual([
        ['a', 'b'],
        ['c'],
        [],
      ]);
    });

    it('are changed as a whole, where they are there', async () => {
      await sftp.create('acme', PARTNER, KEY);
      const changed = { ...PARTNER, host: 'new.partner.example' };
      const found = await sftp.update('acme', changed, undefined);
      expect([found?.definition, found?.hostKey]).toEqual([changed, undefined]);
      expect(await sftp.find('acme', 'partner')).toEqual(found);
      expect(await sftp.update('other', changed, KEY)).toBeUndefined();
    });

    it('write the key of a host down once, as long as nothing else has changed', async () => {
      const made = await sftp.create('acme', PARTNER, undefined);
      if (made === undefined) throw new Error('it was not made');
      const tried = await Promise.all([sftp.trust(made, KEY), sftp.trust(made, `${KEY}b`)]);
      const first = tried.filter((found) => found !== undefined);
      expect(first).toHaveLength(1);
      expect((await sftp.find('acme', 'partner'))?.hostKey).toBe(first[0]?.hostKey);
      const other = await sftp.update('acme', { ...PARTNER, host: 'b' }, undefined);
      expect(await sftp.trust(made, KEY)).toBeUndefined();
      expect(other === undefined ? other : (await sftp.trust(other, KEY))?.hostKey).toBe(KEY);
    });
  });
}
