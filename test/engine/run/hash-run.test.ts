import { createHash } from 'node:crypto';
import { defineTask, ok } from 'rowmill';
import { anything } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import { MemoryWorld } from './memory-world.ts';

const copy = defineTask({
  category: 'test',
  action: 'hash',
  description: 'For tests',
  mandatory: { n: anything },
  row: () => ok(),
});
const INPUT = `n\n${'x'.repeat(3_000_000)}\n`;

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function worldOf(): MemoryWorld {
  const world = new MemoryWorld();
  world.put('/in.csv', INPUT);
  return world;
}

describe('the hashes of a run', () => {
  it('are those of its whole input and output, and are kept', async () => {
    const world = worldOf();
    const { runId } = await world.run(copy);
    const { manifest } = await world.service.show(runId);
    expect(manifest).toMatchObject({ codeHash: 'code', encoding: 'utf-8', inputSha256: undefined });
    await world.service.hash(runId);
    expect((await world.service.show(runId)).manifest).toMatchObject({
      inputSha256: sha256(INPUT),
      outputSha256: sha256(world.text('/out.csv')),
    });
  });

  it('leave out an input that was put away, and an output that is a stream', async () => {
    const world = worldOf();
    const { runId } = await world.run(copy);
    const { runId: streamed } = await world.run(copy, { output: { kind: 'stdout' } });
    const { manifest } = await world.service.hash(streamed);
    expect(manifest).toMatchObject({ inputSha256: sha256(INPUT), outputSha256: undefined });
    world.files.delete('/in.csv');
    const left = await world.service.hash(runId);
    expect(left.manifest).toMatchObject({ inputSha256: undefined });
    expect(left.manifest.outputSha256).toBe(sha256(world.text('/out.csv')));
  });

  it.each([
    ['input', '/in.csv', 'input_changed'],
    ['output', '/out.csv', 'run_not_resumable'],
  ])('are refused for an %s that is another by now', async (_what, path, code) => {
    const world = worldOf();
    const { runId } = await world.run(copy);
    world.put(path, world.text(path).replaceAll('x', 'y'));
    await expect(world.service.hash(runId)).rejects.toMatchObject({ code });
  });

  it('are refused of a run that has not ended', async () => {
    const world = worldOf();
    world.put('/in.csv', 'n\n1\n2\n');
    const { runId } = await world.run(copy, { canary: 1 });
    await expect(world.service.hash(runId)).rejects.toThrow('is paused: its files are hashed when');
  });
});
