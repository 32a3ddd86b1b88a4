import type {
  ShownExecution,
  ShownSystemJob,
  SystemDesk,
} from '../engine/automation/system/system-desk.ts';
import { RowmillError } from '../engine/errors.ts';
import { didYouMean } from '../engine/nearest-names.ts';
import type { ApiClient } from './api-client.ts';
import { pagesOf } from './pages.ts';

const PATH = '/v1/system-jobs';
const WAIT_S = 60;

type JsonObject = Readonly<Record<string, unknown>>;

interface ExecutionWire extends JsonObject {
  readonly id: string;
  readonly started_at: string;
  readonly duration_ms: number | null;
  readonly status: string;
  readonly trigger: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly message: string | null;
  readonly skipped: number;
}

interface JobWire extends JsonObject {
  readonly name: string;
  readonly description: string;
  readonly plan: { readonly text: string };
  readonly default_plan: { readonly text: string };
  readonly is_executing: boolean;
  readonly next_due_at: string | null;
  readonly last: ExecutionWire | null;
}

/** The jobs of the system of a server, through its HTTP API. */
export class RemoteSystem implements SystemDesk {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async list(): Promise<readonly ShownSystemJob[]> {
    // What these routes say that they give.
    const { data } = (await this.#client.json({ method: 'GET', path: PATH })) as {
      readonly data: readonly JobWire[];
    };
    return data.map(shownJob);
  }

  async show(name: string): Promise<ShownSystemJob> {
    const jobs = await this.list();
    const found = jobs.find((job) => job.name === name);
    if (found !== undefined) return found;
    const names = jobs.map((job) => job.name);
    throw new RowmillError(
      'usage',
      `there is no job ${name} of the system.${didYouMean(name, names)}`,
    );
  }

  async run(name: string): Promise<ShownExecution> {
    await this.show(name);
    const path = `${PATH}/${encodeURIComponent(name)}/run`;
    const query = { wait: WAIT_S };
    return shownExecution(
      (await this.#client.json({ method: 'POST', path, query })) as ExecutionWire,
    );
  }

  async log(name: string, limit: number): Promise<readonly ShownExecution[]> {
    await this.show(name);
    const path = `${PATH}/${encodeURIComponent(name)}/executions`;
    const executions: ShownExecution[] = [];
    for await (const execution of pagesOf(this.#client, path, { limit })) {
      executions.push(shownExecution(execution as ExecutionWire));
    }
    return executions;
  }
}

function shownJob(job: JobWire): ShownSystemJob {
  return {
    name: job.name,
    description: job.description,
    plan: job.plan.text,
    defaultPlan: job.default_plan.text,
    isExecuting: job.is_executing,
    nextDueAt: job.next_due_at === null ? undefined : new Date(job.next_due_at),
    last: job.last === null ? undefined : shownExecution(job.last),
    json: job,
  };
}

function shownExecution(execution: ExecutionWire): ShownExecution {
  return {
    id: execution.id,
    startedAt: new Date(execution.started_at),
    durationMs: execution.duration_ms ?? undefined,
    status: execution.status,
    trigger: execution.trigger,
    counts: execution.counts,
    message: execution.message ?? undefined,
    skipped: execution.skipped,
    json: execution,
  };
}
