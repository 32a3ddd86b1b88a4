import { z } from 'zod';
import type { ServiceWork } from '../../engine/jobs/job-definition.ts';
import { ExecutionPlan } from '../../engine/services/execution-plan.ts';

const LONGEST_TIMEOUT_S = 86_400;
export const DEFAULT_TIMEOUT_S = 300;

/** What a service is, in the words of its configuration. */
export const SERVICE_FIELDS = {
  endpoint: z
    .string()
    .max(2_000)
    .check((context) => {
      const problem = endpointProblem(context.value);
      if (problem !== undefined) {
        context.issues.push({ code: 'custom', message: problem, input: context.value });
      }
    })
    .meta({ description: 'Its complete URL: what is called by POST' }),
  timeout: z.number().min(0.1).max(LONGEST_TIMEOUT_S).meta({
    description: 'Seconds after which it is taken not to respond',
    example: 300,
  }),
  allow_concurrency: z.boolean().meta({
    description:
      'False: a lock is set while it is called, so that no other call of it is made, by whatever server; until the reply, or the timeout',
  }),
};

/** The service that a job calls. */
export const NewServiceWork = z
  .strictObject({
    endpoint: SERVICE_FIELDS.endpoint,
    timeout: SERVICE_FIELDS.timeout.default(DEFAULT_TIMEOUT_S),
    allow_concurrency: SERVICE_FIELDS.allow_concurrency.default(false),
    execution_plan: ExecutionPlan.nullish().meta({
      description: 'Kept as it is: what makes it so is the schedule that `/v1/services` adds',
    }),
  })
  .meta({ id: 'NewServiceWork' });

export const ServiceWorkBody = z
  .object({ ...SERVICE_FIELDS, execution_plan: ExecutionPlan.nullable() })
  .nullable()
  .meta({ description: 'The service that is called, where it is no task and no script' });

export function serviceWorkOf(wire: z.output<typeof NewServiceWork>): ServiceWork {
  return {
    kind: 'service',
    endpoint: wire.endpoint,
    timeoutSeconds: wire.timeout,
    allowsConcurrency: wire.allow_concurrency,
    executionPlan: wire.execution_plan ?? undefined,
  };
}

export function serviceWorkWire(work: ServiceWork): NonNullable<z.input<typeof ServiceWorkBody>> {
  return {
    endpoint: work.endpoint,
    timeout: work.timeoutSeconds,
    allow_concurrency: work.allowsConcurrency,
    execution_plan: work.executionPlan ?? null,
  };
}

function endpointProblem(written: string): string | undefined {
  const shown = JSON.stringify(written.replace(/:\/\/[^/]*@/, '://***@'));
  if (!URL.canParse(written)) return `${shown} is no complete URL`;
  const { protocol, username, password } = new URL(written);
  if (protocol !== 'http:' && protocol !== 'https:') {
    return `${shown} begins with ${protocol}: expected http: or https:`;
  }
  if (username === '' && password === '') return undefined;
  return `${shown} holds a name or a password, which would be kept in clear`;
}
