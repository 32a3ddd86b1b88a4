import { RowmillError } from '../engine/errors.ts';
import type { JsonObject } from '../engine/jobs/job-definition.ts';
import type {
  JobDesk,
  JobRunFilter,
  JobStartHow,
  LogLines,
  ShownJob,
  ShownJobRun,
  ShownJobVersion,
  StartableJob,
} from '../engine/jobs/job-desk.ts';
import type { EventName } from '../engine/ports/told-event-store.ts';
import { didYouMean } from '../engine/nearest-names.ts';
import { withDraft } from './drafts.ts';
import { RemoteJobStorage } from './remote-job-storage.ts';
import { hasEnded, shownRun, type JobRunWire } from './shown-job-run.ts';
import { fileSource } from './upload.ts';
import { pause, type ApiClient, type ApiRequest } from './api-client.ts';

const PAGE = 200;
const STARTABLE = '/v1/startable-jobs';
/** A start is waited for so long at a time. */
const WAIT_SECONDS = 60;
const ASK_EVERY_MS = 1_000;

interface JobVersionWire extends JsonObject {
  readonly name: string;
  readonly run_as: string | null;
  readonly version: number;
  readonly task: string | null;
  readonly script: { readonly language: string; readonly entry: string } | null;
  readonly service: { readonly endpoint: string } | null;
  readonly argument_schema: JsonObject | null;
  readonly script_md5: string | null;
  readonly updated_at: string;
  readonly updated_by: string;
}

interface JobWire extends JobVersionWire {
  readonly id: string;
  readonly account_id: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly archived: boolean;
}

interface StartableWire extends JsonObject {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly argument_schema: JsonObject | null;
}

/** The jobs of a server, through its HTTP API. */
export class RemoteJobs implements JobDesk {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  async list({ isArchived }: { readonly isArchived: boolean | undefined }): Promise<ShownJob[]> {
    const archived = isArchived === undefined ? undefined : String(isArchived);
    const jobs: ShownJob[] = [];
    for await (const job of this.#pages<JobWire>('/v1/jobs', { archived }, Infinity)) {
      jobs.push(shownJob(job));
    }
    return jobs;
  }

  async startable(): Promise<StartableJob[]> {
    const jobs: StartableJob[] = [];
    for await (const job of this.#pages<StartableWire>(STARTABLE, {}, Infinity)) {
      const { id, name, description, argument_schema } = job;
      const argumentSchema = argument_schema ?? undefined;
      jobs.push({ id, name, description, argumentSchema, json: job });
    }
    return jobs;
  }

  async toStart(name: string): Promise<Pick<ShownJob, 'argumentSchema' | 'task'>> {
    try {
      return await this.show(name);
    } catch (error) {
      if (!isForbidden(error)) throw error;
      const { argument_schema } = await this.#findStartable(name);
      return { argumentSchema: argument_schema ?? undefined, task: undefined };
    }
  }

