import { argumentsSchema } from '../engine/task/help.ts';
import type { Task } from '../engine/task/task.ts';
import { ApiProblem } from './problem.ts';

/** In the JSON Schema of an argument that names a file or a server of the machine. */
const MARK = 'x-rowmill-on-server';
const ONE_SECRET = /^\s*\{\{\s*secret:[^{}]+\}\}\s*$/;

/**
 * Refuses an argument by which a caller could name a file or a database of the machine, such as that of
 * this server. Who runs the server names them, by secrets.
 */
export function refuseMachinePlaces(task: Task, given: Readonly<Record<string, unknown>>): void {
  const properties = argumentsSchema(task)?.['properties'] ?? {};
  for (const [name, schema] of Object.entries(properties)) {
    const isMarked =
      typeof schema === 'object' && schema !== null && MARK in schema && schema[MARK] === 'secret';
    if (!isMarked || given[name] === undefined) continue;
    const value = given[name];
    if (typeof value === 'string' && ONE_SECRET.test(value)) continue;
    const message = `${name} must be {{secret:NAME}} on a server: who runs it sets ROWMILL_SECRET_NAME`;
    throw new ApiProblem('arguments_invalid', message, {
      details: [{ at: `arguments.${name}`, message }],
    });
  }
}
