import { z } from 'zod';
import { JOB_STATUSES, type JobEntity } from '../../engine/handlers/define-handler.ts';
import { HANDLER_LANGUAGES, type RegisteredHandler } from '../../engine/handlers/registry.ts';
import type { EntityRun } from '../../engine/ports/entity-run-store.ts';
import { RUN_STATUSES, type RunStatus } from '../../engine/run/status.ts';
import { RunId } from './run-wire.ts';

const MOST_CHARACTERS = 256 * 1024;
const Text = z.string().max(2_000).optional();

/** What is to be run, by the handler that its runner's type names. */
const Entity = z
  .looseObject({
    label: Text,
    type: Text,
    status: Text,
    triggeredBy: Text,
    applicationInput: z.unknown().optional().meta({
      description: 'A value, or a reference to one: `{"address": "dmss://…"}`',
    }),
    outputTarget: Text.meta({ description: 'Address that the result is written to' }),
    runner: z.looseObject({ type: z.string().min(1).max(2_000) }).meta({
      description: 'Its type says which handler. Other fields are for that',
    }),
    started: Text,
  })
  .refine(
    (entity) => JSON.stringify(entity).length <= MOST_CHARACTERS,
    `is longer than ${MOST_CHARACTERS} characters`,
  )
  .meta({ id: 'JobEntity' });

export const NewEntityRun = z.strictObject({
  entity: Entity,
  token: z.string().min(1).max(16_384).optional().meta({
    description: 'What the handler may do elsewhere with. Kept sealed until the end, never shown',
  }),
  wait: z.int().min(0).max(300).optional().meta({ description: 'Seconds to wait for its end' }),
});

export const EntityUid = z
  .string()
  .meta({ description: 'Id of its run', example: 'run_7kq2m4xw9abc' });

/** How what a handler runs stands. */
export const EntityRunBody = z
  .object({
    uid: RunId,
    status: z.enum(JOB_STATUSES),
    message: z.string().meta({ description: 'What the handler has said last' }),
    run_status: z.enum(RUN_STATUSES),
    entity: z
      .record(z.string(), z.unknown())
      .meta({ description: 'With its status, and when it was started' }),
    started_at: z.iso.datetime().nullable(),
    result: z.object({ message: z.string(), bytes: z.int().nullable() }).nullable().meta({
      description: 'Null until it is completed. `bytes` is null for what was too long to be kept',
    }),
  })
  .meta({ id: 'EntityRun' });

export const EntityResultBody = z
  .object({
    message: z.string(),
    result: z.string().meta({ description: 'The bytes of the result, in Base64' }),
  })
  .meta({ id: 'EntityResult' });

export const HandlerBody = z
  .object({
    supported_types: z.array(z.string()),
    description: z.string(),
    origin: z.string().meta({ description: 'The file it was loaded from' }),
    language: z.enum(HANDLER_LANGUAGES),
  })
  .meta({ id: 'Handler' });

export function entityRunWire(
  { runId, status, text, startedAtMs, resultText, resultBytes }: EntityRun,
  { entity, runStatus }: { readonly entity: JobEntity; readonly runStatus: RunStatus },
) {
  const startedAt = startedAtMs === undefined ? undefined : new Date(startedAtMs).toISOString();
  return {
    uid: runId,
    status,
    message: text,
    run_status: runStatus,
    entity: { ...entity, status, ...(startedAt === undefined ? {} : { started: startedAt }) },
    started_at: startedAt ?? null,
    result: resultText === undefined ? null : { message: resultText, bytes: resultBytes ?? null },
  } satisfies z.input<typeof EntityRunBody>;
}

export function handlerWire({
  handler: { supportedTypes, description },
  origin,
  language,
}: RegisteredHandler): z.input<typeof HandlerBody> {
  return {
    supported_types: [...supportedTypes],
    description,
    origin: shownFile(origin),
    language,
  };
}

/** Where a module lies on the machine is nobody's business. One in Python is known by its folder. */
export function shownFile(path: string): string {
  return path.replace(path.endsWith('__init__.py') ? /^.*[\\/](?=[^\\/]+[\\/])/ : /^.*[\\/]/, '');
}
