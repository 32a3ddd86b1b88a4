import { Option, type Command } from 'commander';
import type { RunListeners } from '../../../engine/run/run-service.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT_CODES, EXIT_OF_SIGNAL, exitCodeOfRun } from '../../exit-codes.ts';
import { examples } from '../../help-texts.ts';
import { progressJson, resultJson } from '../../json-forms.ts';
import { nextCommands } from '../../next-commands.ts';
import { createProgressView, PROGRESS_MODES } from '../../progress.ts';
import { terminalHandles } from '../../run-handles.ts';
import { printRunReport } from '../../run-report.ts';
import type { Screen } from '../../screen.ts';
import { visibleJson } from '../../visible-text.ts';

/** `runs watch`: a run that another process carries out, to its end. */
export function addRunsWatchCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('watch')
    .description('Follow a run of another process to its end, and end with its exit code')
    .argument('<run>', 'its id')
    .addOption(
      new Option('--progress <how>', 'how progress is shown on standard error').choices(
        PROGRESS_MODES,
      ),
    )
    .option('--json', 'print one JSON object a line: progress, paused, ended');
  examples(command, 'rowmill runs watch RUN', 'rowmill runs watch RUN --json');
  command.action((runId: string, { json }: { json?: boolean }) =>
    watchRun(context, command, { runId, isJson: json === true }),
  );
}

async function watchRun(
  context: CommandContext,
  command: Command,
  { runId, isJson }: { readonly runId: string; readonly isJson: boolean },
): Promise<void> {
  const { host, screen } = context;
  const { stderr, workingDirectory } = host;
  const workspace = await context.open(command);
  const service = await workspace.runs();
  const { task } = await service.show(runId);
  const { progress } = workspace.settings;
  const view = await createProgressView(isJson ? 'none' : progress, { screen, stderr, task });
  const terminal = terminalHandles(host, {
    listeners: isJson ? jsonLines(screen) : view,
    notes: { stopping: () => 'no longer watching: the run goes on', ending: '' },
    note: (line) => view.note(line),
  });
  const result = await service.follow(runId, terminal.handles).finally(() => {
    view.end();
    terminal.release();
  });
  const signal = terminal.signal();
  if (signal !== undefined && result.isLive) {
    context.exitCode = EXIT_OF_SIGNAL[signal];
    return;
  }
  const isOver = { result, signal: undefined, isCanary: false, inputIsPipe: false };
  context.exitCode = result.isInterrupted ? EXIT_CODES.stopped.code : exitCodeOfRun(isOver);
  const globalWords = context.globalWords(command);
  const isRemote = workspace.server !== undefined;
  const next = nextCommands(result, { globalWords, sameWords: [], workingDirectory, isRemote });
  if (!isJson) {
    printRunReport(screen, result, { warnings: [], next, workingDirectory });
    return;
  }
  const { isInterrupted } = result;
  screen.out(
    visibleJson({
      event: 'ended',
      ...resultJson(result),
      is_interrupted: isInterrupted,
      next,
      exit_code: context.exitCode,
    }),
  );
}

function jsonLines(screen: Screen): RunListeners {
  return {
    onProgress: (progress) =>
      screen.out(visibleJson({ event: 'progress', ...progressJson(progress) })),
    onPaused: (runId) => screen.out(visibleJson({ event: 'paused', run_id: runId })),
  };
}
