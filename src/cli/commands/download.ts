import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { RowmillError } from '../../engine/errors.ts';
import type { CommandContext } from '../context.ts';
import { examples } from '../help-texts.ts';
import { RUN_FILE_NAMES, type RunFileName } from '../host.ts';
import { visible } from '../visible-text.ts';

interface DownloadFlags {
  readonly output?: string;
  readonly file: RunFileName;
  readonly json?: boolean;
}

/** `download`: a file of a run on a server. */
export function addDownloadCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('download')
    .description('Download a file of a run on a server')
    .argument('<run>', 'its id')
    .addOption(
      new Option('--file <which>', 'which of its files')
        .choices(RUN_FILE_NAMES)
        .default('output' satisfies RunFileName),
    )
    .option('-o, --output <file>', 'where it goes, - is standard output (default: RUN_FILE.csv)')
    .option('--json', 'print the path as JSON');
  examples(
    command,
    'rowmill download RUN -o clean.csv --server http://127.0.0.1:7070',
    'rowmill download RUN --file failed -o - --profile work | head',
  );
  command.action(async (runId: string, { output, file, json }: DownloadFlags) => {
    const { server } = await context.open(command);
    if (server === undefined) {
      throw new RowmillError(
        'usage',
        `there is nothing to download: runs of this machine have their files here (rowmill runs files ${runId})`,
      );
    }
    if (output === '-') {
      await server.download(runId, file, undefined);
      return;
    }
    const name = output ?? `${runId}_${file}.csv`;
    const path = resolve(context.host.workingDirectory, name);
    await server.download(runId, file, path);
    if (json === true) context.screen.json({ run_id: runId, file, path });
    else context.screen.out(visible(name));
  });
}
