import { RowmillError } from '../errors.ts';
import type { Job, JobVersion } from '../ports/job-store.ts';
import type { KnownSecrets, RunSecretSource, RunUse, SecretUse } from '../ports/run-secrets.ts';
import type { JsonValue } from '../task/json-value.ts';
import type { RunContext } from '../task/run-context.ts';
import { jobOfRun, type JobOfRunPorts } from './job-of-run.ts';

/** Runs of jobs have what their jobs give them, under the keys that these say. */
export function secretsOfJobs(
  secretsOf: (use: SecretUse) => Promise<RunSecretSource>,
  ports: JobOfRunPorts,
): (use: RunUse) => Promise<RunSecretSource> {
  return async (use) => {
    const job = await jobOfRun(use, ports);
    if (job === undefined) return secretsOf(use);
    const { secrets, runAs } = job.version.definition;
    return secretsOf({ ...use, job: { secrets, runAs, startedBy: job.startedBy } });
  };
}

/** Throws `arguments_invalid` where the account lacks a secret of the job, naming all that are missing. */
export async function refuseMissingSecrets(
  { accountId, latest: { definition } }: Job,
  known: KnownSecrets,
): Promise<void> {
  const problems: string[] = [];
  for (const [key, name] of Object.entries(definition.secrets)) {
    if ((await known.find(accountId, name)) === undefined) {
      problems.push(`${key} is the secret ${name}, which the account ${accountId} has not`);
    }
  }
  if (problems.length === 0) return;
  throw new RowmillError(
    'arguments_invalid',
    `secrets of the job ${definition.name}: ${problems.join('; ')}`,
    { problems },
  );
}

/** What a job gives to its run, by injection key. Each use is noted, and taken out of what the run says. */
export async function secretValues(
  { definition }: Pick<JobVersion, 'definition'>,
  { accountId, secrets }: Pick<RunContext, 'accountId' | 'secrets'>,
  known: KnownSecrets,
): Promise<Readonly<Record<string, JsonValue>>> {
  const values: [key: string, value: JsonValue][] = [];
  for (const [key, name] of Object.entries(definition.secrets)) {
    const text = secrets.get(key);
    const isJson = (await known.find(accountId, name))?.isJson === true;
    values.push([key, isJson ? jsonOf(text, name) : text]);
  }
  return Object.fromEntries(values);
}

/** What a parser says of a text may quote it. */
function jsonOf(text: string, name: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    const how = `it was put as JSON and is none. PUT /v1/secrets/${name} again`;
    throw new RowmillError('arguments_invalid', `the secret ${name} cannot be read: ${how}`);
  }
}
