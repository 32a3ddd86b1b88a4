import type { JobStore } from '../ports/job-store.ts';
import type { ScheduleStore } from '../ports/schedule-store.ts';
import type { KeptEvent, ToldEventStore } from '../ports/told-event-store.ts';
import type { StoredTrigger, TriggerStore } from '../ports/trigger-store.ts';
import { DEFAULT_DEDUPE, type JobDefinition } from '../jobs/job-definition.ts';
import { eventWord } from './read-trigger.ts';
import { tellEvent, type EventRules, type TellEventPorts, type ToldEvent } from './tell-event.ts';

interface EventTellerPorts extends Omit<TellEventPorts, 'rulesOf' | 'triggers'> {
  readonly triggers: Pick<TriggerStore, 'listening' | 'isHeard'>;
  readonly schedules: Pick<ScheduleStore, 'find'>;
  readonly jobs: Pick<JobStore, 'find'>;
  readonly events: Pick<ToldEventStore, 'keep'>;
  /** Something may be due. */
  readonly wake: () => void;
}

/** Tells events to who waits for them, and keeps them with what became of them. */
export class EventTeller {
  readonly #ports: EventTellerPorts;

  constructor(ports: EventTellerPorts) {
    this.#ports = ports;
  }

  /** Whether anybody waits for it, in any account. */
  isHeard(name: Pick<ToldEvent, 'object' | 'event'>): Promise<boolean> {
    return this.#ports.triggers.isHeard(eventWord(name));
  }

  async tell(told: ToldEvent): Promise<KeptEvent> {
    const { events, wake } = this.#ports;
    const rulesOf = (trigger: StoredTrigger) => this.#rulesOf(trigger);
    const deliveries = await tellEvent(told, { ...this.#ports, rulesOf });
    wake();
    const { id, accountId, object, event, payload } = told;
    return events.keep({ id, accountId, object, event, payload, deliveries });
  }

  async #rulesOf(trigger: StoredTrigger): Promise<EventRules | undefined> {
    const { schedules, jobs } = this.#ports;
    const schedule = await schedules.find(trigger.id);
    if (schedule === undefined) return undefined;
    const { work, name } = schedule;
    const { overlap } = trigger;
    if (work.kind === 'task') return { name, dedupe: DEFAULT_DEDUPE, overlap };
    const job = await jobs.find(work.jobId);
    if (job === undefined) return undefined;
    const { definition } = job.latest;
    return {
      name: definition.name,
      dedupe: definition.dedupe,
      overlap: overlap === 'queue' && !waitsItself(definition) ? 'allow' : overlap,
    };
  }
}

/** Whether events wait for each other: not where the job may run beside itself, or its queue sees to that. */
function waitsItself({ overlap, queue }: JobDefinition): boolean {
  return overlap === 'skip' && queue === undefined;
}
