import { taskHelp, type TaskHelp } from '../../src/engine/task/help.ts';
import type { Task } from '../../src/engine/task/task.ts';

/** docs/tasks.md as the tasks' own metadata say it. */
export function tasksPage(tasks: readonly Task[]): string {
  const helps = tasks.map(taskHelp);
  return [
    '# The tasks that come with Rowmill',
    'This page is made from the tasks themselves (`UPDATE_DOCS=1 npx vitest run test/docs`); a test holds it to them. `npx rowmill tasks show NAME` says the same on a terminal, `npx rowmill tasks sample NAME` gives a small file to try a task on.',
    table(
      ['task', 'what it does'],
      helps.map(({ name, description }) => [`[${name}](#${anchor(name)})`, description]),
    ),
    ...helps.flatMap(section),
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n');
}

function section(help: TaskHelp): string[] {
  return [
    `## ${help.name}`,
    `${help.description}.`,
    help.doc,
    ...columns(help),
    ...argumentsTable(help),
    ...examples(help),
  ];
}

function columns(help: TaskHelp): string[] {
  if (help.expected_content === undefined) return ['**Columns.** It reads no file.'];
  const lines = help.any_column
    ? ['**Columns.** It takes whatever columns the file has.']
    : [
        '**Columns.** Other names are found without regard to case, spaces, `_` and `-`.',
        table(
          ['column', '', 'other names'],
          [...help.mandatory, ...help.optional].map((name) => [
            `\`${name}\``,
            help.mandatory.includes(name) ? 'mandatory' : 'optional',
            (help.aliases[name] ?? []).join(', '),
          ]),
        ),
      ];
  const added = help.output?.map((name) => `\`${name}\``).join(', ');
  const output =
    added === undefined
      ? 'Its output columns depend on the arguments and the file.'
      : `It adds ${added}.`;
  return [...lines, output];
}

interface ArgumentSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
}

function argumentsTable(help: TaskHelp): string[] {
  const properties = (help.arguments?.['properties'] ?? {}) as Readonly<
    Record<string, ArgumentSchema>
  >;
  const required = (help.arguments?.['required'] ?? []) as readonly string[];
  const rows = Object.entries(properties).map(([name, schema]) => [
    `\`${name}\``,
    schema.enum?.join(', ') ?? [schema.type ?? []].flat().join(' or '),
    required.includes(name) ? 'needed' : shownDefault(schema.default),
    schema.description ?? '',
  ]);
  return rows.length === 0
    ? []
    : ['**Arguments** (`--arg name=value`)', table(['name', 'value', 'default', ''], rows)];
}

function shownDefault(value: unknown): string {
  if (value === undefined || value === '') return '';
  const json = JSON.stringify(value);
  return json === '{}' || json === '[]' ? '' : `\`${typeof value === 'string' ? value : json}\``;
}

function examples(help: TaskHelp): string[] {
  if (help.examples.length === 0) return [];
  const lines = help.examples.flatMap(({ title, row, arguments: given, outcomes }) => [
    ...(title === undefined ? [] : [`# ${title}`]),
    ...(given === undefined ? [] : [`with  ${cells(given)}`]),
    ...(row === undefined ? [] : [`row   ${cells(row)}`]),
    ...outcomes.map((outcome) => {
      if (outcome.error !== undefined) return `  →   fails: ${outcome.error}`;
      if (outcome.rows === undefined) return `  →   ${outcome.kind}`;
      return `  →   ${outcome.rows.map((written) => cells(written) || '(unchanged)').join(' | ')}`;
    }),
    '',
  ]);
  return ['**Examples**', ['```text', ...lines.slice(0, -1), '```'].join('\n')];
}

function cells(row: Readonly<Record<string, unknown>>): string {
  return Object.entries(row)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join('  ');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]) =>
    `| ${row.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(header), `|${header.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

function anchor(name: string): string {
  return name.toLowerCase().replaceAll(/[^\w-]/g, '');
}
