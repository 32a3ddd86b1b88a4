import { messageOf } from '../errors.ts';
import type { Draft, DraftCheck, DraftStore } from '../ports/draft-store.ts';
import { checkFile } from '../run/check/check-file.ts';
import type { ServicePorts } from '../run/service-ports.ts';
import type { RegisteredTask } from '../task/registry.ts';

/** What checks of drafts work with. */
export interface DraftCheckPorts {
  readonly store: DraftStore;
  readonly tasks: { find(name: string): Promise<RegisteredTask> };
  readonly runs: ServicePorts;
  /** What went wrong beside the checks themselves. */
  readonly onError: (error: unknown, draftId: string) => void;
}

/** Checks carried out at the same time; the others wait. */
const SLOTS = 2;
const PROGRESS_EVERY_MS = 1_000;

interface Job {
  readonly draft: Draft & { readonly task: string };
  readonly number: number;
  readonly stop: AbortController;
  /** Set when it has begun. */
  done?: Promise<void>;
}

/** Checks drafts in the background, a few at a time, and keeps what they find. */
export class DraftChecks {
  readonly #ports: DraftCheckPorts;
  readonly #jobs = new Map<string, Job>();
  #isClosing = false;

  constructor(ports: DraftCheckPorts) {
    this.#ports = ports;
  }

  /** Begins a check, or lets the one that is under way go on. */
  async ask(draft: Draft & { readonly task: string }): Promise<void> {
    const { draftId } = draft;
    if (this.#jobs.has(draftId)) return;
    const stop = this.#ports.runs.makeStop();
    const number = await this.#ports.store.beginCheck(draftId);
    this.#jobs.set(draftId, { draft, number, stop });
    this.#begin();
  }

  /** Ends the check of a draft, if there is one: `cancelled`. */
  async cancel(draftId: string): Promise<void> {
    const job = this.#jobs.get(draftId);
    if (job === undefined) return;
    job.stop.abort();
    if (job.done === undefined) {
      this.#jobs.delete(draftId);
      await this.#save(job, { state: 'cancelled', rows: 0, invalid: 0, bytesDone: 0 });
    } else {
      await job.done;
    }
  }

  /** Ends all checks: they are `interrupted`, and can be asked for again. */
  async close(): Promise<void> {
    this.#isClosing = true;
    const jobs = [...this.#jobs.values()];
    for (const { stop } of jobs) stop.abort();
    await Promise.all(jobs.flatMap(({ done }) => done ?? []));
    await this.#ports.store.interruptChecks();
  }

  #begin(): void {
    const jobs = [...this.#jobs.values()];
    const free = SLOTS - jobs.filter(({ done }) => done !== undefined).length;
    if (this.#isClosing) return;
    for (const job of jobs.filter(({ done }) => done === undefined).slice(0, Math.max(0, free))) {
      const { draftId } = job.draft;
      job.done = this.#carryOut(job)
        .catch((error: unknown) => this.#ports.onError(error, draftId))
        .finally(() => {
          if (this.#jobs.get(draftId) === job) this.#jobs.delete(draftId);
          this.#begin();
        });
    }
  }

  async #carryOut(job: Job): Promise<void> {
    const { runs, tasks } = this.#ports;
    const { draft, stop } = job;
    let counts = { rows: 0, invalid: 0, bytesDone: 0 };
    let savedAtMs = -Infinity;
    try {
      const { task } = await tasks.find(draft.task);
      const result = await checkFile(
        {
          task,
          arguments: draft.arguments,
          input: { kind: 'file', path: draft.path },
          options: draft.options,
          owner: draft,
        },
        {
          stopSignal: stop.signal,
          abortSignal: stop.signal,
          listeners: {
            onProgress: ({ succeeded, failed, bytesDone }) => {
              counts = { rows: succeeded + failed, invalid: failed, bytesDone };
              const now = runs.clock.now();
              if (now - savedAtMs < PROGRESS_EVERY_MS) return;
              savedAtMs = now;
              void this.#save(job, { state: 'executing', ...counts });
            },
          },
        },
        runs,
      );
      const { rows, invalid } = result;
      const bytesDone = stop.signal.aborted ? counts.bytesDone : draft.bytes;
      const found = { rows, invalid, bytesDone };
      await this.#save(
        job,
        stop.signal.aborted
          ? { state: this.#isClosing ? 'interrupted' : 'cancelled', ...found }
          : { state: 'done', ...found, result },
      );
    } catch (error) {
      const message = messageOf(error).replaceAll(draft.path, draft.fileName ?? 'the file');
      await this.#save(job, { state: 'failed', ...counts, message });
    }
  }

  async #save(
    { draft: { draftId }, number }: Job,
    check: Omit<DraftCheck, 'askedAtMs'>,
  ): Promise<void> {
    try {
      await this.#ports.store.saveCheck(draftId, { ...check, number });
    } catch (error) {
      this.#ports.onError(error, draftId);
    }
  }
}
