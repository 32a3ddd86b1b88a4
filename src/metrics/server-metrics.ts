import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RunEvent, RunEventStore } from '../engine/ports/run-events.ts';
import type { StoreFigures } from '../engine/ports/store-figures.ts';
import type { UploadFiles } from '../engine/ports/upload-files.ts';
import type { WebhookAttempt } from '../engine/ports/webhook-store.ts';

/** A request that has ended. */
interface MeasuredRequest {
  readonly method: string;
  /** The pattern of its route, never its path: labels have few values. */
  readonly route: string;
  readonly status: string;
  readonly seconds: number;
}

/** What is asked when the metrics are. */
interface MetricSources {
  readonly figures: () => Promise<StoreFigures>;
  readonly freeBytes: () => Promise<number>;
  /** Runs that this process carries out, and how many it can. */
  readonly slots: () => { readonly used: number; readonly all: number };
}

const COUNTED = ['succeeded', 'failed'] as const;

/** The figures of a server, for Prometheus. */
export class ServerMetrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'method' | 'route' | 'status'>;
  readonly #rows: Counter<'task' | 'outcome'>;
  readonly #ended: Counter<'task' | 'status'>;
  readonly #uploads: Counter;
  readonly #deliveries: Counter<'outcome'>;
  readonly #streams: Gauge;
  /** Rows of the runs at work that are counted already. */
  readonly #counted = new Map<string, Readonly<Record<(typeof COUNTED)[number], number>>>();

  constructor(sources: MetricSources) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'rowmill_http_request_duration_seconds',
      help: 'How long requests took, by the pattern of their route',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
      registers,
    });
    this.#rows = new Counter({
      name: 'rowmill_rows_total',
      help: 'Rows processed by this process; its rate is rows per second',
      labelNames: ['task', 'outcome'],
      registers,
    });
    this.#ended = new Counter({
      name: 'rowmill_runs_ended_total',
      help: 'Runs that ended in this process',
      labelNames: ['task', 'status'],
      registers,
    });
    this.#uploads = new Counter({
      name: 'rowmill_upload_bytes_total',
      help: 'Bytes of files that were received whole',
      registers,
    });
    this.#deliveries = new Counter({
      name: 'rowmill_webhook_attempts_total',
      help: 'Attempts to deliver a message to a webhook',
      labelNames: ['outcome'],
      registers,
    });
    this.#streams = new Gauge({
      name: 'rowmill_event_streams',
      help: 'Streams of events that are open',
      registers,
    });
    this.#addAsked(sources);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  requestEnded({ method, route, status, seconds }: MeasuredRequest): void {
    this.#requests.observe({ method, route, status }, seconds);
  }

  streamOpened(): void {
    this.#streams.inc();
  }

  streamClosed(): void {
    this.#streams.dec();
  }

  /** The same files, counted. */
  countingUploads(files: UploadFiles): UploadFiles {
    return {
      receive: async (stream, options) => {
        const received = await files.receive(stream, options);
        this.#uploads.inc(received.bytes);
        return received;
      },
      adopt: async (path, options) => {
        const received = await files.adopt(path, options);
        this.#uploads.inc(received.bytes);
        return received;
      },
      remove: (path) => files.remove(path),
      sweep: (known) => files.sweep(known),
    };
  }

  attempted({ status = 0 }: WebhookAttempt): void {
    const outcome = status >= 200 && status < 300 ? 'delivered' : 'failed';
    this.#deliveries.inc({ outcome });
  }

  /** The same store of events, counted. */
  counting(
    store: RunEventStore,
    taskOf: (runId: string) => Promise<string>,
    onError: (error: unknown) => void,
  ): RunEventStore {
    return {
      since: (runId, page) => store.since(runId, page),
      // What is kept with what it tells is no progress.
      spread: (event) => store.spread(event),
      last: (...given) => store.last(...given),
      pruneProgress: (...given) => store.pruneProgress(...given),
      append: async (event) => {
        const kept = await store.append(event);
        this.#count(kept, taskOf).catch(onError);
        return kept;
      },
    };
  }

  async #count(
    { runId, type, data }: RunEvent,
    taskOf: (runId: string) => Promise<string>,
  ): Promise<void> {
    if (type !== 'started' && type !== 'progress' && type !== 'ended' && type !== 'paused') return;
    const before = this.#counted.get(runId);
    const now = { succeeded: countIn(data, 'succeeded'), failed: countIn(data, 'failed') };
    if (type === 'ended' || type === 'paused') this.#counted.delete(runId);
    else this.#counted.set(runId, type === 'started' ? { succeeded: 0, failed: 0 } : now);
    if (before === undefined || type === 'started') return;
    const task = await taskOf(runId);
    for (const outcome of COUNTED) {
      this.#rows.inc({ task, outcome }, Math.max(0, now[outcome] - before[outcome]));
    }
    if (type === 'ended') this.#ended.inc({ task, status: String(data['status']) });
  }

  #addAsked({ figures, freeBytes, slots }: MetricSources): void {
    const registers = [this.#registry];
    const due = new Gauge({
      name: 'rowmill_queue_length',
      help: 'Runs whose time has come and that nobody carries out',
      registers,
    });
    const oldest = new Gauge({
      name: 'rowmill_queue_oldest_seconds',
      help: 'How long the first run of the queue has waited',
      registers,
    });
    const runs: Gauge<'status' | 'task'> = new Gauge({
      name: 'rowmill_runs',
      help: 'Runs in the store',
      labelNames: ['status', 'task'],
      registers,
      collect: async () => {
        const found = await figures();
        runs.reset();
        for (const { status, task, count } of found.runs) runs.set({ status, task }, count);
        due.set(found.due);
        oldest.set(found.oldestDueMs / 1_000);
      },
    });
    const used: Gauge = new Gauge({
      name: 'rowmill_slots_used',
      help: 'Runs that this process carries out',
      registers,
      collect: () => used.set(slots().used),
    });
    const all: Gauge = new Gauge({
      name: 'rowmill_slots',
      help: 'Runs that this process carries out at most',
      registers,
      collect: () => all.set(slots().all),
    });
    const free: Gauge = new Gauge({
      name: 'rowmill_disk_free_bytes',
      help: 'Space left where the data folder is',
      registers,
      collect: async () => free.set(await freeBytes()),
    });
  }
}

function countIn(data: RunEvent['data'], name: string): number {
  const value = data[name];
  return typeof value === 'number' ? value : 0;
}
