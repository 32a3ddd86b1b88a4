import { RowmillError } from '../engine/errors.ts';
import type { TaskSecrets } from '../engine/task/run-context.ts';

/** Secrets from the environment: `api-key` is ROWMILL_SECRET_API_KEY. */
export function environmentSecrets(
  environment: Readonly<Record<string, string | undefined>>,
): TaskSecrets {
  return {
    get(name) {
      const variable = `ROWMILL_SECRET_${name.toUpperCase().replaceAll(/[^A-Z\d]/g, '_')}`;
      const value = environment[variable];
      if (value !== undefined && value !== '') return value;
      throw new RowmillError(
        'usage',
        `there is no secret "${name}": set the environment variable ${variable}`,
      );
    },
  };
}
