import type { Command } from 'commander';
import { RowmillError } from '../engine/errors.ts';
import { didYouMean } from '../engine/nearest-names.ts';

/** Examples stand first in the help of a command: they answer most questions. */
export function examples(command: Command, ...lines: readonly string[]): void {
  commandExamples.set(command, lines);
  command.addHelpText(
    'before',
    () => `Examples:\n${lines.map((line) => `  $ ${line}`).join('\n')}\n`,
  );
}

/** The examples of a command, for the documentation. */
export function examplesOf(command: Command): readonly string[] {
  return commandExamples.get(command) ?? [];
}

const commandExamples = new WeakMap<Command, readonly string[]>();

/**
 * Commander hands a word it does not know to the default command of a group. It is no argument of
 * that, but a command misspelt.
 */
export function refuseUnknownCommand(group: Command, called: Command): void {
  const [word] = called.args;
  if (word === undefined) return;
  const names = group.commands.map((command) => command.name());
  throw new RowmillError(
    'usage',
    `there is no command "${group.name()} ${word}".${didYouMean(word, names)} There are ${names.join(', ')}`,
  );
}
