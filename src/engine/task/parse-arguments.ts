import { RowmillError } from '../errors.ts';
import type { Task } from './task.ts';

/**
 * What a task's schema makes of the arguments as given. Texts that the schema refuses are tried once
 * more as the JSON they may be (`5`, `true`, `["a"]`), because a command line knows only texts.
 * Throws `arguments_invalid` with every problem.
 */
export async function parseArguments(
  task: Pick<Task, 'name' | 'argumentsSchema'>,
  given: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const { argumentsSchema } = task;
  if (argumentsSchema === undefined) {
    const names = Object.keys(given);
    if (names.length === 0) return undefined;
    throw new RowmillError(
      'arguments_invalid',
      `${task.name} takes no arguments, but was given ${names.join(', ')}`,
    );
  }
  const first = await argumentsSchema['~standard'].validate(given);
  if (first.issues === undefined) return first.value;
  const second = await argumentsSchema['~standard'].validate(asJson(given));
  if (second.issues === undefined) return second.value;
  const problems = first.issues.map(({ message, path = [] }) => {
    const name = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return name === '' ? message : `${name}: ${message}`;
  });
  throw new RowmillError('arguments_invalid', `arguments of ${task.name}: ${problems.join('; ')}`, {
    problems,
  });
}

function asJson(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      typeof value === 'string' ? jsonOr(value) : value,
    ]),
  );
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
