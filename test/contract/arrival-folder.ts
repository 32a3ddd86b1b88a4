import { mkdir, readdir, readFile, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArrivalFolder } from '../../src/engine/ports/arrival-folder.ts';

/** A folder of its own for each test, as servers see it. */
export interface ArrivalWorld {
  /** Where it lies on this machine. */
  readonly path: string;
  /** As one server sees it, for a trigger of this id. */
  open(triggerId: string): ArrivalFolder;
  /** How often was read from it, where it lies elsewhere. */
  reads(): number;
  close(): Promise<void>;
}

/** What every folder in which files arrive promises. */
export function describeArrivalFolder(name: string, make: () => Promise<ArrivalWorld>): void {
  describe(`files that arrive in ${name}`, () => {
    let world: ArrivalWorld;
    let folder: ArrivalFolder;
    beforeEach(async () => {
      world = await make();
      folder = world.open('sch_a');
    });
    afterEach(() => world.close());

    const put = (file: string, text = file) => writeFile(join(world.path, file), text);
    const text = (...below: string[]) => readFile(join(world.path, ...below), 'utf8');
    const names = async (...below: string[]) =>
      (await readdir(join(world.path, ...below)).catch((): string[] => [])).sort();
    const claimed = async () =>
      (await folder.claims()).map(({ claimId, file }) => `${claimId} ${file?.name}`).sort();

    it('are plain files, the oldest first', async () => {
      await put('b.csv');
      await put('a.csv', 'n\n1\n');
      await utimes(join(world.path, 'a.csv'), 1_000, 2_000);
      await mkdir(join(world.path, 'folder'));
      await symlink(join(world.path, 'a.csv'), join(world.path, 'link.csv'));
      const { files: found, leftOut } = await folder.files();
      expect(leftOut).toBeUndefined();
      expect(found.map((file) => file.name)).toEqual(['a.csv', 'b.csv']);
      expect(found[0]).toEqual({ name: 'a.csv', bytes: 4, modifiedMs: 2_000_000 });
    });

    it('have names in UTF-8: others are told apart, and are not claimed', async () => {
      const lies = (...name: readonly number[]) =>
        writeFile(Buffer.concat([Buffer.from(`${world.path}/caf`), Buffer.of(...name)]), 'n\n');
      await lies(0xe9);
      const found = await folder.files();
      expect([found.files, found.unreadable]).toEqual([[], ['caf\uFFFD']]);
      expect(await folder.claim('caf\uFFFD', 'fir_1')).toBe(false);
      expect(await folder.claims()).toEqual([]);
      // The character that stands for what cannot be read is in a name like any other.
      await put('b\uFFFD.csv');
      expect((await folder.files()).files.map((file) => file.name)).toEqual(['b\uFFFD.csv']);
      expect(await folder.claim('b\uFFFD.csv', 'fir_2')).toBe(true);
      expect(await claimed()).toEqual(['fir_2 b\uFFFD.csv']);
    });

    it('are claimed by one of many, each trigger its own', async () => {
      await put('a.csv');
      const others = Array.from({ length: 5 }, () => world.open('sch_a'));
      const won = await Promise.all(
        others.map((each, index) => each.claim('a.csv', `fir_${index}`)),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await folder.files()).files).toEqual([]);
      const holder = `fir_${won.indexOf(true)}`;
      expect((await claimed()).filter((each) => each.endsWith('a.csv'))).toEqual([
        `${holder} a.csv`,
      ]);
      expect(await world.open('sch_b').claims()).toEqual([]);
      expect(await folder.claim('a.csv', 'fir_late')).toBe(false);
    });

    it('are read as they were, and stay until they are put away', async () => {
      const content = `n\n${'1234567\n'.repeat(100_000)}`;
      await put('a.csv', content);
      await folder.claim('a.csv', 'fir_1');
      for (const _ of [1, 2]) {
        const file = await folder.fetch('fir_1');
        expect(file.name).toBe('a.csv');
        expect(await readFile(file.path, 'utf8')).toBe(content);
        await file.dispose();
      }
      expect(await claimed()).toEqual(['fir_1 a.csv']);
      await expect(folder.fetch('fir_2')).rejects.toMatchObject({ code: 'input_not_found' });
    });

    it('are read up to so many bytes, and no further where they have grown', async () => {
      await put('a.csv', 'n\n1\n');
      await folder.claim('a.csv', 'fir_1');
      expect((await folder.fetch('fir_1', 4)).name).toBe('a.csv');
      await truncate(join(world.path, '.rowmill', 'sch_a', 'fir_1', 'a.csv'), 64 * 1024 * 1024);
      const read = world.reads();
      await expect(folder.fetch('fir_1', 4)).rejects.toMatchObject({
        code: 'input_too_large',
        message: expect.stringContaining('more than the 4 bytes') as string,
      });
      // Answers are on their way for no more than a MiB.
      expect(world.reads() - read).toBeLessThan(100);
      expect(await claimed()).toEqual(['fir_1 a.csv']);
    });

    it('are put away into the folder of how it went, or back, and leave nothing', async () => {
      for (const [index, where] of (['done', 'failed', 'back'] as const).entries()) {
        await put(`${where}.csv`);
        await folder.claim(`${where}.csv`, `fir_${index}`);
        await folder.putAway(`fir_${index}`, where);
        // What is done twice is done once.
        await folder.putAway(`fir_${index}`, where);
      }
      expect(await names('good')).toEqual(['done.csv']);
      expect(await names('bad')).toEqual(['failed.csv']);
      expect(await names()).toEqual(['back.csv', 'bad', 'good']);
    });

    it('keep what has their name, and are kept beside it', async () => {
      for (const content of ['one', 'two', 'three']) {
        await put('a.csv', content);
        await folder.claim('a.csv', `fir_${content}`);
        await folder.putAway(`fir_${content}`, 'done');
      }
      expect(await names('good')).toEqual(['a (2).csv', 'a (3).csv', 'a.csv']);
      expect([await text('good', 'a.csv'), await text('good', 'a (3).csv')]).toEqual([
        'one',
        'three',
      ]);
    });

    it('are kept beside it however long their names and endings are', async () => {
      const long = [`${'a'.repeat(251)}.csv`, `a.${'b'.repeat(253)}`];
      for (const [index, file] of [...long, ...long].entries()) {
        await put(file);
        await folder.claim(file, `fir_${index}`);
        await folder.putAway(`fir_${index}`, 'done');
      }
      expect(await names('good')).toEqual(
        [...long, `${'a'.repeat(247)} (2).csv`, `a.${'b'.repeat(249)} (2)`].sort(),
      );
    });

    it('are put away once by two', async () => {
      await put('a.csv');
      await folder.claim('a.csv', 'fir_1');
      const others = [world.open('sch_a'), world.open('sch_a')];
      await Promise.all(others.map((each) => each.putAway('fir_1', 'done')));
      expect(await names('good')).toEqual(['a.csv']);
      expect(await names()).toEqual(['good']);
    });

    it('are given another claim by one of two', async () => {
      await put('a.csv');
      await folder.claim('a.csv', 'fir_1');
      const others = ['fir_2', 'fir_3'].map((id) => world.open('sch_a').claimAgain('fir_1', id));
      const won = await Promise.all(others);
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await claimed()).toEqual([won[0] === true ? 'fir_2 a.csv' : 'fir_3 a.csv']);
    });

    it('are not put where a link leads elsewhere', async () => {
      await put('a.csv');
      await folder.claim('a.csv', 'fir_1');
      await mkdir(join(world.path, 'elsewhere'));
      await symlink(join(world.path, 'elsewhere'), join(world.path, 'good'));
      await expect(folder.putAway('fir_1', 'done')).rejects.toMatchObject({ code: 'usage' });
      expect(await names('elsewhere')).toEqual([]);
      expect(await claimed()).toEqual(['fir_1 a.csv']);
    });

    it('stay claimed where their claim was seen without them', async () => {
      await put('a.csv');
      await mkdir(join(world.path, '.rowmill', 'sch_a', 'fir_2'), { recursive: true });
      expect(await claimed()).toEqual(['fir_2 undefined']);
      // Who made it puts the file there before whoever saw it acts.
      await folder.claim('a.csv', 'fir_2');
      await world.open('sch_a').removeEmpty('fir_2');
      expect(await claimed()).toEqual(['fir_2 a.csv']);
      await mkdir(join(world.path, '.rowmill', 'sch_a', 'fir_3'));
      await folder.removeEmpty('fir_3');
      await folder.removeEmpty('fir_3');
      expect(await claimed()).toEqual(['fir_2 a.csv']);
    });

    it('are claimed by ids of firings alone, whatever else lies there', async () => {
      const claims = join(world.path, '.rowmill', 'sch_a');
      for (const name of ['ANYTHING', 'run_1', 'fir_', 'fir_..', 'fir_a b', 'xfir_1']) {
        await mkdir(join(claims, name), { recursive: true });
        await writeFile(join(claims, name, 'x.exe'), 'x');
      }
      await writeFile(join(claims, 'fir_file'), 'x');
      await symlink(join(claims, 'ANYTHING'), join(claims, 'fir_link'));
      expect(await claimed()).toEqual([]);
      await put('a.csv');
      await folder.claim('a.csv', 'fir_Ab-_9');
      expect(await claimed()).toEqual(['fir_Ab-_9 a.csv']);
    });

    it('that are gone are a claim of nothing', async () => {
      expect(await folder.claim('nothing.csv', 'fir_1')).toBe(false);
      expect(await claimed()).toEqual([]);
      expect(await folder.claimAgain('fir_1', 'fir_2')).toBe(false);
    });
  });
}
