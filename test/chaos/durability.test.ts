import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OutputFile } from '../../src/engine/ports/output-file.ts';
import type { Checkpoint } from '../../src/engine/run/carry/checkpoint.ts';
import { Committer } from '../../src/engine/run/carry/committer.ts';

/** A file that forgets on power loss what was not synced, and says what happens to it. */
class RecordingFile implements OutputFile {
  written = 0;
  synced = 0;
  failsAt: 'append' | 'sync' | undefined;

  async append(bytes: Uint8Array): Promise<void> {
    await turns();
    if (this.failsAt === 'append') throw new Error('no space');
    this.written += bytes.length;
  }

  async sync(): Promise<void> {
    const { written } = this;
    await turns();
    if (this.failsAt === 'sync') throw new Error('broken disk');
    this.synced = written;
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
}

function checkpointOf(outputBytes: number, errorsBytes: number): Checkpoint {
  return {
    position: { byte: 0, number: 1, line: 1 },
    outputBytes,
    errorsBytes,
    succeeded: 0,
    failed: 0,
    causes: [],
    state: undefined,
    elapsedMs: 0,
  };
}

describe('a checkpoint', () => {
  it('is saved only when all bytes it speaks of are on the disk, whatever is on its way behind it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({ output: fc.nat(2_000), errors: fc.nat(50) }),
            fc.constantFrom('commit' as const, 'drain' as const, 'turn' as const),
          ),
          { minLength: 1, maxLength: 60 },
        ),
        async (steps) => {
          const [output, errors] = [new RecordingFile(), new RecordingFile()];
          let saves = 0;
          const committer = new Committer({
            output,
            errors,
            checkpoints: {
              save: async (checkpoint) => {
                saves += 1;
                expect(output.synced).toBeGreaterThanOrEqual(checkpoint.outputBytes);
                expect(errors.synced).toBeGreaterThanOrEqual(checkpoint.errorsBytes);
                await turns();
              },
            },
          });
          let [outputBytes, errorsBytes, commits] = [0, 0, 0];
          for (const step of steps) {
            if (step === 'drain') await committer.drain();
            else if (step === 'turn') await turns();
            else if (step === 'commit') {
              committer.commit(checkpointOf(outputBytes, errorsBytes));
              commits += 1;
            } else {
              committer.write('x'.repeat(step.output), 'y'.repeat(step.errors));
              outputBytes += step.output;
              errorsBytes += step.errors;
            }
          }
          await committer.drain();
          expect(saves).toBe(commits);
          expect([output.written, errors.written]).toEqual([outputBytes, errorsBytes]);
        },
      ),
      { numRuns: 200, seed: 9 },
    );
  });

  it.each([
    ['an append', 'append', 'output'],
    ['a sync', 'sync', 'output'],
    ['an append to the errors', 'append', 'errors'],
    ['a sync of the errors', 'sync', 'errors'],
  ] as const)(
    'is not saved behind %s that failed, and neither is any later',
    async (_, at, which) => {
      const files = { output: new RecordingFile(), errors: new RecordingFile() };
      files[which].failsAt = at;
      let saves = 0;
      const checkpoints = {
        save: async () => {
          saves += 1;
        },
      };
      const committer = new Committer({ ...files, checkpoints });
      committer.write('abc', 'def');
      committer.commit(checkpointOf(3, 3));
      await expect(committer.drain()).rejects.toThrow(at === 'append' ? 'no space' : 'broken disk');
      files[which].failsAt = undefined;
      expect(() => committer.write('more', '')).toThrow();
      expect(() => committer.commit(checkpointOf(7, 3))).toThrow();
      expect(saves).toBe(0);
    },
  );
});
