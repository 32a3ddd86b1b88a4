import type { Command } from 'commander';
import type { CommandContext } from '../../context.ts';
import { examples } from '../../help-texts.ts';
import { textTable } from '../../text-table.ts';

/** `script runtimes`. */
export function addScriptRuntimesCommand(script: Command, context: CommandContext): void {
  const command = script
    .command('runtimes')
    .description('The languages of scripts on this machine, and the libraries that come with each')
    .option('--json', 'print them as JSON');
  examples(command, 'rowmill script runtimes', 'rowmill script runtimes --json');
  command.action(async ({ json }: { json?: boolean }) => {
    const { host, screen } = context;
    const runtimes = await (await host.scripts()).runtimes();
    if (json === true) {
      screen.json(runtimes);
      return;
    }
    const columns = [
      { title: 'LANGUAGE' },
      { title: 'VERSION' },
      { title: 'MEANT BY' },
      { title: 'LIBRARIES', canShrink: true },
    ] as const;
    const rows = runtimes.map(({ language, version, channels, libraries }) => [
      language,
      version,
      channels.join(', '),
      libraries.join(', '),
    ]);
    for (const line of textTable(columns, rows, screen.stdoutWidth)) screen.out(line);
  });
}
