import type { Command, Option } from 'commander';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { examplesOf } from '../../src/cli/help-texts.ts';
import type { SettingExplanation } from '../../src/cli/host.ts';

/** Every command with its examples and flags, as Markdown. */
export function commandsReference(program: Command): string {
  const everywhere = `Flags of every command:\n\n${flagsTable(program.options)}`;
  return [everywhere, ...leaves(program).map(commandReference)].join('\n\n');
}

export function exitCodesReference(): string {
  const rows = Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning]);
  return table(['code', 'meaning'], rows);
}

export function settingsReference(explained: readonly SettingExplanation[]): string {
  const code = (text: string): string => (text === '' ? '' : `\`${text}\``);
  const rows = explained.map(({ name, variable, flag }) => [
    code(name),
    code(variable),
    code(flag),
  ]);
  return table(['setting', 'variable', 'flag'], rows);
}

/** Commands that do something, groups left out. */
export function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

/** `rowmill runs show`. */
export function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function commandReference(command: Command): string {
  const parts = [
    `### ${fullName(command)}`,
    `${command.description()}.`,
    `\`\`\`\n${examplesOf(command).join('\n')}\n\`\`\``,
    `\`${fullName(command)} ${command.usage()}\``,
  ];
  if (command.options.length > 0) parts.push(flagsTable(command.options));
  return parts.join('\n\n');
}

function flagsTable(options: readonly Option[]): string {
  const rows = options.map((option) => [
    `\`${option.flags.replaceAll('|', '\\|')}\``,
    flagText(option),
  ]);
  return table(['flag', 'meaning'], rows);
}

function flagText({ description, argChoices, defaultValue }: Option): string {
  const notes = [
    ...(argChoices === undefined ? [] : [argChoices.join(', ')]),
    ...(typeof defaultValue === 'string' ? [`default ${defaultValue}`] : []),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [titles, titles.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
