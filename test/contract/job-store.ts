import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobDefinition } from '../../src/engine/jobs/job-definition.ts';
import type { Admission, JobRunStore } from '../../src/engine/ports/job-run-store.ts';
import type { JobStore, NewJobVersion } from '../../src/engine/ports/job-store.ts';
import type { RunStatus } from '../../src/engine/run/status.ts';

/** Stores of jobs and of their runs, of their own for each test. */
export interface JobWorld {
  readonly jobs: JobStore;
  readonly jobRuns: JobRunStore;
  /** Stores a run that waits, as the store of runs does. */
  addRun(runId: string): Promise<void>;
  setStatus(runId: string, status: RunStatus): Promise<void>;
  /** When the run was made due, if it was. */
  dueAt(runId: string): Promise<number | null>;
  /** Lets all runs of jobs be so much older. */
  age(ms: number): Promise<void>;
  close(): Promise<void>;
}

export const DEFINITION: JobDefinition = {
  name: 'nightly',
  description: 'ü "x"\n\u2028',
  work: { kind: 'task', task: 'a/b' },
  arguments: { list: [null, 1.5], text: '💥' },
  argumentSchema: { type: 'object' },
  runAs: undefined,
  logLevel: 'info',
  sftp: ['partner'],
  logLimit: 3,
  runsPerMinute: undefined,
  allowContinuation: true,
  overlap: 'skip',
  executor: 'default',
  secrets: { api: 'API_TOKEN' },
  allow: ['participant'],
  monitored: { failures: 3 },
  queue: 'onboarding',
  dedupe: { windowS: 5, key: 'patient.id', mode: 'debounce' },
};

export function jobVersion(parts: Partial<JobDefinition> = {}, createdBy = 'key_a'): NewJobVersion {
  return {
    definition: { ...DEFINITION, ...parts },
    files: [{ path: 'main.py', content: 'print("ü")\n' }],
    scriptMd5: 'md5',
    scriptSha256: 'sha256',
    createdBy,
  };
}