  async show(name: string): Promise<ShownJob> {
    return shownJob(await this.#find(name));
  }

  async add(job: JsonObject): Promise<ShownJob> {
    return shownJob(await this.#ask<JobWire>({ method: 'POST', path: '/v1/jobs', json: job }));
  }

  async change(name: string, patch: JsonObject): Promise<ShownJob> {
    const path = await this.#path(name);
    return shownJob(await this.#ask<JobWire>({ method: 'PATCH', path, json: patch }));
  }

  async remove(name: string): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: await this.#path(name) });
  }

  async triggers(name: string): Promise<readonly JsonObject[]> {
    const path = `${await this.#path(name)}/triggers`;
    return (await this.#ask<{ readonly data: readonly JsonObject[] }>({ method: 'GET', path }))
      .data;
  }

  async subscribe(name: string, event: EventName, filter: JsonObject): Promise<void> {
    const path = `${await this.#path(name)}${eventPath(event)}`;
    await this.#client.json({ method: 'PUT', path, json: { filter } });
  }

  async unsubscribe(name: string, event: EventName): Promise<void> {
    const path = `${await this.#path(name)}${eventPath(event)}`;
    await this.#client.text({ method: 'DELETE', path });
  }

  async versions(name: string): Promise<ShownJobVersion[]> {
    const path = `${await this.#path(name)}/versions`;
    const versions: ShownJobVersion[] = [];
    let before: number | undefined;
    for (;;) {
      const { data, next } = await this.#ask<{
        readonly data: readonly JobVersionWire[];
        readonly next: number | null;
      }>({ method: 'GET', path, query: { limit: PAGE, before } });
      versions.push(...data.map(shownVersion));
      if (next === null) return versions;
      before = next;
    }
  }

  async diff(name: string, older: number, newer: number): Promise<string> {
    const path = `${await this.#path(name)}/versions/${older}/diff/${newer}`;
    return (await this.#ask<{ readonly diff: string }>({ method: 'GET', path })).diff;
  }

  async start(
    name: string,
    start: JsonObject,
    { file, waits, signal }: JobStartHow,
  ): Promise<ShownJobRun> {
    const path = `${await this.#path(name)}/runs`;
    const post = (more: JsonObject): Promise<JobRunWire> =>
      this.#ask<JobRunWire>({ method: 'POST', path, json: { ...start, ...more }, signal });
    let run =
      file === undefined
        ? await post(waits ? { wait: WAIT_SECONDS } : {})
        : await this.#startWith(file, post, signal);
    if (!waits) return shownRun(run);
    while (!hasEnded(run) && !signal.aborted) {
      await pause(ASK_EVERY_MS, signal).catch(() => undefined);
      try {
        run = await this.#ask<JobRunWire>({ method: 'GET', path: `${path}/${run.id}` });
      } catch (error) {
        if (!isForbidden(error)) throw error;
        const message = `run ${run.id} of the job ${name} has begun and goes on; this key may not see what becomes of it`;
        throw new RowmillError('permission_denied', message, { cause: error });
      }
    }
    return shownRun(run);
  }

  /** The upload is removed at once: its run has a file of its own. */
  async #startWith(
    path: string,
    start: (draft: JsonObject) => Promise<JobRunWire>,
    signal: AbortSignal,
  ): Promise<JobRunWire> {
    const source = await fileSource(path);
    const use = (draft: string): Promise<JobRunWire> => start({ draft });
    return withDraft(this.#client, source, { signal, onSent: () => undefined, use });
  }

  async storage(name: string): Promise<RemoteJobStorage> {
    return new RemoteJobStorage(this.#client, `${await this.#path(name)}/storage`);
  }

  async log(name: string, runId: string, { level, limit }: LogLines = {}): Promise<ShownJobRun> {
    const path = `${await this.#path(name)}/runs/${encodeURIComponent(runId)}`;
    const query = { level, limit };
    return shownRun(await this.#ask<JobRunWire>({ method: 'GET', path, query }));
  }

  async logs(name: string, { limit, ...query }: JobRunFilter): Promise<ShownJobRun[]> {
    const path = `${await this.#path(name)}/runs`;
    const runs: ShownJobRun[] = [];
    for await (const run of this.#pages<JobRunWire>(path, query, limit)) runs.push(shownRun(run));
    return runs;
  }

  #find(name: string): Promise<JobWire> {
    return this.#findIn<JobWire>('/v1/jobs', name);
  }

  #findStartable(name: string): Promise<StartableWire> {
    return this.#findIn<StartableWire>(STARTABLE, name);
  }

  /** By its name, or by its id. */
  async #findIn<Found extends { readonly id: string; readonly name: string }>(
    path: string,
    name: string,
  ): Promise<Found> {
    for await (const job of this.#pages<Found>(path, { name }, 1)) return job;
    const names: string[] = [];
    for await (const job of this.#pages<Found>(path, {}, Infinity)) {
      if (job.id === name) return job;
      names.push(job.name);
    }
    const there = names.length === 0 ? ' There are none.' : '';
    throw new RowmillError('usage', `there is no job ${name}.${didYouMean(name, names)}${there}`);
  }

  async #path(name: string): Promise<string> {
    return `/v1/jobs/${encodeURIComponent(await this.#idOf(name))}`;
  }

  async #idOf(name: string): Promise<string> {
    try {
      return (await this.#find(name)).id;
    } catch (error) {
      // A key that may only start jobs is shown those, and no more of them than it needs.
      if (isForbidden(error)) return (await this.#findStartable(name)).id;
      throw error;
    }
  }

  async *#pages<Item>(
    path: string,
    query: NonNullable<ApiRequest['query']>,
    most: number,
  ): AsyncIterable<Item> {
    let rest = most;
    let after: string | undefined;
    do {
      const { data, next } = await this.#ask<{
        readonly data: readonly Item[];
        readonly next: string | null;
      }>({ method: 'GET', path, query: { ...query, limit: Math.min(rest, PAGE), after } });
      yield* data;
      rest -= data.length;
      after = next ?? undefined;
    } while (after !== undefined && rest > 0);
  }

  async #ask<Answer>(request: ApiRequest): Promise<Answer> {
    return (await this.#client.json(request)) as Answer; // what these routes say they give
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof RowmillError && error.code === 'permission_denied';
}

function eventPath({ object, event }: EventName): string {
  return `/events/${encodeURIComponent(object)}/${encodeURIComponent(event)}`;
}

function shownJob(job: JobWire): ShownJob {
  return {
    id: job.id,
    name: job.name,
    isArchived: job.archived,
    user: job.run_as ?? job.account_id,
    version: job.version,
    task: job.task ?? undefined,
    work: job.task ?? job.service?.endpoint ?? `${job.script?.language} ${job.script?.entry}`,
    scriptMd5: job.script_md5 ?? undefined,
    argumentSchema: job.argument_schema ?? undefined,
    secrets: job.secrets,
    json: job,
  };
}

function shownVersion(version: JobVersionWire): ShownJobVersion {
  return {
    number: version.version,
    createdAt: new Date(version.updated_at),
    createdBy: version.updated_by,
    scriptMd5: version.script_md5 ?? undefined,
    json: version,
  };
}
