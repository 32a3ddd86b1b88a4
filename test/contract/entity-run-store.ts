import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EntityRunStore } from '../../src/engine/ports/entity-run-store.ts';

/** Runs of handlers, of their own for each test. It has the runs `run_a` and `run_b`. */
export interface EntityRunWorld {
  readonly entities: EntityRunStore;
  close(): Promise<void>;
}

/** What every store of runs of handlers promises. */
export function describeEntityRunStore(name: string, open: () => Promise<EntityRunWorld>): void {
  describe(`runs of handlers in ${name}`, () => {
    let world: EntityRunWorld;
    let entities: EntityRunStore;
    beforeEach(async () => {
      world = await open();
      ({ entities } = world);
    });
    afterEach(() => world.close());

    it('wait until they are started, and are made once', async () => {
      expect(await entities.find('run_a')).toBeUndefined();
      await entities.create({ runId: 'run_a', token: 'sealed' });
      await entities.save('run_a', { phase: 'started' });
      await entities.create({ runId: 'run_a', token: 'another' });
      expect(await entities.find('run_a')).toEqual({
        runId: 'run_a',
        phase: 'started',
        status: 'not started',
        text: '',
        kept: undefined,
        token: 'sealed',
        startedAtMs: undefined,
        resultText: undefined,
        resultBytes: undefined,
      });
    });

    it('keep what is said of them, a part at a time', async () => {
      await entities.create({ runId: 'run_a', token: 'sealed' });
      await entities.create({ runId: 'run_b', token: undefined });
      await entities.save('run_a', { status: 'running', text: '50 % é 💥' });
      await entities.save('run_a', { kept: { name: ['x', null] }, startedAtMs: 1_800_000_000_000 });
      await entities.save('run_a', { token: undefined });
      expect(await entities.find('run_a')).toMatchObject({
        phase: 'waiting',
        status: 'running',
        text: '50 % é 💥',
        kept: { name: ['x', null] },
        startedAtMs: 1_800_000_000_000,
        token: undefined,
      });
      expect(await entities.find('run_b')).toMatchObject({ status: 'not started', text: '' });
    });

    it('have a result of any bytes', async () => {
      await entities.create({ runId: 'run_a', token: undefined });
      expect(await entities.content('run_a')).toBeUndefined();
      const content = new Uint8Array(1_000).map((_, index) => index % 256);
      await entities.save('run_a', { resultText: 'a signal', content });
      expect(await entities.content('run_a')).toEqual(content);
      expect(await entities.find('run_a')).toMatchObject({
        resultText: 'a signal',
        resultBytes: 1_000,
      });
      await entities.save('run_a', { content: new Uint8Array() });
      expect(await entities.content('run_a')).toEqual(new Uint8Array());
    });
  });
}
