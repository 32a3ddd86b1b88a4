import type { Command } from 'commander';
import { RowmillError } from '../engine/errors.ts';
import type { CsvWarning } from '../engine/csv/csv-table.ts';
import type { RunHandles, RunResult } from '../engine/run/run-service.ts';
import type { Settings } from '../settings.ts';
import type { CommandContext } from './context.ts';
import { EXIT_OF_SIGNAL, exitCodeOfRun, type StopSignalName } from './exit-codes.ts';
import type { Workspace } from './host.ts';
import { resultJson } from './json-forms.ts';
import { nextCommands } from './next-commands.ts';
import { createProgressView, type ProgressView } from './progress.ts';
import { terminalHandles, type SignalNotes } from './run-handles.ts';
import { printRunReport } from './run-report.ts';
import { visibleJson } from './visible-text.ts';

/** A run to be watched, begun or gone on with. */
export interface FollowedRun {
  readonly task: string;
  readonly progress: Settings['progress'];
  readonly isCanary: boolean;
  readonly inputIsPipe: boolean;
  /** The output goes to stdout: the report's JSON goes to stderr then. */
  readonly stdoutIsData: boolean;
  /** Whether a pipe gets the path of the output, which the caller could not know. */
  readonly printsPath: boolean;
  /** A server carries it out: it goes on when nobody follows it. */
  readonly isRemote: boolean;
  /** Flags that a run of its failed rows needs too. */
  readonly sameWords: readonly string[];
  /** The run whose output the rows of this one belong in. */
  readonly mergesInto?: string | undefined;
  readonly begin: (handles: RunHandles) => Promise<RunResult>;
}

/** What is the same of every run that is stored already: what came through a pipe was kept whole. */
export function storedRun(
  { settings, server }: Workspace,
  { task, printsPath }: Pick<FollowedRun, 'task' | 'printsPath'>,
): Omit<FollowedRun, 'begin'> {
  return {
    task,
    printsPath,
    progress: settings.progress,
    isCanary: false,
    inputIsPipe: false,
    stdoutIsData: false,
    isRemote: server !== undefined,
    sameWords: [],
  };
}

const SIGNAL_NOTES: SignalNotes = {
  stopping: (again) => `stopping: the rows in flight are finished first (${again} ends it now)`,
  ending: 'ending now: rows since the last checkpoint will be done again when it is resumed',
};

const REMOTE_SIGNAL_NOTES: SignalNotes = {
  stopping: () => 'no longer following: what the server has begun goes on',
  ending: '',
};

/** Shows a run while it lasts, reports its end, and sets the exit code. */
export async function followRun(
  context: CommandContext,
  command: Command,
  run: FollowedRun,
): Promise<void> {
  const { host, screen } = context;
  const { stderr, workingDirectory } = host;
  const view = await createProgressView(run.progress, { screen, stderr, task: run.task });
  let warnings: readonly CsvWarning[] = [];
  const terminal = terminalHandles(host, {
    listeners: {
      onStarted(started) {
        ({ warnings } = started);
        view.onStarted?.(started);
      },
      onUpload: (upload) => view.onUpload?.(upload),
      onProgress: (progress) => view.onProgress?.(progress),
      onPaused: (runId) => view.onPaused?.(runId),
    },
    notes: run.isRemote ? REMOTE_SIGNAL_NOTES : SIGNAL_NOTES,
    note: (line) => view.note(line),
  });
  let result: RunResult;
  try {
    result = await run.begin(terminal.handles);
  } catch (error) {
    if (!run.isRemote) throw error;
    endUpload(context, error, { signal: terminal.signal(), view });
    return;
  } finally {
    view.end();
    terminal.release();
  }
  if (screen.isPipeClosed) return;
  const { isCanary, inputIsPipe } = run;
  context.exitCode = exitCodeOfRun({ result, signal: terminal.signal(), isCanary, inputIsPipe });
  const globalWords = context.globalWords(command);
  const next = nextCommands(result, { ...run, globalWords, workingDirectory });
  if (command.optsWithGlobals<{ json?: boolean }>().json === true) {
    const json = { ...resultJson(result), warnings, next, exit_code: context.exitCode };
    if (run.stdoutIsData) screen.err(visibleJson(json));
    else screen.json(json);
    return;
  }
  printRunReport(screen, result, { warnings, next, workingDirectory });
  if (run.printsPath && !screen.stdoutIsTerminal && result.outputPath !== undefined) {
    screen.out(result.outputPath);
  }
}

/** After a signal the server has no run of what was sent; whatever else went wrong is thrown on. */
export function endUpload(
  context: CommandContext,
  error: unknown,
  { signal, view }: { readonly signal: StopSignalName | undefined; readonly view: ProgressView },
): void {
  if (signal === undefined || error instanceof RowmillError) throw error;
  view.note('the upload was ended: the server has begun nothing and keeps nothing of it');
  context.exitCode = EXIT_OF_SIGNAL[signal];
}
