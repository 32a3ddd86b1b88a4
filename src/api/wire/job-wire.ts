import { z } from 'zod';
import type { Job, JobVersion } from '../../engine/ports/job-store.ts';
import { definitionWire, Files, JOB_FIELDS, JOB_WORK } from './job-definition-wire.ts';

export const JobId = z.string().meta({ description: 'Id of a job', example: 'job_7kq2m4xw9abc' });
export const OneJob = z.object({ job_id: JobId });
const Time = z.iso.datetime();

const VERSION = {
  version: z.int().min(1),
  script_md5: z.string().nullable().meta({
    description: 'Of the one file of the script, or of what `md5sum` prints of several',
  }),
  script_sha256: z.string().nullable(),
  updated_at: Time.meta({ description: 'When this version was made' }),
  updated_by: z.string().meta({ description: 'Id of the key that made it' }),
};

/** A job, as every answer shows it. */
export const JobBody = z
  .object({
    id: JobId,
    account_id: z.string(),
    archived: z.boolean(),
    created_at: Time,
    ...JOB_FIELDS,
    ...JOB_WORK,
    ...VERSION,
  })
  .meta({ id: 'Job' });

/** One version of a job. */
export const JobVersionBody = z
  .object({ job_id: JobId, ...JOB_FIELDS, ...JOB_WORK, ...VERSION })
  .meta({ id: 'JobVersion' });
/** The same with the files of its script. */
export const WholeJobVersion = z
  .object({ ...JobVersionBody.shape, files: Files })
  .meta({ id: 'WholeJobVersion' });

/** What whoever may start a job is shown of it. */
export const StartableJobBody = z
  .object({
    id: JobId,
    name: JOB_FIELDS.name,
    description: JOB_FIELDS.description,
    argument_schema: JOB_FIELDS.argument_schema,
  })
  .meta({ id: 'StartableJob' });

export function startableJobWire(job: Job): z.input<typeof StartableJobBody> {
  const { id, name, description, argument_schema } = jobWire(job);
  return { id, name, description, argument_schema };
}

export function jobWire({ id, accountId, isArchived, createdAtMs, latest }: Job) {
  const { job_id: _, ...version } = versionWire(latest);
  return {
    id,
    account_id: accountId,
    archived: isArchived,
    created_at: new Date(createdAtMs).toISOString(),
    ...version,
  } satisfies z.input<typeof JobBody>;
}

export function versionWire(version: JobVersion) {
  return {
    job_id: version.jobId,
    ...definitionWire(version.definition),
    version: version.number,
    script_md5: version.scriptMd5 ?? null,
    script_sha256: version.scriptSha256 ?? null,
    updated_at: new Date(version.createdAtMs).toISOString(),
    updated_by: version.createdBy,
  } satisfies z.input<typeof JobVersionBody>;
}
