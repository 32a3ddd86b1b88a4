import type { Readable } from 'node:stream';
import { RowmillError } from '../engine/errors.ts';
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
} from '../engine/run/run-service.ts';
import type { AskedOfRun } from '../engine/run/status.ts';
import type { ApiClient } from './api-client.ts';
import { checkRemote } from './check-remote.ts';
import { sendingOf, withDraft } from './drafts.ts';
import { downloadFile, downloadTo, type ByteSink } from './download.ts';
import { followRemote, lookAgain } from './follow-remote.ts';
import { pagesOf } from './pages.ts';
import { readOptions, runOptions, uploadSource } from './upload.ts';
import {
  errorOf,
  familyOf,
  lineageOf,
  resultOf,
  rowOf,
  summaryOf,
  type DownloadedPaths,
  type ErrorWire,
  type FamilyWire,
  type LineageWire,
  type LogWire,
  type RowWire,
  type RunWire,
} from './wire.ts';

/** Files of a run that can be downloaded. */
type RunFileName = 'output' | 'failed' | 'unprocessed' | 'errors' | 'merged' | 'input';

/** The streams of this process that a run may be joined to. */
interface Streams {
  readonly stdin: () => Readable;
  readonly stdout: ByteSink;
}

/** How a caller takes part in an upload. */
type UploadHandles = Pick<RunHandles, 'listeners' | 'stopSignal'>;

/** About 10 s. */
const RESUME_LOOKS = 30;

/** The runs of a server, as the commands know those of this machine. */
export class RemoteRunService implements RunService {
  readonly #client: ApiClient;
  readonly #streams: Streams;

  constructor(client: ApiClient, streams: Streams) {
    this.#client = client;
    this.#streams = streams;
  }

  /** Uploads, follows the run to its end, and downloads what was asked for. */
  async run(request: RunRequest, handles: RunHandles): Promise<RunResult> {
    const run = await this.#begin(request, handles);
    return this.#toItsEnd(run, { request, handles });
  }

