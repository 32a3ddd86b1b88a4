/** A task definition that cannot work. Names the task and every fault in it. */
export class TaskDefinitionError extends Error {
  override readonly name = 'TaskDefinitionError';
  readonly code = 'task_definition_invalid';
  readonly task: string;
  readonly faults: readonly string[];

  constructor(task: string, faults: readonly string[]) {
    super(`task ${task}: ${faults.join('; ')}`);
    this.task = task;
    this.faults = faults;
  }
}

const NAME = /^[a-z][a-z0-9_-]*$/;

/** The faults that CSV and noinput definitions can share. */
export function namingFaults(definition: {
  readonly category: unknown;
  readonly action: unknown;
  readonly description: unknown;
}): string[] {
  const faults: string[] = [];
  for (const field of ['category', 'action'] as const) {
    const value = definition[field];
    if (typeof value !== 'string' || !NAME.test(value)) {
      faults.push(
        `${field} ${JSON.stringify(value)} is not a name (lower-case letters, digits, _ and -, a letter first)`,
      );
    }
  }
  if (typeof definition.description !== 'string' || definition.description.trim() === '') {
    faults.push('description is missing: one short sentence');
  }
  return faults;
}

/** The faults of an output header. */
export function outputFaults(columns: readonly string[]): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const column of columns) {
    if (typeof column !== 'string' || column.trim() === '') {
      faults.push(`output column ${JSON.stringify(column)} is not a name`);
    } else if (column === 'error') {
      faults.push('output column "error" is the engine\'s own and comes by itself');
    } else if (seen.has(column)) {
      faults.push(`output column "${column}" is named twice`);
    }
    seen.add(column);
  }
  return faults;
}
