import { resolve } from 'node:path';
import type { Command } from 'commander';
import { RowmillError } from '../../../engine/errors.ts';
import type { CommandContext } from '../../context.ts';
import { count } from '../../figures.ts';
import { examples } from '../../help-texts.ts';
import { visible } from '../../visible-text.ts';

interface SaveFlags {
  readonly failed?: string;
  readonly errors?: string;
  readonly unprocessed?: string;
  readonly merged?: string;
  readonly json?: boolean;
}

/** `runs save`: files of a run that nobody asked for when it began. */
export function addRunsSaveCommand(runs: Command, context: CommandContext): void {
  const command = runs
    .command('save')
    .description(
      'Write the failed rows, the errors, the unprocessed rows or the merged output of a run into files',
    )
    .argument('<run>', 'its id')
    .option('--failed <file>', 'the rows that failed, with _row and error: to be fixed and run')
    .option('--errors <file>', 'row, line, column, value, code and message of each failed row')
    .option('--unprocessed <file>', 'the rows whose turn never came')
    .option(
      '--merged <file>',
      'the output, with what runs retry made of its failed rows in their places',
    )
    .option('--json', 'print the paths as JSON');
  examples(
    command,
    'rowmill runs save RUN --failed failed.csv',
    'rowmill runs save RUN --merged merged.csv',
    'rowmill runs save RUN --errors errors.csv --unprocessed rest.csv',
  );
  command.action(async (runId: string, flags: SaveFlags) => {
    const { screen, host } = context;
    const at = (path: string | undefined) =>
      path === undefined ? undefined : resolve(host.workingDirectory, path);
    const paths = {
      failedPath: at(flags.failed),
      errorsPath: at(flags.errors),
      unprocessedPath: at(flags.unprocessed),
      mergedPath: at(flags.merged),
    };
    const wanted = Object.values(paths).filter((path) => path !== undefined);
    if (wanted.length === 0) {
      throw new RowmillError(
        'usage',
        'say what to save: --failed FILE, --errors FILE, --unprocessed FILE or --merged FILE',
      );
    }
    const service = await (await context.open(command)).runs();
    const { unprocessed } = await service.derive(runId, paths);
    if (flags.json === true) {
      screen.json({ run_id: runId, files: wanted, unprocessed: unprocessed ?? null });
      return;
    }
    for (const path of wanted) screen.out(visible(path));
    if (unprocessed !== undefined) screen.err(`${count(unprocessed)} rows were not processed`);
  });
}
