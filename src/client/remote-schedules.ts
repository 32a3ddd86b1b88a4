import type {
  ScheduleDesk,
  ShownFiring,
  ShownLeftFiles,
  ShownOccurrence,
  ShownSchedule,
} from '../engine/automation/schedule-desk.ts';
import { RowmillError } from '../engine/errors.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';
import { didYouMean } from '../engine/nearest-names.ts';
import type { ApiClient } from './api-client.ts';
import { pagesOf } from './pages.ts';

const PATH = '/v1/schedules';

interface ScheduleWire extends JsonObject {
  readonly id: string;
  readonly name: string;
  readonly task: string | null;
  readonly job: string | null;
  readonly trigger: JsonObject;
  readonly paused: boolean;
  readonly next_due_at: string | null;
}

interface FiringWire extends JsonObject {
  readonly due_at: string;
  readonly verdict: string;
  readonly run_id: string | null;
  readonly outcome: string | null;
  readonly message: string | null;
  readonly count: number;
}

interface OccurrenceWire extends JsonObject {
  readonly local: string;
  readonly marks: readonly string[];
}

/** The schedules of a server, through its HTTP API. */
export class RemoteSchedules implements ScheduleDesk {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async list(): Promise<ShownSchedule[]> {
    const schedules: ScheduleWire[] = [];
    for await (const schedule of this.#all()) schedules.push(schedule);
    const isOfJobs = schedules.some(({ job }) => job !== null);
    const names = isOfJobs ? await this.#jobNames() : undefined;
    return schedules.map((schedule) => shownSchedule(schedule, names));
  }

  async show(name: string): Promise<ShownSchedule> {
    return shownSchedule(await this.#find(name));
  }

  async add(schedule: JsonObject): Promise<ShownSchedule> {
    return shownSchedule(
      // What this route says that it gives, as those below.
      (await this.#client.json({ method: 'POST', path: PATH, json: schedule })) as ScheduleWire,
    );
  }

  async change(name: string, patch: JsonObject): Promise<ShownSchedule> {
    const path = await this.#path(name);
    return shownSchedule(
      (await this.#client.json({ method: 'PATCH', path, json: patch })) as ScheduleWire,
    );
  }

  async remove(
    name: string,
    { isForced }: { readonly isForced: boolean } = { isForced: false },
  ): Promise<ShownLeftFiles | undefined> {
    const path = `${await this.#path(name)}${isForced ? '?force=true' : ''}`;
    const text = await this.#client.text({ method: 'DELETE', path });
    return text === '' ? undefined : (JSON.parse(text) as ShownLeftFiles);
  }

  async preview(
    trigger: unknown,
    count: number,
  ): Promise<{ readonly zone: string; readonly occurrences: readonly ShownOccurrence[] }> {
    const { zone, data } = (await this.#client.json({
      method: 'POST',
      path: `${PATH}/preview`,
      json: { trigger, count },
    })) as { readonly zone: string; readonly data: readonly OccurrenceWire[] };
    const occurrences = data.map((json) => ({ local: json.local, marks: json.marks, json }));
    return { zone, occurrences };
  }

  async fire(name: string): Promise<ShownFiring> {
    const path = `${await this.#path(name)}/fire`;
    return shownFiring((await this.#client.json({ method: 'POST', path })) as FiringWire);
  }

  async firings(
    name: string,
    { limit, verdict }: { readonly limit: number; readonly verdict: string | undefined },
  ): Promise<ShownFiring[]> {
    const path = `${await this.#path(name)}/firings`;
    const firings: ShownFiring[] = [];
    for await (const firing of pagesOf(this.#client, path, { verdict, limit })) {
      firings.push(shownFiring(firing as FiringWire));
    }
    return firings;
  }

  /** By their ids. Empty for a key that may see schedules, and no jobs. */
  async #jobNames(): Promise<ReadonlyMap<string, string>> {
    const names = new Map<string, string>();
    try {
      for await (const job of pagesOf(this.#client, '/v1/jobs')) {
        const { id, name } = job as { readonly id: string; readonly name: string }; // as it says
        names.set(id, name);
      }
    } catch (error) {
      if (!(error instanceof RowmillError && error.code === 'permission_denied')) throw error;
    }
    return names;
  }

  /** By its name, or by its id. */
  async #find(name: string): Promise<ScheduleWire> {
    const names: string[] = [];
    for await (const schedule of this.#all()) {
      if (schedule.name === name || schedule.id === name) return schedule;
      names.push(schedule.name);
    }
    const there = names.length === 0 ? ' There are none.' : '';
    throw new RowmillError(
      'usage',
      `there is no schedule ${name}.${didYouMean(name, names)}${there}`,
    );
  }

  #all(): AsyncIterable<ScheduleWire> {
    return pagesOf(this.#client, PATH) as AsyncIterable<ScheduleWire>;
  }

  async #path(name: string): Promise<string> {
    return `${PATH}/${encodeURIComponent((await this.#find(name)).id)}`;
  }
}

function shownSchedule(
  schedule: ScheduleWire,
  jobNames?: ReadonlyMap<string, string>,
): ShownSchedule {
  const { task, job, next_due_at: nextDueAt } = schedule;
  return {
    id: schedule.id,
    name: schedule.name,
    work: task === null ? `job ${jobNames?.get(job ?? '') ?? job ?? ''}` : `task ${task}`,
    jobId: job ?? undefined,
    trigger: schedule.trigger,
    isPaused: schedule.paused,
    nextDueAt: nextDueAt === null ? undefined : new Date(nextDueAt),
    json: schedule,
  };
}

function shownFiring(firing: FiringWire): ShownFiring {
  return {
    dueAt: new Date(firing.due_at),
    verdict: firing.verdict,
    runId: firing.run_id ?? undefined,
    outcome: firing.outcome ?? undefined,
    message: firing.message ?? undefined,
    count: firing.count,
    json: firing,
  };
}
