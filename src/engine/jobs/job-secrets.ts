import { RowmillError } from '../errors.ts';
import type { HostedRun } from '../ports/hosted-run-store.ts';
import type { JobRunStore } from '../ports/job-run-store.ts';
import type { Job, JobStore, JobVersion } from '../ports/job-store.ts';
import type { KnownSecrets, RunSecretSource, SecretUse } from '../ports/run-secrets.ts';
import type { JsonValue, ScriptStorage } from '../ports/script-executor.ts';
import type { Redaction } from '../script/redaction.ts';
import type { RunContext } from '../task/run-context.ts';

/** Runs of jobs have what their jobs give them, under the keys that these say. */
export function secretsOfJobs(
  secretsOf: (use: SecretUse) => Promise<RunSecretSource>,
  {
    jobs,
    jobRuns,
    runs,
  }: {
    readonly jobs: Pick<JobStore, 'version'>;
    readonly jobRuns: Pick<JobRunStore, 'find'>;
    readonly runs: { get(runId: string): Promise<Pick<HostedRun, 'record'>> };
  },
): (use: SecretUse) => Promise<RunSecretSource> {
  /** Rows that are done again, or undone, have what they had; who has asked for that is who uses it. */
  const firstOfLine = async ({ runId, authAccountId }: SecretUse) => {
    // A check tries rows without a run.
    const run = await runs.get(runId).catch((error: unknown) => {
      if (error instanceof RowmillError && error.code === 'run_not_found') return undefined;
      throw error;
    });
    const parent = run?.record.parent;
    const first = parent && (await jobRuns.find(parent.rootId));
    return first && { ...first, startedBy: { authAccountId, keyId: undefined } };
  };
  return async (use) => {
    const entry = (await jobRuns.find(use.runId)) ?? (await firstOfLine(use));
    const version = entry && (await jobs.version(entry.jobId, entry.version));
    if (entry === undefined || version === undefined) return secretsOf(use);
    const { secrets, runAs } = version.definition;
    return secretsOf({ ...use, job: { secrets, runAs, startedBy: entry.startedBy } });
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

/** A storage that keeps no secret: it is not sealed. */
export function withoutSecrets(storage: ScriptStorage, redaction: Redaction): ScriptStorage {
  const refuse = (key: string, value: JsonValue): void => {
    if (!redaction.isIn(key) && !redaction.isIn(value)) return;
    throw new Error(
      `storage ${JSON.stringify(redaction.text(key))}: what is to be stored has a secret of the job in it, and would stand there in clear`,
    );
  };
  return {
    get: (key) => storage.get(key),
    list: (prefix) => storage.list(prefix),
    delete: (key) => storage.delete(key),
    async set(key, value, options) {
      refuse(key, value);
      await storage.set(key, value, options);
    },
    async compareAndSet(key, change) {
      refuse(key, change.value);
      return storage.compareAndSet(key, change);
    },
  };
}