/** What every store of jobs promises. */
export function describeJobStore(name: string, open: () => Promise<JobWorld>): void {
  describe(`jobs in ${name}`, () => {
    let world: JobWorld;
    let jobs: JobStore;
    beforeEach(async () => {
      world = await open();
      ({ jobs } = world);
    });
    afterEach(() => world.close());

    it('are given back as they were made, each version of them for ever', async () => {
      const made = await jobs.create({ id: 'job_a', accountId: 'acme' }, jobVersion());
      expect(made).toMatchObject({ id: 'job_a', accountId: 'acme', isArchived: false });
      expect(made?.latest).toMatchObject({ number: 1, createdBy: 'key_a', scriptMd5: 'md5' });
      expect(made?.latest.definition).toEqual({ ...DEFINITION });
      const changed = jobVersion({ name: 'weekly', logLimit: 9 }, 'key_b');
      expect(await jobs.addVersion('job_a', 1, changed)).toBe('added');
      const latest = (await jobs.find('job_a'))?.latest;
      expect(latest).toMatchObject({ number: 2, createdBy: 'key_b' });
      expect(latest?.definition).toMatchObject({ name: 'weekly', logLimit: 9 });
      const first = await jobs.version('job_a', 1);
      expect(first?.definition).toEqual({ ...DEFINITION });
      expect(first?.files).toEqual(jobVersion().files);
      const numbers = (await jobs.versions('job_a', { limit: 9, before: undefined })).map(
        ({ number }) => number,
      );
      expect(numbers).toEqual([2, 1]);
      expect(await jobs.versions('job_a', { limit: 9, before: 1 })).toEqual([]);
      expect(await jobs.version('job_a', 3)).toBeUndefined();
    });

    it('have a name of their own in the account, archived ones too', async () => {
      await jobs.create({ id: 'job_a', accountId: 'acme' }, jobVersion());
      await jobs.setArchived('job_a', true);
      expect(await jobs.create({ id: 'job_b', accountId: 'acme' }, jobVersion())).toBeUndefined();
      expect(await jobs.find('job_b')).toBeUndefined();
      expect(await jobs.create({ id: 'job_c', accountId: 'other' }, jobVersion())).toBeDefined();
      await jobs.create({ id: 'job_d', accountId: 'acme' }, jobVersion({ name: 'weekly' }));
      expect(await jobs.addVersion('job_d', 1, jobVersion())).toBe('name_taken');
      expect((await jobs.find('job_d'))?.latest).toMatchObject({ number: 1 });
      expect(await jobs.addVersion('job_d', 1, jobVersion({ name: 'yearly' }))).toBe('added');
    });

    it('are the same when the same id comes again', async () => {
      const id = { id: 'job_a', accountId: 'acme' };
      const made = await jobs.create(id, jobVersion());
      expect(await jobs.create(id, jobVersion({ name: 'other' }))).toEqual(made);
    });

    it('take one of many changes of the same version', async () => {
      await jobs.create({ id: 'job_a', accountId: 'acme' }, jobVersion());
      const verdicts = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          jobs.addVersion('job_a', 1, jobVersion({ description: String(index) })),
        ),
      );
      expect(verdicts.filter((verdict) => verdict === 'added')).toHaveLength(1);
      expect(verdicts.filter((verdict) => verdict === 'outdated')).toHaveLength(7);
    });

    it('are listed by account, newest first, in pages, archived or not, by name', async () => {
      for (const id of ['job_a', 'job_b', 'job_c']) {
        await jobs.create({ id, accountId: 'acme' }, jobVersion({ name: id }));
      }
      await jobs.create({ id: 'job_x', accountId: 'other' }, jobVersion());
      await jobs.setArchived('job_b', true);
      const idsOf = async (request: Partial<Parameters<JobStore['page']>[0]>) =>
        (await jobs.page({ accountId: 'acme', limit: 9, ...request })).map(({ id }) => id);
      const all = await idsOf({});
      expect([...all].sort()).toEqual(['job_a', 'job_b', 'job_c']);
      expect(await idsOf({ isArchived: true })).toEqual(['job_b']);
      expect(await idsOf({ isArchived: false })).toEqual(all.filter((id) => id !== 'job_b'));
      expect(await idsOf({ name: 'job_c' })).toEqual(['job_c']);
      const [first] = await jobs.page({ accountId: 'acme', limit: 1 });
      expect(await idsOf({ after: first })).toEqual(all.slice(1));
    });

    it('go with their versions', async () => {
      await jobs.create({ id: 'job_a', accountId: 'acme' }, jobVersion());
      expect(await jobs.delete('job_a')).toBeUndefined();
      expect(await jobs.find('job_a')).toBeUndefined();
      expect(await jobs.version('job_a', 1)).toBeUndefined();
    });
  });

  describe(`runs of jobs in ${name}`, () => {
    let world: JobWorld;
    let jobRuns: JobRunStore;
    beforeEach(async () => {
      world = await open();
      ({ jobRuns } = world);
      await world.jobs.create({ id: 'job_a', accountId: 'acme' }, jobVersion());
    });
    afterEach(() => world.close());

    const RULES = { runsPerMinute: undefined, refusesOverlap: false };
    const admit = async (
      runId: string,
      rules: Partial<typeof RULES | { runsPerMinute: number }> = {},
    ) => {
      await world.addRun(runId);
      return jobRuns.admit(
        {
          runId,
          jobId: 'job_a',
          accountId: 'acme',
          version: 1,
          trigger: 'manual',
          startedBy: { authAccountId: 'boss', keyId: 'key_a' },
          input: { patient: `Ada 100% ${runId}` },
        },
        { ...RULES, ...rules },
      );
    };
    const page = async (request: Partial<Parameters<JobRunStore['page']>[0]> = {}) =>
      (await jobRuns.page({ jobId: 'job_a', limit: 9, ...request })).map(({ runId }) => runId);

    it('are due from the moment they are admitted, and recorded with what they were given', async () => {
      const dueAtMs = await admittedAt(admit('run_a'));
      expect(await world.dueAt('run_a')).toBe(dueAtMs);
      expect(await jobRuns.find('run_a')).toMatchObject({
        jobId: 'job_a',
        accountId: 'acme',
        version: 1,
        trigger: 'manual',
        startedBy: { authAccountId: 'boss', keyId: 'key_a' },
        input: { patient: 'Ada 100% run_a' },
        status: 'pending',
      });
      expect(await jobRuns.find('run_nix')).toBeUndefined();
    });

    it('keep their job: it is not removed, and nothing of it', async () => {
      await admit('run_a');
      expect(await world.jobs.delete('job_a')).toBe('run_a');
      expect(await world.jobs.find('job_a')).toMatchObject({ id: 'job_a' });
      expect(await world.jobs.version('job_a', 1)).toBeDefined();
      expect(await page()).toEqual(['run_a']);
    });

    it('begin, or their job is removed, whichever is first: none is left without it', async () => {
      const run = {
        accountId: 'acme',
        version: 1,
        trigger: 'manual',
        startedBy: { authAccountId: 'boss', keyId: 'key_a' },
        input: {},
      } as const;
      const runs = Array.from({ length: 16 }, (_, index) => `run_${index}`);
      for (const [index, runId] of runs.entries()) {
        const jobId = `job_${index}`;
        const version = jobVersion({ name: jobId });
        await world.jobs.create({ id: jobId, accountId: 'acme' }, version);
        await world.addRun(runId);
        const begin =
          index % 2 === 0
            ? jobRuns.admit({ ...run, runId, jobId }, RULES)
            : jobRuns.register({ ...run, runId, jobId });
        // Who finds the job gone may be refused.
        const [left] = await Promise.all([
          world.jobs.delete(jobId),
          begin.then(
            () => undefined,
            () => undefined,
          ),
        ]);
        const isThere = (await world.jobs.find(jobId)) !== undefined;
        const isKept = (await jobRuns.find(runId)) !== undefined;
        expect([runId, isThere, isKept]).toEqual([runId, left !== undefined, left !== undefined]);
      }
    });

    it('are refused for an archived job', async () => {
      await world.jobs.setArchived('job_a', true);
      expect(await admit('run_a')).toEqual({ verdict: 'archived' });
      expect(await world.dueAt('run_a')).toBeNull();
      expect(await page()).toEqual([]);
    });

    it('do not overlap where that is refused, until the one at work has ended', async () => {
      await admit('run_a');
      const refused = { verdict: 'overlap', runId: 'run_a' };
      for (const status of ['pending', 'executing', 'paused'] as const) {
        await world.setStatus('run_a', status);
        expect(await admit(`run_${status}`, { refusesOverlap: true })).toEqual(refused);
        expect(await jobRuns.refusal('job_a', { ...RULES, refusesOverlap: true })).toEqual(refused);
      }
      expect(await jobRuns.refusal('job_a', RULES)).toBeUndefined();
      expect(await jobRuns.atWork('job_a')).toEqual(['run_a']);
      await world.setStatus('run_a', 'failure');
      await admittedAt(admit('run_b', { refusesOverlap: true }));
    });

    it('are one of many that are begun at once where they may not overlap', async () => {
      const verdicts = await Promise.all(
        Array.from({ length: 8 }, (_, index) => admit(`run_${index}`, { refusesOverlap: true })),
      );
      expect(verdicts.filter(({ verdict }) => verdict === 'admitted')).toHaveLength(1);
      expect(verdicts.filter(({ verdict }) => verdict === 'overlap')).toHaveLength(7);
    });

    it('are so many in any minute', async () => {
      for (const runId of ['run_a', 'run_b']) {
        await admittedAt(admit(runId, { runsPerMinute: 2 }));
      }
      const refused = await admit('run_c', { runsPerMinute: 2 });
      expect(refused).toMatchObject({ verdict: 'too_many' });
      const { retryAfterMs } = refused as { readonly retryAfterMs: number };
      expect(retryAfterMs).toBeGreaterThan(0);
      expect(retryAfterMs).toBeLessThanOrEqual(60_000);
      const rules = { ...RULES, runsPerMinute: 2 };
      expect(await jobRuns.refusal('job_a', rules)).toMatchObject({ verdict: 'too_many' });
      await world.age(60_000);
      expect(await jobRuns.refusal('job_a', rules)).toBeUndefined();
      await admittedAt(admit('run_d', { runsPerMinute: 2 }));
    });

    it('are admitted again when the same start comes again', async () => {
      await admit('run_a', { refusesOverlap: true });
      const again = await jobRuns.admit(
        {
          runId: 'run_a',
          jobId: 'job_a',
          accountId: 'acme',
          version: 1,
          trigger: 'manual',
          startedBy: { authAccountId: 'boss', keyId: 'key_a' },
          input: {},
        },
        { ...RULES, refusesOverlap: true },
      );
      expect(again).toEqual({ verdict: 'admitted', events: [] });
      expect(await page()).toEqual(['run_a']);
    });

    it('are listed newest first, by status, time and text, in pages', async () => {
      for (const runId of ['run_a', 'run_b', 'run_c']) {
        await admit(runId);
        await world.age(1_000);
      }
      await world.setStatus('run_b', 'failure');
      expect(await page()).toEqual(['run_c', 'run_b', 'run_a']);
      expect(await page({ status: ['failure', 'partial'] })).toEqual(['run_b']);
      expect(await page({ text: 'ADA 100% RUN_A' })).toEqual(['run_a']);
      expect(await page({ text: '100_' })).toEqual([]);
      const [first, second] = await jobRuns.page({ jobId: 'job_a', limit: 2 });
      expect(await page({ after: first })).toEqual(['run_b', 'run_a']);
      expect(await page({ sinceMs: second?.createdAtMs })).toEqual(['run_c', 'run_b']);
      expect(await page({ untilMs: second?.createdAtMs })).toEqual(['run_a']);
    });

    it('of scripts keep what came of them, the last attempt alone, and are found by it', async () => {
      const report = {
        resultCode: 'timeout',
        message: 'LimitExceeded: 600 s',
        result: { list: [null, 1.5, '💥'] },
        stdout: { text: 'I printed "this"\n', bytes: 17, cutBytes: 0 },
        stderr: { text: '', bytes: 9, cutBytes: 9 },
        log: [{ level: 'warn', message: 'Careful' }],
        statistics: {
          wallMs: 1.5,
          cpuMs: 1,
          peakMemoryBytes: 5_000_000_000,
          eventBytes: 2,
          resultBytes: 3,
          stdoutBytes: 17,
          stderrBytes: 9,
        },
        runtime: 'python 3.11.7',
      } as const;
      for (const runId of ['run_a', 'run_b']) {
        await admit(runId);
        await world.age(1_000);
      }
      await jobRuns.saveReport('run_a', { ...report, resultCode: 'success', message: undefined });
      await jobRuns.saveReport('run_a', report);
      expect((await jobRuns.find('run_a'))?.report).toEqual(report);
      expect((await jobRuns.find('run_b'))?.report).toBeUndefined();
      for (const text of ['printed', 'careful', 'limitexceeded']) {
        expect(await page({ text })).toEqual(['run_a']);
      }
      expect(await page({ text: 'wallMs' })).toEqual([]);
      const [, listed] = await jobRuns.page({ jobId: 'job_a', limit: 9 });
      expect(listed?.report).toMatchObject({ resultCode: 'timeout', stdout: undefined });
    });

    it('that have ended are known beyond those to keep, the oldest first', async () => {
      for (const runId of ['run_a', 'run_b', 'run_c', 'run_d']) {
        await admit(runId);
        await world.age(1_000);
        if (runId !== 'run_b') await world.setStatus(runId, 'success');
      }
      expect(await jobRuns.ended('job_a', 1)).toEqual(['run_a', 'run_c']);
      expect(await jobRuns.ended('job_a', 0)).toEqual(['run_a', 'run_c', 'run_d']);
      expect(await jobRuns.ended('job_a', 4)).toEqual([]);
    });
  });
}

/** A run that may begin was kept to be created and queued in the same commit. Gives when it is due. */
async function admittedAt(admission: Promise<Admission>): Promise<number> {
  const admitted = await admission;
  expect(admitted).toMatchObject({
    verdict: 'admitted',
    events: [
      { type: 'created', number: 1, data: { status: 'pending' } },
      { type: 'queued', number: 2 },
    ],
  });
  const [, queued] = admitted.verdict === 'admitted' ? admitted.events : [];
  return Date.parse(String(queued?.data['due_at']));
}
