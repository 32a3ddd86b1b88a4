import { beginRun } from './run/begin/begin-run.ts';
import { createRetry, createRevert, type CreatedChild } from './run/begin/begin-child.ts';
import { carryOut, type CarryOut } from './run/carry/carry-out.ts';
import { isRefusal } from './run/carry/run-ending.ts';
import { checkFile } from './run/check/check-file.ts';
import { controlRun } from './run/carry/control-run.ts';
import type { Derived, DerivedPaths } from './run/output/derive-files.ts';
import { deriveStored } from './run/output/derive-stored.ts';
import { readErrors } from './run/output/errors-file.ts';
import { lineageOf, summarizeFamily } from './run/after/family-summary.ts';
import { followRun } from './run/after/follow-run.ts';
import { hashRun } from './run/after/hash-run.ts';
import {
  findRun,
  refuseOtherFiles,
  reopenRun,
  type ResumeOptions,
  refuseOtherRequest,
} from './run/carry/resume-run.ts';
import { mergeOutput } from './run/output/merge-output.ts';
import { readRows } from './run/rows/read-rows.ts';
import { taskOfRun } from './run/begin/revert-task.ts';
import { originalErrors, RowOrigins } from './run/after/row-origins.ts';
import { ERRORS_FILE } from './run/run-paths.ts';
import type { StoredRun } from './run/run-record.ts';
import type {
  CheckResult,
  RetryRequest,
  RevertRequest,
  RowFilter,
  RowLineage,
  RunErrorLine,
  RunFamilySummary,
  RunHandles,
  RunLook,
  RunRequest,
  RunResult,
  RunRow,
  RunService,
  RunSummary,
} from './run/run-service.ts';
import type { ServicePorts } from './run/service-ports.ts';
import { type AskedOfRun, isFinal } from './run/status.ts';
import { storedResult, summaryOf } from './run/output/stored-result.ts';

/** Runs on one machine, in this process. */
export class LocalRunService implements RunService {
  readonly #ports: ServicePorts;

  constructor(ports: ServicePorts) {
    this.#ports = ports;
  }

