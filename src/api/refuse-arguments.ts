import { placesOfMachine } from '../engine/task/machine-places.ts';
import { holdsSecret } from '../engine/task/secret-names.ts';
import type { Task } from '../engine/task/task.ts';
import { ApiProblem, type ProblemDetail } from './problem.ts';

const ONE_SECRET = /^\s*\{\{\s*secret:[^{}]+\}\}\s*$/;

/**
 * Refuses an argument by which a caller could name a file or a database of the machine, such as that of
 * this server (who runs the server names them, by secrets), and one that holds a secret in clear: arguments
 * are stored with the run, and shown with it.
 */
export function refuseArguments(task: Task, given: Readonly<Record<string, unknown>>): void {
  const places = placesOfMachine(task);
  const details = Object.entries(given).flatMap(([name, value]): readonly ProblemDetail[] => {
    const at = `arguments.${name}`;
    if (places.includes(name)) {
      if (value === undefined || (typeof value === 'string' && ONE_SECRET.test(value))) return [];
      const message = `${name} must be {{secret:NAME}} on a server: who runs it sets ROWMILL_SECRET_NAME`;
      return [{ at, message }];
    }
    const held = holdsSecret(name, value);
    return held === undefined ? [] : [{ at, message: `${name} ${HOLDS[held]}` }];
  });
  if (details.length === 0) return;
  const message = details.map((detail) => detail.message).join('; ');
  throw new ApiProblem('arguments_invalid', message, { details });
}

const HOLDS = {
  by_name:
    'is a secret by its name, and arguments are stored with the run in clear: PUT /v1/secrets/NAME, and write {{secret:NAME}} where the task takes that, or leave it out where the task asks for it by itself',
  in_address:
    'holds a password, and arguments are stored with the run in clear: PUT /v1/secrets/NAME, and write {{secret:NAME}} in its place',
} as const;
