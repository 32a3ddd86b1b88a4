import type { Command } from 'commander';
import { RowmillError } from '../../engine/errors.ts';
import type { RunRequest, RunSummary } from '../../engine/run/run-service.ts';
import { taskArguments } from '../argument-values.ts';
import type { CommandContext } from '../context.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { examples } from '../help-texts.ts';
import type { Settings } from '../../settings.ts';
import type { ServerWorkspace, Workspace } from '../host.ts';
import { summaryJson } from '../json-forms.ts';
import { createProgressView } from '../progress.ts';
import { addRunFlags, wordsForSameRows, type RunFlags } from '../run-flags.ts';
import { terminalHandles, type SignalNotes } from '../run-handles.ts';
import { printNext } from '../run-report.ts';
import { runRequest } from '../run-request.ts';
import { endUpload, followRun } from '../follow-run.ts';
import { shellWords } from '../shell-words.ts';

/** `run`: one task over one input. */
export function addRunCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('run')
    .description('Run a task over a CSV file')
    .argument('<task>', 'category/action, see: rowmill tasks')
    .argument('[file]', 'the CSV file, - is standard input; none for a task that reads no CSV');
  examples(
    command,
    'rowmill run contacts/clean contacts.csv -o clean.csv --failed failed.csv',
    'rowmill run contacts/clean contacts.csv -o clean.csv --resume',
    'cat contacts.csv | rowmill run contacts/clean - -o - | head',
    'rowmill run orders/price orders.csv --tasks ./orders.ts --map Amount=amount --canary 20',
  );
  addRunFlags(command);
  command.action((task: string, file: string | undefined, flags: RunFlags) =>
    runCommand(context, command, { name: task, file, flags }),
  );
}

async function runCommand(
  context: CommandContext,
  command: Command,
  { name, file, flags }: { name: string; file: string | undefined; flags: RunFlags },
): Promise<void> {
  const { host, screen } = context;
  const { workingDirectory } = host;
  if (/\.[cm]?[jt]s$/.test(name)) {
    throw new RowmillError(
      'usage',
      `${name} is a file, and the task is missing: category/action. A glob needs quotes: --tasks 'tasks/*.ts'`,
    );
  }
  const workspace = await context.open(command);
  const registered = await workspace.tasks.find(name);
  context.warnOfModules(workspace);
  const args = await taskArguments(registered.task, flags, {
    workingDirectory,
    warn: (message) => screen.warn(message),
  });
  const { settings } = workspace;
  const request = runRequest(registered, { file, flags, args }, { settings, workingDirectory });
  if (registered.task.isDestructive && flags.yes !== true) {
    const goesOn = await context.confirm(
      `${name} is destructive: ${registered.task.description}. Run it?`,
    );
    if (!goesOn) {
      context.exitCode = EXIT_CODES.stopped.code;
      return;
    }
  }
  const isRemote = workspace.server !== undefined;
  if (flags.detach === true) {
    await startDetached(context, command, { workspace, request, flags });
    return;
  }
  if (request.output.kind === 'stdout' && !isRemote) {
    screen.err('writing to standard output: this run cannot be resumed');
  }
  if (request.input.kind === 'stdin' && host.stdin.isTTY === true) {
    screen.err('reading from the terminal: Ctrl-D ends the input');
  }
  const service = await workspace.runs();
  await followRun(context, command, {
    task: name,
    progress: settings.progress,
    isCanary: flags.canary !== undefined,
    inputIsPipe: request.input.kind === 'stdin',
    stdoutIsData: request.output.kind === 'stdout',
    printsPath: request.output.kind === 'run_folder',
    isRemote,
    sameWords: wordsForSameRows(flags),
    begin: (handles) => service.run(request, handles),
  });
}

/** Starts a run on a server, and says how to come back to it. */
async function startDetached(
  context: CommandContext,
  command: Command,
  {
    workspace,
    request,
    flags,
  }: {
    readonly workspace: Workspace;
    readonly request: RunRequest;
    readonly flags: RunFlags;
  },
): Promise<void> {
  const { screen } = context;
  if (workspace.server === undefined) {
    throw new RowmillError('usage', '--detach leaves a run to a server: it needs --server');
  }
  const given = DOWNLOAD_FLAGS.find((name) => flags[name] !== undefined);
  if (given !== undefined) {
    throw new RowmillError(
      'usage',
      `--detach and --${given} contradict each other: download it later`,
    );
  }
  const run = await startUploading(context, workspace.server, {
    request,
    progress: workspace.settings.progress,
  });
  if (run === undefined) return;
  if (flags.json === true) {
    screen.json(summaryJson(run));
    return;
  }
  const words = context.globalWords(command);
  const next = (...before: readonly string[]) => shellWords(['rowmill', ...before, ...words]);
  screen.out(run.runId);
  printNext(screen, [
    { command: next('runs', 'watch', run.runId), why: 'follows it' },
    { command: next('download', run.runId, '-o', 'out.csv'), why: 'gets its output' },
  ]);
}

/** Uploads and starts; undefined where that was ended, and no run has come of it. */
async function startUploading(
  context: CommandContext,
  server: ServerWorkspace,
  { request, progress }: { readonly request: RunRequest; readonly progress: Settings['progress'] },
): Promise<RunSummary | undefined> {
  const { host, screen } = context;
  const view = await createProgressView(progress, {
    screen,
    stderr: host.stderr,
    task: request.task.name,
  });
  const terminal = terminalHandles(host, {
    listeners: { onUpload: (upload) => view.onUpload?.(upload) },
    notes: UPLOAD_SIGNAL_NOTES,
    note: (line) => view.note(line),
  });
  try {
    return await server.start(request, terminal.handles);
  } catch (error) {
    endUpload(context, error, { signal: terminal.signal(), view });
    return undefined;
  } finally {
    view.end();
    terminal.release();
  }
}

const DOWNLOAD_FLAGS = ['output', 'failed', 'errors', 'unprocessed'] as const;

const UPLOAD_SIGNAL_NOTES: SignalNotes = { stopping: () => 'ending the upload', ending: '' };