  async create(request: RunRequest): Promise<RunSummary> {
    const begun = await beginRun(request, this.#ports);
    const { runId } = begun.record;
    try {
      await this.#ports.store.add(begun.record);
      return await this.show(runId);
    } finally {
      await begun.csv?.input.close();
    }
  }

  async run(request: RunRequest, handles: RunHandles): Promise<RunResult> {
    if (request.resume) {
      const stored = await findRun(request, this.#ports);
      if (stored !== undefined) {
        refuseOtherRequest(stored, request);
        if (!isFinal(stored.state.status))
          return this.#goOn(stored, { ...request, request }, handles);
        await refuseOtherFiles(stored, this.#ports);
        return { ...finishedResult(stored), ...(await this.#deriveAsked(stored, request)) };
      }
    }
    const begun = await beginRun(request, this.#ports);
    try {
      const held = await this.#ports.store.create(begun.record);
      return await this.#carryOut({ ...request, begun, held, handles });
    } finally {
      await begun.csv?.input.close();
    }
  }

  async retry(runId: string, request: RetryRequest, handles: RunHandles): Promise<RunResult> {
    const child = await createRetry(runId, request, this.#ports);
    return this.#runChild(child, { codeHash: request.codeHash, handles });
  }

  async revert(runId: string, request: RevertRequest, handles: RunHandles): Promise<RunResult> {
    const child = await createRevert(runId, request, this.#ports);
    return this.#runChild(child, { codeHash: request.codeHash, handles });
  }

  family(runId: string): Promise<RunFamilySummary> {
    return summarizeFamily(runId, this.#ports);
  }

  lineage(runId: string, row: number): Promise<RowLineage> {
    return lineageOf(runId, row, this.#ports);
  }

  async resume(runId: string, options: ResumeOptions, handles: RunHandles): Promise<RunResult> {
    const stored = await this.#ports.store.get(runId);
    if (!isFinal(stored.state.status)) return this.#goOn(stored, options, handles);
    await refuseOtherFiles(stored, this.#ports);
    return finishedResult(stored);
  }

  async control(runId: string, asked: AskedOfRun, signal: AbortSignal): Promise<RunSummary> {
    return summaryOf(await controlRun(runId, { asked, signal }, this.#ports));
  }

  follow(runId: string, handles: RunHandles): Promise<RunResult & RunLook> {
    return followRun(runId, handles, this.#ports);
  }

  check(
    request: Pick<RunRequest, 'task' | 'arguments' | 'input' | 'options' | 'limit'>,
    handles: RunHandles,
  ): Promise<CheckResult> {
    return checkFile(request, handles, this.#ports);
  }

  async list(): Promise<readonly RunSummary[]> {
    return (await this.#ports.store.list()).map(summaryOf);
  }

  async show(runId: string): Promise<RunSummary> {
    return summaryOf(await this.#ports.store.get(runId));
  }

  async hash(runId: string): Promise<RunSummary> {
    await hashRun(runId, this.#ports);
    return this.show(runId);
  }

  async *errors(runId: string): AsyncIterable<RunErrorLine> {
    const { files, store } = this.#ports;
    const run = await store.get(runId);
    const origins = await RowOrigins.open(run, files);
    const { status, position } = run.state;
    const doneBefore = status === 'executing' ? (position?.number ?? 0) : undefined;
    const errors = readErrors(files, `${run.folder}/${ERRORS_FILE}`, doneBefore);
    try {
      yield* originalErrors(errors, origins);
    } finally {
      await origins?.close();
    }
  }

  async *rows(runId: string, filter: RowFilter): AsyncIterable<RunRow> {
    yield* readRows(await this.#ports.store.get(runId), filter, this.#ports);
  }

  async *log(runId: string): AsyncIterable<string> {
    const { folder } = await this.#ports.store.get(runId);
    const text = (await this.#ports.files.readText(`${folder}/log.jsonl`)) ?? '';
    yield* text.split('\n').filter((line) => line !== '');
  }

  async derive(
    runId: string,
    { mergedPath, ...paths }: DerivedPaths & { readonly mergedPath?: string | undefined },
  ): Promise<Derived> {
    if (mergedPath !== undefined) await mergeOutput(runId, mergedPath, this.#ports);
    const isAsked = [paths.failedPath, paths.errorsPath, paths.unprocessedPath].some(
      (path) => path !== undefined,
    );
    return isAsked ? deriveStored(runId, paths, this.#ports) : {};
  }

  delete(runId: string): Promise<void> {
    return this.#ports.store.delete(runId);
  }

  /** A finished run gives the files that are asked for now. */
  async #deriveAsked(stored: StoredRun, request: RunRequest): Promise<DerivedPaths> {
    const { failedPath, errorsPath, unprocessedPath } = request;
    const isAsked = [failedPath, errorsPath, unprocessedPath].some((path) => path !== undefined);
    return isAsked ? this.derive(stored.record.runId, request) : {};
  }

  /** Carries out a new run and lets it go. One that did not begin is not kept. */
  async #carryOut(work: CarryOut): Promise<RunResult> {
    const { held, begun } = work;
    try {
      try {
        await held.claimOutput();
        return await carryOut(work, this.#ports);
      } finally {
        await held.release();
      }
    } catch (error) {
      if (isRefusal(error)) await this.#ports.store.delete(begun.record.runId);
      throw error;
    }
  }

  async #runChild(
    { message, ...child }: CreatedChild,
    how: { readonly codeHash: string; readonly handles: RunHandles },
  ): Promise<RunResult> {
    try {
      const result = await this.#carryOut({ ...child, ...how });
      const messages = [result.message, message].filter((text) => text !== undefined);
      return { ...result, message: messages.length === 0 ? undefined : messages.join('; ') };
    } finally {
      await child.begun.csv?.input.close();
    }
  }

  async #goOn(stored: StoredRun, options: ResumeOptions, handles: RunHandles): Promise<RunResult> {
    const { store } = this.#ports;
    const held = await store.hold(stored.record.runId);
    try {
      await held.claimOutput();
      const begun = await reopenRun(stored, held, {
        options: { ...options, task: taskOfRun(options.task, stored.record) },
        ports: this.#ports,
      });
      try {
        const task = taskOfRun(options.task, stored.record);
        return await carryOut({ ...options, task, begun, held, handles }, this.#ports);
      } finally {
        await begun.csv?.input.close();
      }
    } finally {
      await held.release();
    }
  }
}

function finishedResult(run: StoredRun): RunResult {
  const message = 'this run is finished already; its output is kept';
  return { ...storedResult(run), message, wasFinished: true };
}
