import { argumentsSchema } from './help.ts';
import type { Task } from './task.ts';

/** In the JSON Schema of an argument that names a file or a database of the machine. */
const MARK = 'x-rowmill-on-server';

/** The arguments of a task that name a file or a database of the machine it runs on. */
export function placesOfMachine(task: Task): readonly string[] {
  return Object.entries(argumentsSchema(task)?.['properties'] ?? {})
    .filter(
      ([, schema]) =>
        typeof schema === 'object' &&
        schema !== null &&
        MARK in schema &&
        schema[MARK] === 'secret',
    )
    .map(([name]) => name);
}
