import type { ExampleHelp, OutcomeHelp, TaskHelp } from '../engine/task/help.ts';
import type { Colors } from './screen.ts';
import { visible } from './visible-text.ts';

const ALIASES_SHOWN = 6;

/** A task's help for people, line by line. */
export function taskText(help: TaskHelp, { bold, dim }: Colors): string[] {
  const lines = [`${bold(visible(help.name))}  ${visible(help.description)}`];
  if (help.doc !== '') lines.push('', ...paragraphs(help.doc));
  lines.push(
    '',
    ...facts(help).map(([name, value]) => `${dim(name.padEnd(11))} ${visible(value)}`),
  );
  const aliases = Object.entries(help.aliases);
  if (aliases.length > 0) {
    lines.push('', `${bold('Columns by other names')} (all of them: --json)`);
    lines.push(...aliases.map(([name, others]) => visible(`  ${name}: ${someOf(others)}`)));
  }
  if (help.arguments !== undefined) {
    lines.push('', bold('Arguments (--arg name=value)'), ...argumentLines(help.arguments));
  } else if (help.takes_arguments) {
    lines.push('', `${bold('Arguments')}: its schema does not say which`);
  }
  if (help.examples.length > 0) {
    lines.push('', bold('Examples'), ...help.examples.flatMap(exampleLines));
  }
  const file = help.expected_content === undefined ? '' : ' FILE.csv';
  lines.push('', `${dim('run it')}      rowmill run ${visible(help.name)}${file} -o out.csv`);
  return lines;
}

function facts(help: TaskHelp): (readonly [string, string])[] {
  const output = help.output?.join(', ') ?? 'depends on the arguments and the file';
  const found: (readonly [string, string])[] = [
    ['input', inputText(help)],
    ['mandatory', help.mandatory.join(', ')],
    ['optional', help.optional.join(', ')],
    [help.replaces_columns ? 'output only' : 'adds', output],
    ['state', help.has_state ? 'carried from row to row' : ''],
    ['concurrency', help.concurrency > 1 ? String(help.concurrency) : ''],
    ['destructive', help.destructive ? 'asks before it runs' : ''],
  ];
  return found.filter(([, value]) => value !== '');
}

/** A column may go by fifty names in a dozen languages. */
function someOf(names: readonly string[]): string {
  const shown = names.slice(0, ALIASES_SHOWN);
  const more = names.length - shown.length;
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`;
}

function inputText(help: TaskHelp): string {
  if (help.expected_content === undefined) return 'none';
  return help.any_column ? `${help.expected_content}, any columns` : help.expected_content;
}

function argumentLines(schema: Readonly<Record<string, unknown>>): string[] {
  // JSON Schema from the author's library: `properties` and `required` are as the standard has them.
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, ArgumentSchema>>;
  const required = (schema['required'] ?? []) as readonly string[];
  return Object.entries(properties).map(
    ([name, { type, description, default: fallback, enum: words }]) => {
      const notes = [
        words === undefined ? type : words.join(' | '),
        required.includes(name) && fallback === undefined ? 'needed' : undefined,
        fallback === undefined ? undefined : `default ${JSON.stringify(fallback)}`,
        description,
      ];
      return visible(`  ${name}: ${notes.filter((note) => note !== undefined).join(', ')}`);
    },
  );
}

interface ArgumentSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

function exampleLines({ title, row, arguments: given, outcomes }: ExampleHelp): string[] {
  const lines: string[] = [];
  if (title !== undefined) lines.push(visible(`  ${title}`));
  if (given !== undefined) lines.push(visible(`  with ${cells(given)}`));
  if (row !== undefined) lines.push(visible(`  row  ${cells(row)}`));
  return [...lines, ...outcomes.flatMap(outcomeLines)];
}

function outcomeLines({ kind, error, rows, text }: OutcomeHelp): string[] {
  if (error !== undefined) return [visible(`    →  ${kind}: ${error}`)];
  if (text !== undefined) return [visible(`    →  ${text}`)];
  if (rows === undefined) return [`    →  ${kind}`];
  return rows.map((row) => visible(`    →  ${cells(row) || 'nothing to add'}`));
}

function cells(row: Readonly<Record<string, unknown>>): string {
  return Object.entries(row)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join('  ');
}

function paragraphs(doc: string): string[] {
  return doc.trim().split('\n').map(visible);
}
