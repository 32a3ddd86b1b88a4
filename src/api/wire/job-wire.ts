import { z } from 'zod';
import {
  OVERLAPS,
  SCRIPT_LANGUAGES,
  type JobDefinition,
  type ScriptFile,
} from '../../engine/jobs/job-definition.ts';
import { SCRIPT_LOG_LEVELS } from '../../engine/ports/script-executor.ts';
import type { Job, JobVersion } from '../../engine/ports/job-store.ts';
import { ApiProblem } from '../problem.ts';
import { AccountId } from './key-wire.ts';

export const JobId = z.string().meta({ description: 'Id of a job', example: 'job_7kq2m4xw9abc' });
export const OneJob = z.object({ job_id: JobId });
const Json = z.record(z.string(), z.unknown());
const Time = z.iso.datetime();
const MOST_ARGUMENT_CHARACTERS = 256 * 1024;

const Bounded = Json.refine(
  (value) => JSON.stringify(value).length <= MOST_ARGUMENT_CHARACTERS,
  `is longer than ${MOST_ARGUMENT_CHARACTERS} characters`,
);

/** A name that people type: it has no space at its ends and no character that is not seen. */
export const JobName = z
  .string()
  .regex(
    /^[\p{L}\p{N}](?:[\p{L}\p{N} _.:@+-]{0,98}[\p{L}\p{N}_.:@+-])?$/u,
    'must be 1 to 100 letters, digits, spaces or _ . : @ + -, a letter or digit first',
  )
  .meta({ description: 'Unique in the account', example: 'nightly-clean' });

const SCRIPT = {
  language: z.enum(SCRIPT_LANGUAGES),
  entry: z.string().min(1).max(200).meta({
    description: 'Path of the file that has the class of the job',
  }),
  class_name: z.string().max(200).nullable().meta({
    description: 'Name of that class; null where the file has exactly one',
  }),
};
const Files = z.array(z.strictObject({ path: z.string().max(200), content: z.string() })).max(500);

/** A script, as it is sent. */
const NewScript = z
  .strictObject({ ...SCRIPT, class_name: SCRIPT.class_name.optional(), files: Files.min(1) })
  .meta({ id: 'NewScript' });
const Script = z.object(SCRIPT).nullable().meta({
  description: 'What runs, where it is no task. Its files are in each version',
});

const WORK = {
  task: z.string().max(200).nullable().meta({
    description: '`category/action` of the task that runs; null for a script',
  }),
  script: Script,
};

/** What a start of a job runs: one of both. */
const NEW_WORK = {
  task: z.string().max(200).optional().meta({
    description: '`category/action` of the task that runs',
  }),
  script: NewScript.optional(),
};

const FIELDS = {
  name: JobName,
  description: z.string().max(2_000).meta({ description: 'For people' }),
  arguments: Bounded.meta({ description: 'What a start adds to or replaces' }),
  argument_schema: Bounded.nullable().meta({
    description: 'JSON Schema (2020-12) that the arguments of every start must fit',
  }),
  run_as: AccountId.nullable().meta({
    description:
      'In whose name the runs are; null: of who starts them. Only an admin names another',
  }),
  log_level: z.enum(SCRIPT_LOG_LEVELS).meta({
    description: 'What a script logs below this level is dropped',
  }),
  log_limit: z.int().min(1).max(10_000).meta({
    description: 'Records that are kept, the newest. An older one goes with its run',
  }),
  runs_per_minute: z.int().min(1).max(6_000).nullable().meta({
    description: 'Starts at most in any 60 s; null: any number',
  }),
  allow_continuation: z.boolean().meta({
    description:
      'False: a run that broke off (its server has gone, an internal error) is not taken up again, and says so',
  }),
  overlap: z.enum(OVERLAPS).meta({
    description:
      '`skip`: no start while a run of the job has not ended. `allow`: any number at once',
  }),
};

/** Of what a job is made. */
export const NewJob = z
  .strictObject({
    ...FIELDS,
    ...NEW_WORK,
    description: FIELDS.description.optional(),
    arguments: FIELDS.arguments.optional(),
    argument_schema: FIELDS.argument_schema.optional(),
    run_as: FIELDS.run_as.optional(),
    log_level: FIELDS.log_level.optional(),
    log_limit: FIELDS.log_limit.optional(),
    runs_per_minute: FIELDS.runs_per_minute.optional(),
    allow_continuation: FIELDS.allow_continuation.optional(),
    overlap: FIELDS.overlap.optional(),
  })
  .meta({ id: 'NewJob' });

