import { CommanderError } from 'commander';
import { messageOf, RowmillError } from '../engine/errors.ts';
import { COMPLETE_WORD, completeWords } from './completion.ts';
import { CommandContext } from './context.ts';
import { EXIT_CODES, exitCodeOfError, type ExitCode } from './exit-codes.ts';
import type { CommandLineHost } from './host.ts';
import { createProgram } from './program.ts';
import { PipeClosedError, Screen, type ColorMode } from './screen.ts';
import { visible, visibleJson } from './visible-text.ts';

/** Runs one command and says how the process is to end. Never throws. */
export async function runCommandLine(
  words: readonly string[],
  host: CommandLineHost,
): Promise<ExitCode> {
  const screen = new Screen(host, host.environment, colorModeOf(words));
  const context = new CommandContext(host, screen, words);
  const offPipe = host.onPipeClosed(() => screen.closePipe());
  try {
    const program = await createProgram(context);
    if (words[0] === COMPLETE_WORD && words[1] === '--') {
      await completeWords(program, context, words.slice(2));
    } else {
      await program.parseAsync([...words], { from: 'user' });
    }
  } catch (error) {
    context.exitCode = reportError(error, context);
  } finally {
    offPipe();
  }
  return screen.isPipeClosed ? EXIT_CODES.pipe_closed.code : context.exitCode;
}

/** Says on stderr what went wrong (and as JSON, where that was asked for). */
function reportError(error: unknown, { screen, words, host }: CommandContext): ExitCode {
  if (error instanceof PipeClosedError || screen.isPipeClosed || isPipeError(error)) {
    screen.closePipe();
    return EXIT_CODES.pipe_closed.code;
  }
  if (error instanceof CommanderError) {
    // Help and version are no errors; commander has said what the others are.
    if (error.exitCode === 0) return EXIT_CODES.ok.code;
    printJsonError(screen, words, { code: 'usage', message: error.message, problems: [] });
    return EXIT_CODES.usage.code;
  }
  const mark = screen.errColors.red('error:');
  if (error instanceof RowmillError) {
    const { code, message, problems } = error;
    screen.err(`${mark} ${visible(message)}`);
    // A message may name its only problem already.
    const others = problems.filter((problem) => !message.includes(problem));
    for (const problem of others) screen.err(`  - ${visible(problem)}`);
    printStack(error, { screen, host });
    printJsonError(screen, words, { code, message, problems });
    return exitCodeOfError(code);
  }
  screen.err(`${mark} internal error: ${visible(messageOf(error))}`);
  screen.err('this is a fault of rowmill; with ROWMILL_DEBUG=1 it says where');
  printStack(error, { screen, host });
  printJsonError(screen, words, { code: 'internal', message: messageOf(error), problems: [] });
  return EXIT_CODES.internal.code;
}

function printStack(
  error: unknown,
  { screen, host }: Pick<CommandContext, 'screen' | 'host'>,
): void {
  if (!host.environment['ROWMILL_DEBUG'] || !(error instanceof Error)) return;
  for (const line of (error.stack ?? '').split('\n')) screen.err(visible(line));
  if (error.cause !== undefined) screen.err(`caused by ${visible(messageOf(error.cause))}`);
}

/** A program that asked for JSON gets an answer of one form, whatever happens. */
function printJsonError(
  screen: Screen,
  words: readonly string[],
  error: { readonly code: string; readonly message: string; readonly problems: readonly string[] },
): void {
  if (!words.includes('--json')) return;
  if (stdoutIsData(words)) screen.err(visibleJson({ error }));
  else screen.json({ error });
}

/** Whether the words say that the output goes to stdout. They may be wrong otherwise: nothing is parsed. */
function stdoutIsData(words: readonly string[]): boolean {
  return words.some((word, at) =>
    word === '-o' || word === '--output'
      ? words[at + 1] === '-'
      : word === '-o-' || word === '-o=-' || word === '--output=-',
  );
}

/** Whether writing to a pipe without a reader is at the bottom of it. */
function isPipeError(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EPIPE') return true;
  }
  return false;
}

/** Colours are needed before the flags are parsed: the parser's own errors have some. */
function colorModeOf(words: readonly string[]): ColorMode {
  if (words.includes('--no-color')) return 'never';
  const at = words.lastIndexOf('--color');
  const mode =
    at === -1 ? words.find((word) => word.startsWith('--color='))?.slice(8) : words[at + 1];
  return mode === 'always' || mode === 'never' ? mode : 'auto';
}
