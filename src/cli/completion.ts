import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { visible } from './visible-text.ts';

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof SHELLS)[number];

/** What the completion script asks for: `rowmill complete -- words…`. */
export const COMPLETE_WORD = 'complete';

const FILE_OPTIONS = [
  'output',
  'failed',
  'errors',
  'unprocessed',
  'args-file',
  'dir',
  'tasks',
  'data',
];
/** Tells the shell to complete file names itself. */
const SHELL_COMPLETES = ':0';

interface Suggestion {
  readonly value: string;
  readonly description: string;
}

/** The script that a shell sources once. */
export async function completionScript(shell: Shell): Promise<string> {
  const { script } = await import('@bomb.sh/tab');
  const text = captured(() => script(shell, 'rowmill', 'rowmill')).join('\n');
  // Without `-o default` bash never falls back to file names: its directive for it finds nothing to turn off.
  return shell === 'bash'
    ? text.replace('complete -F __rowmill_complete', 'complete -o default -F __rowmill_complete')
    : text;
}

/** Prints what may stand in the place of the last word. */
export async function completeWords(
  program: Command,
  context: CommandContext,
  words: readonly string[],
): Promise<void> {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  const [taskNames, runIds] = await Promise.all([
    suggestTasks(program, context, words),
    suggestRuns(program, context, words),
  ]);
  const root = tab(program);
  let isFile = false;
  const files = (): void => {
    isFile = true;
  };
  for (const command of root.commands.values()) {
    for (const name of ['tasks', 'data', 'color']) command.option(name, '', () => undefined);
    for (const name of FILE_OPTIONS) {
      const option = command.options.get(name);
      if (option !== undefined) option.handler = files;
    }
    for (const argument of command.arguments.values()) {
      if (argument.name === 'file') argument.handler = files;
      if (argument.name === 'task') argument.handler = (complete) => offer(taskNames, complete);
      if (argument.name === 'run') argument.handler = (complete) => offer(runIds, complete);
    }
  }
  const lines = captured(() => root.parse([...words]));
  if (isFile && lines.length <= 1) lines.splice(0, lines.length, SHELL_COMPLETES);
  for (const line of lines) context.screen.out(line);
}

function offer(
  suggestions: readonly Suggestion[],
  complete: (value: string, text: string) => void,
): void {
  for (const { value, description } of suggestions) complete(value, visible(description));
}

/** A task module that does not load must not break the completion of the others. */
async function suggestTasks(
  program: Command,
  context: CommandContext,
  words: readonly string[],
): Promise<readonly Suggestion[]> {
  if (!['run', 'check', 'tasks'].includes(words[0] ?? '')) return [];
  try {
    const { tasks } = await context.open(withFlagsOf(program, words));
    const found = await tasks.list();
    return found.map(({ task }) => ({ value: task.name, description: task.description }));
  } catch {
    return [];
  }
}

async function suggestRuns(
  program: Command,
  context: CommandContext,
  words: readonly string[],
): Promise<readonly Suggestion[]> {
  if (!['runs', 'resume'].includes(words[0] ?? '')) return [];
  try {
    const service = await (await context.open(withFlagsOf(program, words))).runs();
    const found = await service.list();
    return found.map(({ runId, task, status }) => ({
      value: runId,
      description: `${task} ${status}`,
    }));
  } catch {
    return [];
  }
}

/** The line is not finished, but `--tasks` and `--data` in it already say where names come from. */
function withFlagsOf(program: Command, words: readonly string[]): Command {
  program.parseOptions([...words]);
  return program;
}

/** The library prints; its lines are needed. It is synchronous, so nobody else prints meanwhile. */
function captured(act: () => void): string[] {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: unknown) => {
    lines.push(String(line));
  };
  try {
    act();
  } finally {
    console.log = log;
  }
  return lines;
}
