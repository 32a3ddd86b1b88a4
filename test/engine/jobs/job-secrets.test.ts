import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { RowmillError } from '../../../src/engine/errors.ts';
import { jobOfRun } from '../../../src/engine/jobs/job-of-run.ts';
import { secretsOfJobs, secretValues } from '../../../src/engine/jobs/job-secrets.ts';
import type { SecretUse } from '../../../src/engine/ports/run-secrets.ts';
import { Redaction } from '../../../src/engine/script/redaction.ts';
import { defineNoinputTask, stop } from '../../../src/index.ts';
import { DEFINITION } from '../../contract/job-store.ts';
import { recordOf } from '../../contract/run-store.ts';

const task = defineNoinputTask({
  category: 'a',
  action: 'b',
  description: 'Do nothing',
  output: [],
  start: () => undefined,
  step: () => stop(),
});

describe('a secret that was put as JSON', () => {
  it('and is none is named, and no part of it is told', async () => {
    const version = { definition: { ...DEFINITION, secrets: { login: 'SHOP_LOGIN' } } };
    const run = { accountId: 'acme', secrets: { get: () => 'hunter2 is no JSON' } };
    const given = secretValues(version, run, { find: async () => ({ isJson: true }) });
    const error = await given.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringContaining('SHOP_LOGIN') });
    expect(inspect(error)).not.toContain('hunt');
  });
});

describe('a secret that is a text of JSON', () => {
  it('is struck by its parts, as a script has them that reads it', () => {
    const text = '{"user": "anna-lena", "password": "open sesame", "pins": [48151623]}';
    const redaction = new Redaction({ login: text });
    const said = redaction.redact('anna-lena has open sesame and 48151623');
    expect(said).toBe('[secret] has [secret] and [secret]');
    expect(redaction.redact(`all of it: ${text}`)).toBe('all of it: [secret]');
    expect(new Redaction({ no: '{half of one' }).redact('{half of one')).toBe('[secret]');
  });
});

describe("a run that does rows of a job's run again", () => {
  it('has the secrets of the job, in the name of who asked for it', async () => {
    const uses: SecretUse[] = [];
    const startedBy = { authAccountId: 'boss', keyId: 'key_a' };
    const parent = { runId: 'run_middle', rootId: 'run_first', kind: 'retry' } as const;
    const entry = {
      runId: 'run_first',
      jobId: 'job_a',
      accountId: 'acme',
      version: 2,
      trigger: 'manual',
      startedBy,
      input: {},
      createdAtMs: 1,
      status: 'partial',
      message: undefined,
      startedAtMs: 1,
      finishedAtMs: 1,
      elapsedMs: 1,
      succeeded: 1,
      failed: 1,
      report: undefined,
    } as const;
    const version = {
      jobId: 'job_a',
      number: 2,
      definition: DEFINITION,
      files: [],
      scriptMd5: undefined,
      scriptSha256: undefined,
      createdAtMs: 1,
      createdBy: 'boss',
    };
    const ports = {
      jobRuns: { find: async (runId: string) => (runId === 'run_first' ? entry : undefined) },
      runs: {
        async get(runId: string) {
          if (runId === 'check_a') throw new RowmillError('run_not_found', 'there is none');
          return { record: recordOf(runId, runId === 'run_retry' ? { parent } : {}) };
        },
      },
    };
    const secretsOf = secretsOfJobs(
      async (use) => {
        uses.push(use);
        return { get: () => '', carried: () => undefined, close: async () => undefined };
      },
      {
        ...ports,
        jobs: { version: async () => version },
      },
    );
    for (const runId of ['run_first', 'run_retry', 'run_other', 'check_a']) {
      await secretsOf({ runId, accountId: 'acme', authAccountId: 'nurse', task, arguments: {} });
    }
    const { secrets, runAs } = DEFINITION;
    expect(uses.map(({ job }) => job)).toEqual([
      { secrets, runAs, startedBy },
      { secrets, runAs, startedBy: { authAccountId: 'nurse', keyId: undefined } },
      undefined,
      undefined,
    ]);
    // One whose job is gone is not taken for a run of no job.
    const gone = { ...ports, jobs: { version: async () => undefined } };
    for (const runId of ['run_first', 'run_retry']) {
      const use = { runId, accountId: 'acme', authAccountId: 'nurse', task, arguments: {} };
      await expect(jobOfRun(use, gone)).rejects.toMatchObject({
        code: 'wrong_status',
        message: `the job job_a of run ${runId} is gone: what its runs may use is not known any more`,
      });
    }
  });
});
