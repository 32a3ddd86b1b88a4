import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { textTable } from '../text-table.ts';

/** `config`: the settings in force. */
export function addConfigCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('config')
    .description('The settings in force: flags before ROWMILL_* before rowmill.config.{ts,js,json}')
    .option('--explain', 'say where each value came from, and what would set it')
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill config', 'rowmill config --explain');
  command.action(async ({ explain, json }: { explain?: boolean; json?: boolean }) => {
    const { explained, configFile } = await context.open(command, 'here');
    const { screen } = context;
    if (json === true) {
      const settings = explained.map(({ name, value, ...rest }) => [
        name,
        explain === true ? { value: value ?? null, ...rest } : (value ?? null),
      ]);
      screen.json({ config_file: configFile ?? null, settings: Object.fromEntries(settings) });
      return;
    }
    const columns = [
      { title: 'SETTING' },
      { title: 'VALUE', canShrink: true },
      ...(explain === true
        ? [{ title: 'FROM', canShrink: true }, { title: 'VARIABLE' }, { title: 'FLAG' }]
        : []),
    ];
    // A row may have more cells than the table has columns: they are not shown.
    const rows = explained.map(({ name, value, source, variable, flag }) => [
      name,
      shown(value),
      source,
      variable,
      flag,
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
    if (explain === true) {
      screen.err(
        configFile === undefined
          ? 'no rowmill.config.ts, .js or .json here or in a folder above'
          : `config file: ${configFile}`,
      );
    }
  });
}

function shown(value: unknown): string {
  if (value === undefined) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(' ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
