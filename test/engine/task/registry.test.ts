import { defineTask, ok } from 'rowmill';
import { describe, expect, it } from 'vitest';
import { TaskRegistry, type RegisteredTask } from '../../../src/engine/task/registry.ts';

function entry(action: string, origin = 'contacts.ts'): RegisteredTask {
  const task = defineTask({
    category: 'contacts',
    action,
    description: 'For the test',
    columns: 'any',
    row: () => ok(),
  });
  return { task, codeHash: 'hash', origin };
}

describe('TaskRegistry', () => {
  it('gives back what was added, and lists by name', () => {
    const registry = new TaskRegistry();
    const [clean, archive] = [entry('clean'), entry('archive')];
    registry.add(clean);
    registry.add(archive);
    expect(registry.get('contacts/clean')).toBe(clean);
    expect(registry.list()).toEqual([archive, clean]);
  });

  it('names the near tasks when there is none of that name', () => {
    const registry = new TaskRegistry();
    registry.add(entry('clean'));
    expect(() => registry.get('contacts/claen')).toThrow(
      expect.objectContaining({
        code: 'task_not_found',
        message: 'there is no task "contacts/claen". Did you mean contacts/clean?',
      }),
    );
  });

  it('refuses a second task of a name and says where both are', () => {
    const registry = new TaskRegistry();
    registry.add(entry('clean', 'one.ts'));
    expect(() => registry.add(entry('clean', 'two.ts'))).toThrow(
      'two tasks are named contacts/clean: one in one.ts, the other in two.ts',
    );
  });

  it('takes the same task again: a module may export it twice', () => {
    const registry = new TaskRegistry();
    const clean = entry('clean');
    registry.add(clean);
    expect(() => registry.add({ ...clean })).not.toThrow();
  });
});