  /** What was said of a run when it was made is told with its end. */
  async #ofChild(
    child: RunWire,
    { output }: RevertRequest,
    handles: RunHandles,
  ): Promise<RunResult> {
    const result = await this.#toItsEnd(child, { request: { output }, handles });
    return { ...result, message: result.message ?? child.message ?? undefined };
  }

  create(request: RunRequest): Promise<RunSummary> {
    return this.start(request, { listeners: {}, stopSignal: new AbortController().signal });
  }

  /** Uploads and starts; the signal ends the upload. */
  async start(request: RunRequest, handles: UploadHandles): Promise<RunSummary> {
    return summaryOf(await this.#begin(request, handles), this.#client.url);
  }

  /** On a server a run goes on by itself once that was asked for. */
  resume(): Promise<RunResult> {
    return Promise.reject(notThere('carrying a run out here'));
  }

  async retry(runId: string, request: RetryRequest, handles: RunHandles): Promise<RunResult> {
    const { fixedPath, rows, inputOptions = {} } = request;
    const json = { accept_new_code: request.acceptNewCode };
    const again = (words: Readonly<Record<string, unknown>>): Promise<RunWire> =>
      this.#post(runId, 'retry', { ...json, ...words });
    if (fixedPath === undefined) return this.#ofChild(await again({ rows }), request, handles);
    const source = await uploadSource({ kind: 'file', path: fixedPath }, this.#streams.stdin);
    const child = await withDraft(this.#client, source, {
      ...sendingOf(handles),
      use: (draft) => again({ draft, options: readOptions(inputOptions) }),
    });
    return this.#ofChild(child, request, handles);
  }

  async revert(runId: string, request: RevertRequest, handles: RunHandles): Promise<RunResult> {
    const json = { accept_new_code: request.acceptNewCode };
    return this.#ofChild(await this.#post(runId, 'revert', json), request, handles);
  }

  async family(runId: string): Promise<RunFamilySummary> {
    const run = await this.#get(runId);
    // The first run of the line has the rows in their places: the way there is up.
    let root = run;
    while (root.parent_run_id !== null) root = await this.#get(root.parent_run_id);
    return familyOf(run, root.id);
  }

  async lineage(runId: string, row: number): Promise<RowLineage> {
    const path = `${pathOf(runId)}/rows/${row}/lineage`;
    // The route answers this.
    return lineageOf((await this.#client.json({ method: 'GET', path })) as LineageWire);
  }

  async control(runId: string, asked: AskedOfRun, signal: AbortSignal): Promise<RunSummary> {
    if (asked === 'resume') return this.goOn(runId, { acceptNewCode: false, signal });
    let run = await this.#post(runId, asked);
    while (run.asked === asked && !signal.aborted) run = await lookAgain(this.#client, run, signal);
    return summaryOf(run, this.#client.url);
  }

  /** Lets a run go on, or begin where it was not started yet. */
  async goOn(
    runId: string,
    { acceptNewCode, signal }: { readonly acceptNewCode: boolean; readonly signal: AbortSignal },
  ): Promise<RunSummary> {
    const { status } = await this.#get(runId);
    let run =
      status === 'pending'
        ? await this.#post(runId, 'start')
        : await this.#post(runId, 'resume', { accept_new_code: acceptNewCode });
    // Without a free slot a run waits; one that fails at once is back where it was.
    for (let looks = 0; looks < RESUME_LOOKS && !isBegun(run) && !signal.aborted; looks += 1) {
      run = await lookAgain(this.#client, run, signal);
    }
    return summaryOf(run, this.#client.url);
  }

  async acknowledge(runId: string): Promise<RunSummary> {
    return summaryOf(await this.#post(runId, 'acknowledge', {}), this.#client.url);
  }

  /** Brings a deleted run back. */
  async restore(runId: string): Promise<RunSummary> {
    return summaryOf(await this.#post(runId, 'restore', {}), this.#client.url);
  }

  async follow(runId: string, handles: RunHandles): Promise<RunResult & RunLook> {
    const run = await followRemote(this.#client, await this.#get(runId), handles);
    return { ...resultOf(run, NO_PATHS), isInterrupted: false, isLive: isAtWork(run) };
  }

  check(request: Parameters<RunService['check']>[0], handles: RunHandles): Promise<CheckResult> {
    return checkRemote(this.#client, request, { handles, stdin: this.#streams.stdin });
  }

  async list(limit?: number): Promise<readonly RunSummary[]> {
    const found: RunSummary[] = [];
    // The route answers runs.
    for await (const run of pagesOf(this.#client, '/v1/runs', {
      limit,
    }) as AsyncIterable<RunWire>) {
      found.push(summaryOf(run, this.#client.url));
    }
    return found;
  }

  async show(runId: string): Promise<RunSummary> {
    return summaryOf(await this.#get(runId), this.#client.url);
  }

  hash(): Promise<RunSummary> {
    return Promise.reject(notThere('--hash'));
  }

  async *errors(runId: string): AsyncIterable<RunErrorLine> {
    const lines = pagesOf(this.#client, `${pathOf(runId)}/errors`);
    // The route answers such lines.
    for await (const line of lines as AsyncIterable<ErrorWire>) yield errorOf(line);
  }

  async *rows(runId: string, filter: RowFilter): AsyncIterable<RunRow> {
    const rows = pagesOf(this.#client, `${pathOf(runId)}/rows`, { ...filter });
    // The route answers such rows.
    for await (const row of rows as AsyncIterable<RowWire>) yield rowOf(row);
  }

  async *log(runId: string): AsyncIterable<string> {
    // The route answers such lines.
    const lines = pagesOf(this.#client, `${pathOf(runId)}/log`);
    for await (const line of lines as AsyncIterable<LogWire>) {
      const { number: _, ...said } = line;
      yield JSON.stringify(said);
    }
  }

  async derive(
    runId: string,
    paths: Parameters<RunService['derive']>[1],
  ): Promise<{ readonly unprocessed?: number }> {
    if (paths.mergedPath !== undefined) await this.download(runId, 'merged', paths.mergedPath);
    await this.#save(runId, paths, undefined);
    return {};
  }

  async delete(runId: string, { isFinal } = { isFinal: false }): Promise<void> {
    const query = isFinal ? { purge: 'true' } : {};
    await this.#client.send({ method: 'DELETE', path: pathOf(runId), query });
  }

  /** Downloads one file of a run to a path, or to standard output. */
  download(runId: string, name: RunFileName, target: string | undefined): Promise<void> {
    const download = { path: `${pathOf(runId)}/files/${name}.csv` };
    return target === undefined
      ? downloadTo(this.#client, download, this.#streams.stdout)
      : downloadFile(this.#client, download, target);
  }

  async #begin(request: RunRequest, handles: UploadHandles): Promise<RunWire> {
    if (request.resume) {
      throw new RowmillError(
        'usage',
        '--resume finds a run of this machine by its files; rowmill resume RUN goes on with one of a server',
      );
    }
    const { input, task, arguments: args } = request;
    const body = { arguments: args, options: runOptions(request) };
    if (input.kind === 'none') return this.#create({ task: task.name, ...body });
    return withDraft(this.#client, await uploadSource(input, this.#streams.stdin), {
      ...sendingOf(handles),
      // Not ended by a signal: whoever asked for a run hears which it is.
      use: (draft) => this.#create({ draft, task: task.name, ...body }),
    });
  }

  async #create(json: Readonly<Record<string, unknown>>): Promise<RunWire> {
    // The route answers the run.
    return (await this.#client.json({ method: 'POST', path: '/v1/runs', json })) as RunWire;
  }

  async #toItsEnd(
    begun: RunWire,
    {
      request,
      handles,
    }: {
      readonly request: Pick<
        RunRequest,
        'output' | 'failedPath' | 'errorsPath' | 'unprocessedPath'
      >;
      readonly handles: RunHandles;
    },
  ): Promise<RunResult> {
    const { listeners, stopSignal } = handles;
    listeners.onStarted?.({
      runId: begun.id,
      task: begun.task,
      inputBytes: begun.bytes_total ?? undefined,
      dialect: undefined,
      encoding: undefined,
      header: [],
      warnings: [],
      resumedAfterRows: undefined,
    });
    const run = await followRemote(this.#client, begun, handles);
    if (stopSignal.aborted || isAtWork(run)) return resultOf(run, NO_PATHS);
    const { output } = request;
    if (output.kind === 'stdout') await this.download(run.id, 'output', undefined);
    const outputPath = output.kind === 'file' ? output.path : undefined;
    const paths = await this.#save(run.id, { ...request, outputPath }, run);
    return resultOf(run, paths);
  }

  /** Downloads what was asked for; files that a run has not are left out where the run is known. */
  async #save(
    runId: string,
    paths: Partial<DownloadedPaths>,
    run: RunWire | undefined,
  ): Promise<DownloadedPaths> {
    const { outputPath, failedPath, errorsPath, unprocessedPath } = paths;
    const files = [
      ['output', outputPath, true],
      ['failed', failedPath, run === undefined || run.failed > 0],
      ['errors', errorsPath, run === undefined || run.failed > 0],
      ['unprocessed', unprocessedPath, run === undefined || run.status !== 'success'],
    ] as const;
    for (const [name, path, isThere] of files) {
      if (path !== undefined && isThere) await this.download(runId, name, path);
    }
    return { outputPath, failedPath, errorsPath, unprocessedPath };
  }

  async #get(runId: string): Promise<FamilyWire> {
    // The route answers the run with its family.
    return (await this.#client.json({ method: 'GET', path: pathOf(runId) })) as FamilyWire;
  }

  async #post(runId: string, act: string, json?: unknown): Promise<RunWire> {
    const path = `${pathOf(runId)}/${act}`;
    const request = { method: 'POST', path, ...(json === undefined ? {} : { json }) } as const;
    // The route answers the run.
    return (await this.#client.json(request)) as RunWire;
  }
}

const NO_PATHS: DownloadedPaths = {
  outputPath: undefined,
  failedPath: undefined,
  errorsPath: undefined,
  unprocessedPath: undefined,
};

function pathOf(runId: string): string {
  return `/v1/runs/${encodeURIComponent(runId)}`;
}

function isAtWork({ status }: RunWire): boolean {
  return status === 'pending' || status === 'executing';
}

function isBegun({ status }: RunWire): boolean {
  return !['pending', 'paused', 'stopped', 'internal_error'].includes(status);
}

function notThere(what: string): RowmillError {
  return new RowmillError('usage', `${what} is not possible on a server`);
}
