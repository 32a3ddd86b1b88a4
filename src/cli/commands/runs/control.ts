import type { Command } from 'commander';
import type { AskedOfRun } from '../../../engine/run/status.ts';
import type { RunSummary } from '../../../engine/run/run-service.ts';
import type { CommandContext } from '../../context.ts';
import { EXIT_OF_SIGNAL } from '../../exit-codes.ts';
import { count } from '../../figures.ts';
import { examples } from '../../help-texts.ts';
import { summaryJson } from '../../json-forms.ts';
import { terminalHandles } from '../../run-handles.ts';
import { printNext } from '../../run-report.ts';
import { shellWords } from '../../shell-words.ts';
import { statusWord } from './status-word.ts';

/** `runs pause`. */
export function addRunsPauseCommand(runs: Command, context: CommandContext): void {
  addControl(runs, context, {
    asked: 'pause',
    description:
      'Pause a run of another process: rows in flight are finished, a checkpoint is kept',
  });
}

/** `runs stop`. */
export function addRunsStopCommand(runs: Command, context: CommandContext): void {
  addControl(runs, context, {
    asked: 'stop',
    description: 'End a run before its input does; its output so far is complete',
  });
}

function addControl(
  runs: Command,
  context: CommandContext,
  { asked, description }: { asked: 'pause' | 'stop'; description: string },
): void {
  const command = runs
    .command(asked)
    .description(description)
    .argument('<run>', 'its id')
    .option('--no-wait', 'ask for it, and do not wait until it is so')
    .option('--json', 'print what the run is then as JSON');
  examples(command, `rowmill runs ${asked} RUN`);
  command.action(async (runId: string, { wait }: { wait: boolean }) => {
    const service = await (await context.open(command)).runs();
    const run = await service.show(runId);
    const { runId: id } = run;
    const control = (signal: AbortSignal) =>
      service.control(id, asked, wait ? signal : AbortSignal.abort());
    await controlLive(context, command, { control, asked });
  });
}

/**
 * Asks something of a run and says what became of it. A run that is not live after a resume was asked
 * for is to be carried out here: nothing is said of it then.
 */
export async function controlLive(
  context: CommandContext,
  command: Command,
  {
    control,
    asked,
    isRemote = false,
  }: {
    /** Asks for it, and ends when it is so or the signal says that nobody waits. */
    control: (signal: AbortSignal) => Promise<RunSummary>;
    asked: AskedOfRun;
    /** A server carries it out, never this process. */
    isRemote?: boolean;
  },
): Promise<RunSummary> {
  const { screen, host } = context;
  const terminal = terminalHandles(host, {
    listeners: {},
    notes: { stopping: () => 'no longer waiting: what was asked stands', ending: '' },
    note: (line) => screen.err(line),
  });
  let now: RunSummary;
  try {
    now = await control(terminal.handles.stopSignal);
  } finally {
    terminal.release();
  }
  const signal = terminal.signal();
  if (signal !== undefined) context.exitCode = EXIT_OF_SIGNAL[signal];
  if (asked === 'resume' && !now.isLive && !isRemote) return now;
  if (command.optsWithGlobals<{ json?: boolean }>().json === true) {
    screen.json(summaryJson(now));
    return now;
  }
  const { runId, succeeded, failed } = now;
  screen.err(`${runId} is ${statusWord(now)}: ${count(succeeded)} ok, ${count(failed)} failed`);
  const next = (why: string, ...words: string[]): void => {
    const globalWords = context.globalWords(command);
    printNext(screen, [{ command: shellWords(['rowmill', ...words, runId, ...globalWords]), why }]);
  };
  if (now.isLive && now.status === 'executing') next('follows it', 'runs', 'watch');
  else if (now.isLive || now.canResume) next('goes on with it', 'runs', 'resume');
  return now;
}
