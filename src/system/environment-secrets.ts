import { RowmillError } from '../engine/errors.ts';
import type { RunSecretSource } from '../engine/ports/run-secrets.ts';
import { secretName } from '../engine/task/secret-names.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Secrets from the environment: `api-key` is ROWMILL_SECRET_API_KEY. Threads have the same one. */
export function environmentSecrets(environment: Environment): RunSecretSource {
  return {
    get(name) {
      const value = environmentSecret(environment, secretName(name));
      if (value !== undefined) return value;
      throw new RowmillError(
        'usage',
        `there is no secret "${name}": set the environment variable ${PREFIX}${secretName(name)}`,
      );
    },
    carried: () => undefined,
    close: () => Promise.resolve(),
  };
}

const PREFIX = 'ROWMILL_SECRET_';

/** Undefined where the variable is not set, or empty. `name` is as `secretName` writes it. */
export function environmentSecret(environment: Environment, name: string): string | undefined {
  return environment[`${PREFIX}${name}`] || undefined;
}

/** The names of all secrets in the environment. */
export function environmentSecretNames(environment: Environment): readonly string[] {
  return Object.keys(environment)
    .filter((variable) => variable.startsWith(PREFIX))
    .map((variable) => variable.slice(PREFIX.length));
}
