import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runIdOf, taskIdOf } from '../../../src/api/kazoo/task-id.ts';
import { ID_LETTERS } from '../../../src/engine/ports/ids.ts';

const runId = fc
  .string({ unit: fc.constantFrom(...ID_LETTERS.split('')), minLength: 1, maxLength: 23 })
  .map((letters) => `run_${letters}`);

describe('the id of a task', () => {
  it('is 30 hex characters, and the run is told from it', () => {
    fc.assert(
      fc.property(runId, (id) => {
        expect(taskIdOf(id)).toMatch(/^[\da-f]{30}$/);
        expect(runIdOf(taskIdOf(id))).toBe(id);
      }),
    );
  });

  it.each([
    '',
    'run_7kq2m4xw9abc',
    '0'.repeat(30),
    `${'0'.repeat(29)}1`,
    'f'.repeat(31),
    'A'.repeat(30),
    '../../../../../../../etc/passwd',
  ])('means no run where it is %o', (taskId) => {
    expect(runIdOf(taskId)).toBeUndefined();
  });

  it('means no other run when it is another number', () => {
    const hex = fc.string({
      unit: fc.constantFrom(...'0123456789abcdef'.split('')),
      minLength: 30,
      maxLength: 30,
    });
    fc.assert(
      fc.property(hex, (taskId) => {
        const id = runIdOf(taskId);
        if (id !== undefined) expect(taskIdOf(id)).toBe(taskId);
      }),
    );
  });
});
