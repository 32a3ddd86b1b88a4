import { z } from 'zod';
import {
  DEFAULT_DEDUPE,
  DEFAULT_JOB,
  OVERLAPS,
  SCRIPT_LANGUAGES,
  type JobDefinition,
  type Monitoring,
  type ScriptFile,
} from '../../engine/jobs/job-definition.ts';
import { SCRIPT_LOG_LEVELS } from '../../engine/ports/script-executor.ts';
import { secretName } from '../../engine/task/secret-names.ts';
import { ApiProblem } from '../problem.ts';
import { DedupeBody, dedupeOf, dedupeWire } from './dedupe-wire.ts';
import { AccountId } from './key-wire.ts';
import {
  NewServiceWork,
  serviceWorkOf,
  ServiceWorkBody,
  serviceWorkWire,
} from './service-work-wire.ts';
import { SftpName } from './sftp-wire.ts';

const Json = z.record(z.string(), z.unknown());
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

/** Unique in the account. */
export const ExecutorName = z
  .string()
  .regex(
    /^[A-Za-z\d][\w.-]{0,99}$/,
    'must be 1 to 100 letters, digits, _ . or -, the first no sign',
  )
  .meta({ description: 'Name of the executor of a script', example: 'default' });

/** What a key is for, and what a job allows. */
export const RoleName = z
  .string()
  .regex(/^[a-z][a-z\d_-]{0,63}$/, 'must be 1 to 64 small letters, digits, _ or -, a letter first')
  .meta({ description: 'A role', example: 'participant' });

const Secrets = z
  .record(
    z.string().regex(/^[\w.-]{1,100}$/, 'must be 1 to 100 letters, digits, _ . or -'),
    z.string().regex(/^[A-Za-z][\w-]{0,99}$/, 'must be the name of a secret, such as API_TOKEN'),
  )
  .refine((all) => Object.keys(all).length <= 100, 'has more than 100 keys');

const Failures = z.strictObject({
  failures: z.int().min(1).max(1_000).meta({ description: 'Failed runs one after another' }),
});
/** As it is sent: true is the first failure. */
const Monitored = z.union([z.boolean(), Failures]);

const SCRIPT = {
  language: z.enum(SCRIPT_LANGUAGES),
  entry: z.string().min(1).max(200).meta({
    description: 'Path of the file that has the class of the job',
  }),
  class_name: z.string().max(200).nullable().meta({
    description: 'Name of that class; null where the file has exactly one',
  }),
};
export const Files = z
  .array(z.strictObject({ path: z.string().max(200), content: z.string() }))
  .max(500);

/** A script, as it is sent. */
const NewScript = z
  .strictObject({ ...SCRIPT, class_name: SCRIPT.class_name.optional(), files: Files.min(1) })
  .meta({ id: 'NewScript' });
const Script = z.object(SCRIPT).nullable().meta({
  description: 'What runs, where it is no task. Its files are in each version',
});

export const JOB_WORK = {
  task: z.string().max(200).nullable().meta({
    description: '`category/action` of the task that runs; null for what is none',
  }),
  script: Script,
  service: ServiceWorkBody,
};

/** What a start of a job runs: one of these. */
const NEW_WORK = {
  task: z.string().max(200).optional().meta({
    description: '`category/action` of the task that runs',
  }),
  script: NewScript.optional(),
  service: NewServiceWork.optional(),
};

export const JOB_FIELDS = {
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
      '`skip`: no start while a run of the job has not ended. `queue`: it waits in a queue of the job, with one worker. `allow`: any number at once',
  }),
  executor: ExecutorName,
  secrets: Secrets.meta({
    description:
      'What a run has as `secrets`: the name of a secret of the account by the key it has there',
    example: { api: 'API_TOKEN' },
  }),
  sftp: z
    .array(SftpName)
    .max(50)
    .meta({
      description: 'SFTP connections of the account that the script or task of the job may use',
      example: ['partner'],
    }),
  allow: z
    .array(RoleName)
    .max(50)
    .meta({
      description:
        'Roles whose keys may start the job: see only their own runs of it, and nothing else',
      example: ['participant'],
    }),
  monitored: z.union([z.literal(false), Failures]).meta({
    description: 'After how many failed runs in a row somebody is told; false: never',
  }),
  dedupe: DedupeBody,
  queue: JobName.nullable().meta({
    description: 'Name of the queue in which every start of the job waits for its turn; null: none',
    example: 'onboarding',
  }),
};

