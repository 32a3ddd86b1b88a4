import { RowmillError } from '../../errors.ts';
import type { TaskSecrets } from '../../task/run-context.ts';
import { secretName } from '../../task/secret-names.ts';

/** Secrets that a thread was given with its run. Says which of them are used, each once. */
export function carriedSecrets(
  values: Readonly<Record<string, string>>,
  onUsed: (name: string) => void,
): TaskSecrets {
  const used = new Set<string>();
  return {
    get(written) {
      const name = secretName(written);
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value === undefined) {
        throw new RowmillError('usage', `there is no secret "${written}" that this run may use`);
      }
      if (!used.has(name)) onUsed(name);
      used.add(name);
      return value;
    },
  };
}
