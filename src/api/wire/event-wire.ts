import { z } from 'zod';
import type { KnownEvent } from '../../engine/automation/event-catalogue.ts';
import { filterProblem, type FilterClause } from '../../engine/automation/event-filter.ts';
import { EventWord } from '../../engine/automation/triggers/event.ts';
import { VERDICTS, type Firing } from '../../engine/ports/firing-store.ts';
import { OUTCOMES } from '../../engine/automation/trigger.ts';
import type { EventDelivery, KeptEvent } from '../../engine/ports/told-event-store.ts';

const Time = z.iso.datetime();
const MOST_CHARACTERS = 256 * 1024;

const EventId = z.string().meta({ description: 'Id of an event', example: 'evt_7kq2m4xw9abc' });
export const OneEvent = z.object({ event_id: EventId });
export const OneEventName = z.object({ object: EventWord, event: EventWord });

export const Payload = z
  .record(z.string(), z.unknown())
  .refine(
    (value) => JSON.stringify(value).length <= MOST_CHARACTERS,
    `is longer than ${MOST_CHARACTERS} characters`,
  )
  .meta({ description: 'Any JSON object: what the job is given', example: { id: 7 } });

/** A MongoDB `$match` query, as a caller sends it. */
export const Filter = z
  .record(z.string(), z.unknown())
  .superRefine((filter, context) => {
    const message = filterProblem(filter);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .meta({ description: 'A MongoDB `$match` query on the payload' });

const NAME = {
  object: EventWord.meta({ description: 'What it happens to', example: 'appointment' }),
  event: EventWord.meta({ description: 'What happens', example: 'create' }),
};

/** An event, as it is told. */
export const NewEvent = z
  .strictObject({
    ...NAME,
    payload: Payload.default({}),
    wait: z.int().min(0).max(60).optional().meta({
      description: 'Seconds to wait until every job has taken it or has not',
    }),
  })
  .meta({ id: 'NewEvent' });

export const ClauseBody = z
  .object({
    at: z.string().meta({ description: 'Where it stands in the filter', example: '$or.1.age' }),
    clause: z.record(z.string(), z.unknown()),
    met: z.boolean(),
  })
  .meta({ id: 'FilterClause' });

const Step = (words: readonly [string, ...string[]], description: string) =>
  z.enum(words).nullable().meta({ description });

const DELIVERY_VERDICTS = [
  'filtered',
  'circle',
  'queued',
  ...VERDICTS.filter((verdict) => verdict !== 'waiting'),
] as const;

const DeliveryBody = z
  .object({
    schedule_id: z.string().meta({ description: 'What waits for the event' }),
    job: z.string().nullable().meta({ description: 'Id of the job; null for a task' }),
    name: z.string().meta({ description: 'Of the job, or of the schedule of a task' }),
    verdict: z.enum(DELIVERY_VERDICTS).meta({
      description:
        '`filtered`: the filter does not let it through; `circle`: it would start itself again; `queued`: it waits for its turn; `fired`: see the run',
    }),
    steps: z
      .object({
        filter: Step(['passed', 'filtered'], 'Null where the event was not looked at'),
        dedupe: Step(['passed', 'dropped_dup'], 'Null behind a step that has ended it'),
        rate: Step(['passed', 'too_many'], 'Null as long as it is not decided, and behind its end'),
        queue: Step(['queued', 'passed', 'skipped_overlap', 'skipped_archived'], 'Its turn'),
        run: Step(['started', ...OUTCOMES], 'How the run has ended'),
      })
      .meta({ id: 'EventSteps' }),
    unmet: z.array(ClauseBody).meta({ description: 'Conditions that the payload does not meet' }),
    firing_id: z.string().nullable(),
    run_id: z.string().nullable(),
    message: z.string().nullable().meta({ description: 'Why there is no run' }),
  })
  .meta({ id: 'EventDelivery' });

/** An event that was told, with what became of it. */
export const EventBody = z
  .object({
    id: EventId,
    account_id: z.string(),
    ...NAME,
    payload: z.record(z.string(), z.unknown()),
    created_at: Time,
    deliveries: z.array(DeliveryBody).meta({ description: 'One for each that waits for it' }),
    notice: z.string().nullable().meta({
      description: 'What is odd about it: nobody waits for it, or its name is near another',
    }),
  })
  .meta({ id: 'Event' });

/** What is said of an event of the account. */
export const NewEventKind = z
  .strictObject({
    description: z.string().max(2_000).default(''),
    example: Payload.default({}).meta({
      description: 'A payload, for people and for trying filters',
    }),
  })
  .meta({ id: 'NewEventKind' });

export const EventKindBody = z
  .object({
    ...NAME,
    description: z.string(),
    example: z.record(z.string(), z.unknown()),
    of_server: z.boolean().meta({ description: 'The server tells it by itself' }),
  })
  .meta({ id: 'EventKind' });

/** How it went on with events. */
export interface Followed {
  /** By their ids. */
  readonly firings: ReadonlyMap<string, Firing>;
  /** Runs that wait for their turn in a queue. */
  readonly waiting: ReadonlySet<string>;
}

export function eventWire(event: KeptEvent, { firings, waiting }: Followed) {
  return {
    id: event.id,
    account_id: event.accountId,
    object: event.object,
    event: event.event,
    payload: { ...event.payload },
    created_at: new Date(event.createdAtMs).toISOString(),
    deliveries: event.deliveries.map((delivery) =>
      deliveryWire(delivery, { firing: firings.get(delivery.firingId ?? ''), waiting }),
    ),
    notice: null,
  } satisfies z.input<typeof EventBody>;
}

function deliveryWire(
  delivery: EventDelivery,
  { firing, waiting }: Pick<Followed, 'waiting'> & { readonly firing: Firing | undefined },
) {
  const isInLine = waiting.has(firing?.runId ?? '');
  const verdict = isInLine ? 'waiting' : (firing?.verdict ?? delivery.verdict);
  return {
    schedule_id: delivery.triggerId,
    job: delivery.jobId === delivery.triggerId ? null : delivery.jobId,
    name: delivery.name,
    verdict: verdict === 'waiting' ? 'queued' : verdict,
    steps: stepsOf(verdict, firing),
    unmet: delivery.unmet.map(clauseWire),
    firing_id: delivery.firingId ?? null,
    run_id: firing?.runId ?? null,
    message: firing?.message ?? null,
  } satisfies z.input<typeof DeliveryBody>;
}

const NO_STEPS = { filter: null, dedupe: null, rate: null, queue: null, run: null };

/** How far an event came, told from where it stands. */
function stepsOf(
  verdict: EventDelivery['verdict'],
  firing: Firing | undefined,
): z.input<typeof DeliveryBody>['steps'] {
  if (verdict === 'circle') return NO_STEPS;
  if (verdict === 'filtered') return { ...NO_STEPS, filter: 'filtered' };
  const filtered = { ...NO_STEPS, filter: 'passed' } as const;
  if (verdict === 'dropped_dup') return { ...filtered, dedupe: 'dropped_dup' };
  const single = { ...filtered, dedupe: 'passed' } as const;
  switch (verdict) {
    case 'waiting':
      return { ...single, queue: 'queued' };
    case 'skipped_overlap':
    case 'skipped_archived':
      return { ...single, queue: verdict };
    case 'too_many':
      return { ...single, queue: 'passed', rate: 'too_many' };
    case 'fired':
      return { ...single, queue: 'passed', rate: 'passed', run: firing?.outcome ?? 'started' };
    case 'listed':
      return { ...single, queue: 'passed', rate: 'passed' };
    case 'error':
    case 'skipped_missed':
      return { ...single, run: 'error' };
  }
}

export function clauseWire({ at, clause, isMet }: FilterClause) {
  return { at, clause: { ...clause }, met: isMet } satisfies z.input<typeof ClauseBody>;
}

export function eventKindWire(kind: KnownEvent) {
  return {
    object: kind.object,
    event: kind.event,
    description: kind.description,
    example: { ...kind.example },
    of_server: kind.isOfServer,
  } satisfies z.input<typeof EventKindBody>;
}