/** Of what a job is made. */
export const NewJob = z
  .strictObject({
    ...JOB_FIELDS,
    ...NEW_WORK,
    description: JOB_FIELDS.description.optional(),
    arguments: JOB_FIELDS.arguments.optional(),
    argument_schema: JOB_FIELDS.argument_schema.optional(),
    run_as: JOB_FIELDS.run_as.optional(),
    log_level: JOB_FIELDS.log_level.optional(),
    log_limit: JOB_FIELDS.log_limit.optional(),
    runs_per_minute: JOB_FIELDS.runs_per_minute.optional(),
    allow_continuation: JOB_FIELDS.allow_continuation.optional(),
    overlap: JOB_FIELDS.overlap.optional(),
    executor: JOB_FIELDS.executor.optional(),
    secrets: JOB_FIELDS.secrets.optional(),
    sftp: JOB_FIELDS.sftp.optional(),
    allow: JOB_FIELDS.allow.optional(),
    monitored: Monitored.optional(),
    dedupe: JOB_FIELDS.dedupe.optional(),
    queue: JOB_FIELDS.queue.optional(),
  })
  .meta({ id: 'NewJob' });

/** What is changed of a job; what is not named stays. */
export const JobPatch = z
  .strictObject({
    ...z.strictObject(JOB_FIELDS).partial().shape,
    monitored: Monitored.optional(),
    ...NEW_WORK,
    archived: z.boolean().optional().meta({
      description: 'An archived job stays listed and never runs. This makes no version',
    }),
    expected_version: z.int().min(1).optional().meta({
      description: 'Refused where the job has another version by now',
    }),
  })
  .meta({ id: 'JobPatch' });

/** What is decided of a job, in the words of the API. */
export function definitionWire(definition: JobDefinition) {
  return {
    name: definition.name,
    description: definition.description,
    task: definition.work.kind === 'task' ? definition.work.task : null,
    script: scriptWire(definition),
    service: definition.work.kind === 'service' ? serviceWorkWire(definition.work) : null,
    arguments: { ...definition.arguments },
    argument_schema:
      definition.argumentSchema === undefined ? null : { ...definition.argumentSchema },
    run_as: definition.runAs ?? null,
    log_level: definition.logLevel,
    log_limit: definition.logLimit,
    runs_per_minute: definition.runsPerMinute ?? null,
    allow_continuation: definition.allowContinuation,
    overlap: definition.overlap,
    executor: definition.executor,
    secrets: { ...definition.secrets },
    sftp: [...definition.sftp],
    allow: [...definition.allow],
    monitored: definition.monitored === undefined ? (false as const) : { ...definition.monitored },
    dedupe: dedupeWire(definition.dedupe),
    queue: definition.queue ?? null,
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

const ONE_WORK = 'body: a job runs a task, a script or a service: give one of these';

/** Throws where it is not said what runs, or two things are. */
export function newDefinition(wire: z.output<typeof NewJob>): WholeDefinition {
  const { task, script, service, ...fields } = wire;
  const work = workOf({ task, script, service });
  if (work === undefined) throw new ApiProblem('bad_request', ONE_WORK);
  return { definition: definitionOf(fields, work), files: script?.files ?? [] };
}

/** A job after a change. A script is changed as a whole. */
export function changedDefinition(
  { definition, files }: WholeDefinition,
  patch: Omit<z.output<typeof JobPatch>, 'archived' | 'expected_version'>,
): WholeDefinition {
  const { task, script, service, ...fields } = patch;
  const work = workOf({ task, script, service });
  const { task: _, script: __, service: ___, ...before } = definitionWire(definition);
  // What is undefined was not named; what is null is no longer said.
  const named = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  );
  return {
    definition: definitionOf({ ...before, ...named }, work ?? definition.work),
    files: work === undefined ? files : (script?.files ?? []),
  };
}

/** Undefined where nothing is said. Throws where two things are. */
function workOf({
  task,
  script,
  service,
}: Pick<z.output<typeof NewJob>, 'task' | 'script' | 'service'>):
  | JobDefinition['work']
  | undefined {
  const said = [task, script, service].filter((work) => work !== undefined);
  if (said.length > 1) throw new ApiProblem('bad_request', ONE_WORK);
  if (task !== undefined) return { kind: 'task', task };
  if (service !== undefined) return serviceWorkOf(service);
  if (script === undefined) return undefined;
  const { language, entry, class_name: className } = script;
  return { kind: 'script', language, entry, className: className ?? undefined };
}

function definitionOf(
  wire: Omit<z.output<typeof NewJob>, 'task' | 'script' | 'service'>,
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
    executor: wire.executor ?? DEFAULT_JOB.executor,
    secrets: Object.fromEntries(
      Object.entries(wire.secrets ?? {}).map(([key, name]) => [key, secretName(name)]),
    ),
    sftp: [...new Set(wire.sftp)],
    allow: [...new Set(wire.allow)],
    monitored: monitoringOf(wire.monitored),
    dedupe: wire.dedupe === undefined ? DEFAULT_DEDUPE : dedupeOf(wire.dedupe),
    queue: wire.queue ?? undefined,
  };
}

function monitoringOf(wire: z.output<typeof Monitored> = false): Monitoring | undefined {
  if (wire === false) return undefined;
  return wire === true ? { failures: 1 } : wire;
}
