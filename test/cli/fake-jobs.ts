import { RowmillError } from '../../src/engine/errors.ts';
import type { ShownStorageValue } from '../../src/engine/jobs/job-storage-desk.ts';
import type {
  JobDesk,
  ShownJob,
  ShownJobRun,
  StartableJob,
} from '../../src/engine/jobs/job-desk.ts';

const JOB: ShownJob = {
  id: 'job_a',
  name: 'export',
  isArchived: false,
  user: 'local',
  version: 2,
  task: 'contacts/clean',
  work: 'contacts/clean',
  scriptMd5: undefined,
  secrets: { api: 'API_TOKEN' },
  argumentSchema: undefined,
  json: { id: 'job_a', name: 'export', version: 2 },
};

const JOB_RUN: ShownJobRun = {
  runId: 'run1',
  version: 2,
  trigger: 'manual',
  status: 'success',
  resultCode: 'success',
  message: undefined,
  createdAt: new Date('2024-06-24T22:58:02Z'),
  durationMs: 1102,
  input: { 'example-input': 'example-value' },
  succeeded: 1,
  failed: 0,
  reply: undefined,
  script: undefined,
  json: { id: 'run1', status: 'success' },
};

const STORED: ShownStorageValue = {
  key: 'my-counter',
  value: 41,
  revision: 7,
  bytes: 2,
  updatedAt: new Date('2026-11-21T09:30:00Z'),
  expiresAt: undefined,
  json: { key: 'my-counter', revision: 7, value: 41 },
};

export interface FakeJobsOptions {
  /** What a key of a role may start, by a name: it is shown no more of any job. */
  readonly startable?: readonly StartableJob[];
  /** What comes of a start. */
  readonly run?: Partial<ShownJobRun>;
  /** Why the server starts nothing. */
  readonly refusal?: RowmillError;
}

/** One job with one run, whatever is asked. Keeps what it was told. */
export function fakeJobs(
  told: unknown[],
  { startable, run, refusal }: FakeJobsOptions = {},
): JobDesk {
  const record = { ...JOB_RUN, ...run };
  const shown = async (): Promise<ShownJob> => {
    if (startable === undefined) return JOB;
    throw new RowmillError('permission_denied', 'this key may not see jobs: that takes jobs:read');
  };
  return {
    list: async () => [await shown()],
    startable: async () =>
      startable ?? [
        { id: 'job_a', name: 'nightly', description: '', argumentSchema: undefined, json: {} },
      ],
    show: shown,
    async toStart(name) {
      if (startable === undefined) return JOB;
      const found = startable.find((each) => each.name === name);
      if (found === undefined) throw new RowmillError('usage', `there is no job ${name}`);
      return { argumentSchema: found.argumentSchema, task: undefined };
    },
    add: async () => JOB,
    change: async () => JOB,
    remove: async () => undefined,
    triggers: async () => [],
    subscribe: async () => undefined,
    unsubscribe: async () => undefined,
    versions: async () => [
      {
        number: 2,
        createdAt: new Date('2026-11-21T09:30:00Z'),
        createdBy: 'key_a',
        scriptMd5: undefined,
        secrets: { api: 'API_TOKEN' },
        json: { version: 2 },
      },
    ],
    diff: async () => '--- job.json\tversion 1\n+++ job.json\tversion 2\n',
    async start(name, start, { file, waits }) {
      told.push({ name, start, waits, ...(file === undefined ? {} : { file }) });
      if (refusal !== undefined) throw refusal;
      return record;
    },
    storage: async () => ({
      list: async () => [STORED],
      get: async () => STORED,
      set: async () => STORED,
      delete: async () => undefined,
    }),
    async log(name, runId, lines) {
      told.push({ name, runId, lines });
      return record;
    },
    async logs(name, filter) {
      told.push({ name, filter });
      return [record];
    },
  };
}
