import { z } from 'zod';
import type { ExecutorDefinition, StoredExecutor } from '../../engine/ports/executor-store.ts';
import { DEFAULT_EXECUTOR } from '../../engine/script/executor-definition.ts';
import { ExecutorName } from './job-definition-wire.ts';

const Time = z.iso.datetime();

const FIELDS = {
  kind: z.string().min(1).max(50).meta({
    description:
      'How scripts are executed: what this server has, `process` always, `container` where it has an engine of them',
    example: 'process',
  }),
  image: z.string().min(1).max(300).nullable().meta({
    description: 'Of the kinds that execute scripts in containers: what has their interpreters',
    example: 'python:3.12',
  }),
  runtime_version: z
    .string()
    .regex(/^(?:\$STABLE|\$LATEST|\d+(?:\.\d+){0,3})$/, 'must be $STABLE, $LATEST or as 3.11')
    .meta({ description: '`$STABLE`, `$LATEST` or a version', example: '$STABLE' }),
  memory_limit_mb: z.number().meta({ description: 'Of all processes of a script together' }),
  timeout_seconds: z.number().meta({ description: 'Wall clock' }),
  output_limit_bytes: z.number().meta({ description: 'Printed, logged and returned together' }),
  processes: z.number().meta({ description: 'Processes and threads at once' }),
  folder_limit_mb: z.number().meta({ description: 'Of the files that a script writes' }),
  network: z.boolean().meta({
    description: 'The network of the host, the machine itself included. Only an admin allows it',
  }),
  readable: z.array(z.string().max(1_000)).max(50).meta({
    description: 'Files and folders of the host that scripts may read. Only an admin allows them',
  }),
};
const OPTIONAL = z.strictObject(FIELDS).partial().shape;

/** What is said of a new executor; the rest is as the default one has it. */
export const NewExecutor = z
  .strictObject({ name: ExecutorName, ...OPTIONAL })
  .meta({ id: 'NewExecutor' });
/** What is not named stays. */
export const ExecutorPatch = z.strictObject(OPTIONAL).meta({ id: 'ExecutorPatch' });

/** An executor, as every answer shows it. */
export const ExecutorBody = z
  .object({
    name: ExecutorName,
    ...FIELDS,
    created_at: Time.nullable().meta({ description: 'Null of the default one, always there' }),
    updated_at: Time.nullable(),
  })
  .meta({ id: 'Executor' });

/** A version of a language that scripts are executed by. */
export const RuntimeBody = z
  .object({
    language: z.string(),
    version: z.string(),
    channels: z.array(z.enum(['$STABLE', '$LATEST'])).meta({ description: 'What means this one' }),
    libraries: z.array(z.string()).meta({ description: 'What comes with it' }),
  })
  .meta({ id: 'ScriptRuntime' });

export function executorWire(executor: StoredExecutor): z.input<typeof ExecutorBody> {
  return {
    ...fieldsWire(executor.definition),
    created_at: new Date(executor.createdAtMs).toISOString(),
    updated_at: new Date(executor.updatedAtMs).toISOString(),
  };
}

export function defaultExecutorWire(): z.input<typeof ExecutorBody> {
  return { ...fieldsWire(DEFAULT_EXECUTOR), created_at: null, updated_at: null };
}

function fieldsWire({ name, kind, image, runtimeVersion, limits, access }: ExecutorDefinition) {
  return {
    name,
    kind,
    image: image ?? null,
    runtime_version: runtimeVersion,
    memory_limit_mb: limits.memoryMb,
    timeout_seconds: limits.timeoutSeconds,
    output_limit_bytes: limits.outputBytes,
    processes: limits.processes,
    folder_limit_mb: limits.folderMb,
    network: access.network,
    readable: [...access.readable],
  };
}

/** An executor as it is after what was said. */
export function changedExecutor(
  before: ExecutorDefinition,
  wire: z.output<typeof ExecutorPatch>,
): ExecutorDefinition {
  const { limits, access } = before;
  return {
    name: before.name,
    kind: wire.kind ?? before.kind,
    image: wire.image === undefined ? before.image : (wire.image ?? undefined),
    runtimeVersion: wire.runtime_version ?? before.runtimeVersion,
    limits: {
      memoryMb: wire.memory_limit_mb ?? limits.memoryMb,
      timeoutSeconds: wire.timeout_seconds ?? limits.timeoutSeconds,
      outputBytes: wire.output_limit_bytes ?? limits.outputBytes,
      processes: wire.processes ?? limits.processes,
      folderMb: wire.folder_limit_mb ?? limits.folderMb,
    },
    access: {
      network: wire.network ?? access.network,
      readable: wire.readable ?? access.readable,
    },
  };
}