/** What is changed of a job; what is not named stays. */
export const JobPatch = z
  .strictObject({
    ...z.strictObject(FIELDS).partial().shape,
    ...NEW_WORK,
    archived: z.boolean().optional().meta({
      description: 'An archived job stays listed and never runs. This makes no version',
    }),
    expected_version: z.int().min(1).optional().meta({
      description: 'Refused where the job has another version by now',
    }),
  })
  .meta({ id: 'JobPatch' });

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
    ...FIELDS,
    ...WORK,
    ...VERSION,
  })
  .meta({ id: 'Job' });

/** One version of a job. */
export const JobVersionBody = z
  .object({ job_id: JobId, ...FIELDS, ...WORK, ...VERSION })
  .meta({ id: 'JobVersion' });
/** The same with the files of its script. */
export const WholeJobVersion = z
  .object({ ...JobVersionBody.shape, files: Files })
  .meta({ id: 'WholeJobVersion' });

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

/** What is decided of a job, in the words of the API. */
export function definitionWire(definition: JobDefinition) {
  return {
    name: definition.name,
    description: definition.description,
    task: definition.work.kind === 'task' ? definition.work.task : null,
    script: scriptWire(definition),
    arguments: { ...definition.arguments },
    argument_schema:
      definition.argumentSchema === undefined ? null : { ...definition.argumentSchema },
    run_as: definition.runAs ?? null,
    log_level: definition.logLevel,
    log_limit: definition.logLimit,
    runs_per_minute: definition.runsPerMinute ?? null,
    allow_continuation: definition.allowContinuation,
    overlap: definition.overlap,
  };
}

function scriptWire({ work }: JobDefinition): z.input<typeof Script> {
  if (work.kind !== 'script') return null;
  return { language: work.language, entry: work.entry, class_name: work.className ?? null };
}

/** What a job is, with the files of its script. */
export interface WholeDefinition {
  readonly definition: JobDefinition;
  readonly files: readonly ScriptFile[];
}

/** What a new job is where nothing is said. */
const DEFAULT_LOG_LIMIT = 100;

/** Throws where it is not said what runs, or two things are. */
export function newDefinition(wire: z.output<typeof NewJob>): WholeDefinition {
  const { task, script, ...fields } = wire;
  if ((task === undefined) === (script === undefined)) {
    throw new ApiProblem('bad_request', 'body: a job runs a task or a script: give one of both');
  }
  return { definition: definitionOf(fields, workOf({ task, script })), files: script?.files ?? [] };
}

/** A job after a change. A script is changed as a whole. */
export function changedDefinition(
  { definition, files }: WholeDefinition,
  patch: Omit<z.output<typeof JobPatch>, 'archived' | 'expected_version'>,
): WholeDefinition {
  const { task, script, ...fields } = patch;
  if (task !== undefined && script !== undefined) {
    throw new ApiProblem('bad_request', 'body: a job runs a task or a script: give one of both');
  }
  const { task: _, script: __, ...before } = definitionWire(definition);
  // What is undefined was not named; what is null is no longer said.
  const named = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
  const isSame = task === undefined && script === undefined;
  const work = isSame ? definition.work : workOf({ task, script });
  return {
    definition: definitionOf({ ...before, ...named }, work),
    files: isSame ? files : (script?.files ?? []),
  };
}

function workOf({
  task = '',
  script,
}: Pick<z.output<typeof NewJob>, 'task' | 'script'>): JobDefinition['work'] {
  if (script === undefined) return { kind: 'task', task };
  const { language, entry, class_name: className } = script;
  return { kind: 'script', language, entry, className: className ?? undefined };
}

function definitionOf(
  wire: Omit<z.output<typeof NewJob>, 'task' | 'script'>,
  work: JobDefinition['work'],
): JobDefinition {
  return {
    name: wire.name,
    description: wire.description ?? '',
    work,
    arguments: wire.arguments ?? {},
    argumentSchema: wire.argument_schema ?? undefined,
    runAs: wire.run_as ?? undefined,
    logLevel: wire.log_level ?? 'info',
    logLimit: wire.log_limit ?? DEFAULT_LOG_LIMIT,
    runsPerMinute: wire.runs_per_minute ?? undefined,
    allowContinuation: wire.allow_continuation ?? true,
    overlap: wire.overlap ?? 'skip',
  };
}
