import type { JobDefinition, ScriptFile } from '../jobs/job-definition.ts';

/** One version of a job: never changed. */
export interface JobVersion {
  readonly jobId: string;
  /** From 1, without gaps. */
  readonly number: number;
  readonly definition: JobDefinition;
  /** Of the files of a script, in hexadecimal; undefined for a job without one. */
  readonly scriptMd5: string | undefined;
  readonly scriptSha256: string | undefined;
  readonly createdAtMs: number;
  /** Id of the key that made it, or of the account where no key was needed. */
  readonly createdBy: string;
}

/** A stored job: what runs, as whom and with what. Its definition is that of its last version. */
export interface Job {
  readonly id: string;
  readonly accountId: string;
  /** It stays listed and never runs. */
  readonly isArchived: boolean;
  readonly createdAtMs: number;
  readonly latest: JobVersion;
}

/** A version to be stored, with what it is made of. */
export type NewJobVersion = Pick<
  JobVersion,
  'definition' | 'scriptMd5' | 'scriptSha256' | 'createdBy'
> & { readonly files: readonly ScriptFile[] };

/** Which jobs, newest first. */
export interface JobPageRequest {
  readonly accountId: string;
  readonly isArchived?: boolean | undefined;
  readonly name?: string | undefined;
  /** Those that run this kind. */
  readonly work?: JobDefinition['work']['kind'] | undefined;
  readonly limit: number;
  readonly after?: { readonly createdAtMs: number; readonly id: string } | undefined;
}

/** Where jobs and their versions live. */
export interface JobStore {
  /** Undefined where the account has a job of this name. A job of this id that is there already is given back. */
  create(job: Pick<Job, 'id' | 'accountId'>, first: NewJobVersion): Promise<Job | undefined>;
  /** Of any account. */
  find(jobId: string): Promise<Job | undefined>;
  page(request: JobPageRequest): Promise<readonly Job[]>;
  /**
   * Adds the version behind `number`. `outdated`: another came first; `name_taken`: the account has another
   * job of this name.
   */
  addVersion(
    jobId: string,
    number: number,
    version: NewJobVersion,
  ): Promise<'added' | 'outdated' | 'name_taken'>;
  setArchived(jobId: string, isArchived: boolean): Promise<void>;
  /** With the files of its script. */
  version(
    jobId: string,
    number: number,
  ): Promise<(JobVersion & { readonly files: readonly ScriptFile[] }) | undefined>;
  /** The last one first. `before`: those with a smaller number. */
  versions(
    jobId: string,
    page: { readonly limit: number; readonly before: number | undefined },
  ): Promise<readonly JobVersion[]>;
  /**
   * With its versions, where it has no run any more; else nothing goes, and it gives the id of one: a run without
   * its job would have all that runs of no job have.
   */
  delete(jobId: string): Promise<string | undefined>;
}
