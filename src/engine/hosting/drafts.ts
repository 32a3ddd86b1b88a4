import { RowmillError } from '../errors.ts';
import type { Draft, DraftWishes } from '../ports/draft-store.ts';
import type { ReceivedFile, UploadFiles } from '../ports/upload-files.ts';
import { checkedRows, type CheckedRow } from '../run/check/checked-rows.ts';
import { lookAtFile, type FileLook } from '../run/check/look-at-file.ts';
import type { RunOwner } from '../run/run-service.ts';
import type { CsvTask } from '../task/task.ts';
import { DraftChecks, type DraftCheckPorts } from './draft-checks.ts';

/** What drafts work with. */
export interface DraftsPorts extends DraftCheckPorts {
  readonly uploads: UploadFiles;
}

/** Files on their way to a run: what is found in them, what is decided of them, what a check says. */
export class Drafts {
  readonly #ports: DraftsPorts;
  readonly #lifeMs: number;
  readonly #checks: DraftChecks;
  /** Ends when the file that is looked at now is done with. */
  #lastLook: Promise<void> = Promise.resolve();

  constructor(ports: DraftsPorts, { lifeMs }: { readonly lifeMs: number }) {
    this.#ports = ports;
    this.#lifeMs = lifeMs;
    this.#checks = new DraftChecks(ports);
  }

  /** Takes up what an earlier process has left. */
  async open(): Promise<void> {
    const { store, uploads } = this.#ports;
    await store.interruptChecks();
    await uploads.sweep(new Set(await store.paths()));
  }

  close(): Promise<void> {
    return this.#checks.close();
  }

  /** Removes drafts whose time is over, until the signal comes; gives how many. */
  async removeExpired(signal: AbortSignal): Promise<number> {
    let removed = 0;
    for (;;) {
      const expired = await this.#ports.store.expired();
      for (const draft of expired) {
        if (signal.aborted) return removed;
        await this.remove(draft);
        removed += 1;
      }
      if (expired.length === 0) return removed;
    }
  }

  /** Makes a draft of a file that was received; the file is the draft's from then on. */
  async create(
    file: ReceivedFile,
    {
      draftId,
      owner,
      fileName,
      ...wishes
    }: DraftWishes & {
      readonly draftId: string;
      readonly owner: RunOwner;
      readonly fileName: string | undefined;
    },
  ): Promise<Draft> {
    const found = await this.#look({ ...wishes, path: file.path, fileName });
    return this.#ports.store.create(
      { ...wishes, ...file, ...owner, draftId, fileName, found },
      this.#lifeMs,
    );
  }

  /** Undefined where there is none. */
  get(draftId: string): Promise<Draft | undefined> {
    return this.#ports.store.get(draftId);
  }

  page(request: Parameters<DraftsPorts['store']['page']>[0]) {
    return this.#ports.store.page(request);
  }

  /** Decides anew; what a check found was of something else. */
  async change({ draftId, path, fileName }: Draft, wishes: DraftWishes): Promise<void> {
    const found = await this.#look({ ...wishes, path, fileName });
    await this.#checks.cancel(draftId);
    await this.#ports.store.change(draftId, { ...wishes, found });
  }

  /** Begins a check of all rows. Throws `usage` for a draft without a task. */
  async check(draft: Draft): Promise<void> {
    await this.#checks.ask({ ...draft, task: taskOf(draft) });
  }

  async cancelCheck({ draftId }: Draft): Promise<void> {
    await this.#checks.cancel(draftId);
  }

  /** Rows as they stand in the file, verified by the draft's task. */
  async *rows(draft: Draft, filter: Parameters<typeof checkedRows>[1]): AsyncGenerator<CheckedRow> {
    const { arguments: args, options, path } = draft;
    const { task } = await this.#ports.tasks.find(taskOf(draft));
    yield* checkedRows(
      { task, arguments: args, options, input: { kind: 'file', path } },
      filter,
      this.#ports.runs,
    );
  }

  async remove({ draftId, path }: Pick<Draft, 'draftId' | 'path'>): Promise<void> {
    await this.#checks.cancel(draftId);
    await this.#ports.store.remove(draftId);
    await this.#ports.uploads.remove(path);
  }

  async #look({
    task: name,
    options,
    path,
    fileName = 'the file',
  }: DraftWishes & {
    readonly path: string;
    readonly fileName: string | undefined;
  }): Promise<FileLook> {
    const task = name === undefined ? undefined : await this.#csvTask(name);
    const look = await this.#inTurn(() => lookAtFile({ task, path, options }, this.#ports.runs));
    return { ...look, problems: look.problems.map((text) => text.replaceAll(path, fileName)) };
  }

  /** One file after the other: each takes a megabyte or more while it is looked at, and is soon done. */
  #inTurn<T>(look: () => Promise<T>): Promise<T> {
    const turn = this.#lastLook.then(look);
    this.#lastLook = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  async #csvTask(name: string): Promise<CsvTask> {
    const { task } = await this.#ports.tasks.find(name);
    if (task.kind === 'csv') return task;
    throw new RowmillError('usage', `${name} reads no CSV: it is run without a draft`);
  }
}

function taskOf({ draftId, task }: Draft): string {
  if (task !== undefined) return task;
  throw new RowmillError('usage', `draft ${draftId} has no task yet: say which`);
}
