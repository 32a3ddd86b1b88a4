import { describe, expect, it } from 'vitest';
import { LoopTurns } from '../../src/system/loop-turns.ts';

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe('turns of the event loop', () => {
  it('let the first go on at once, and each other in a turn of its own, in order', async () => {
    const turns = new LoopTurns();
    const gone: string[] = [];
    for (const name of ['a', 'b', 'c']) turns.take(() => gone.push(name));
    const seen = [[...gone]];
    for (let turn = 0; turn < 3; turn += 1) {
      await nextTurn();
      seen.push([...gone]);
    }
    expect(seen).toEqual([['a'], ['a', 'b'], ['a', 'b', 'c'], ['a', 'b', 'c']]);
  });

  it('let one go on at once again when none is left', async () => {
    const turns = new LoopTurns();
    const gone: string[] = [];
    turns.take(() => gone.push('a'));
    await nextTurn();
    turns.take(() => gone.push('b'));
    expect(gone).toEqual(['a', 'b']);
  });

  it('keep the order with those that come while others wait', async () => {
    const turns = new LoopTurns();
    const gone: string[] = [];
    turns.take(() => gone.push('a'));
    turns.take(() => {
      gone.push('b');
      turns.take(() => gone.push('d'));
    });
    turns.take(() => gone.push('c'));
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
    expect(gone).toEqual(['a', 'b', 'c', 'd']);
  });
});
